"""What the files of the card's other applications hold, as values and as bytes, both ways.

``parse`` takes a file as it was read, filler included; ``bytes(value)`` is the file as a card stores it. Signatures
cover bytes as they are stored, so ``signed_part`` cuts them out of a file, and ``signed`` is that of the file that
``bytes(value)`` builds: what a card's maker signs.

Source: soltia48/myna-card, which read them off cards; the text files also jpki/myna, siketyan/jpki-rs,
AokiApp/jsapdu and hebingchang/pymyna (vectors/personal/objects.json).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final

from mynacard.apdu import tlv
from mynacard.apdu.hashes import HashAlgorithm
from mynacard.errors import TlvError, UsageError, mark
from mynacard.personal.forms import KEY_LENGTH, SIGNATURE_LENGTH, Form
from mynacard.personal.images import Image, ImageKind
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.personal.numbers import MyNumber

__all__ = [
    "AgeRecord",
    "Attributes",
    "CardKey",
    "CardVersion",
    "CommonInformation",
    "Face",
    "FaceBasicData",
    "KeyId",
    "NumberFile",
    "NumberImage",
    "PublicKeyObject",
    "SessionKey",
    "Sex",
    "TextBasicData",
    "TextDigests",
]

_DATE: Final = 8
_DIGEST: Final = HashAlgorithm.SHA256.digest_size

_NUMBER: Final = Form(mark("My Number file"), 0xFF10, {}, stored=17)
_NUMBER_VALUE: Final = re.compile(rb"\xFF\x10\x0C([0-9]{12})")  # the tag says constructed, the digits are no objects
_ATTRIBUTES: Final = Form(
    mark("attributes file"), 0xFF20, {0xDF22: None, 0xDF23: None, 0xDF24: _DATE, 0xDF25: 1}, table=0xDF21
)
_TEXT_DIGESTS: Final = Form(mark("digests file"), 0xFF30, {0xDF31: _DIGEST, 0xDF32: _DIGEST, 0xDF33: SIGNATURE_LENGTH})
_TEXT_BASIC_DATA: Final = Form(
    mark("basic data of the text application"),
    0xFF40,
    {0xDF41: 4, 0xDF42: KeyId.LENGTH, 0xDF43: 128},
    stored=256,
)
_CARD_KEY: Final = Form(mark("card key file"), 0xFF50, {0xDF51: KEY_LENGTH, 0xDF52: SIGNATURE_LENGTH})
_AGE_RECORD: Final = Form(mark("age record"), 0xFF10, {0xDF11: _DATE, 0xDF12: KEY_LENGTH, 0xDF13: SIGNATURE_LENGTH})
_FACE: Final = Form(
    mark("card face file"),
    0xFF20,
    {
        0xDF22: _DATE,  # birth
        0xDF23: 1,
        0xDF24: KEY_LENGTH,
        0xDF25: None,  # name
        0xDF26: None,  # address
        0xDF27: None,  # photo
        0xDF28: SIGNATURE_LENGTH,
        0xDF29: _DATE,  # expiry
        0xDF2A: None,  # security code
    },
    table=0xDF21,
)
_FACE_BASIC_DATA: Final = Form(
    mark("basic data of the card face application"),
    0xFF30,
    {0xDF31: 4, 0xDF32: KeyId.LENGTH, 0xDF33: 1, 0xDF34: 5, 0xDF35: KeyId.LENGTH + 256},
)
_NUMBER_IMAGE: Final = Form(
    mark("My Number image file"), 0xFF40, {0xDF41: None, 0xDF42: KEY_LENGTH, 0xDF43: SIGNATURE_LENGTH}
)
_COMMON_INFORMATION: Final = Form(mark("common information"), 0x01, {})
_COMMON: Final = re.compile(rb"\x01\x1C([0-9]{15})([0-9]{5})([0-9]{8})")
_SESSION_KEY: Final = Form(mark("session key file"), 0xA1, {})


class Sex(StrEnum):
    """The holder's sex, as the card writes it."""

    MALE = "1"
    FEMALE = "2"
    NOT_APPLICABLE = "9"
    UNKNOWN = "0"


def _sex(value: bytes, form: Form) -> Sex:
    try:
        return Sex(value.decode("latin-1"))
    except ValueError:
        raise form.error(mark("A sex in it is none of the known.")) from None


def _day(day: date) -> bytes:
    return b"%04d%02d%02d" % (day.year, day.month, day.day)


# --- text input support --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NumberFile:
    """EF 0001, 'FF10': the Individual Number. Its digest covers all 17 bytes, filler included."""

    number: MyNumber

    def __bytes__(self) -> bytes:
        return bytes(tlv.Tlv(_NUMBER.tag, self.number.reveal().encode("ascii"))).ljust(_NUMBER.stored, b"\xff")

    @classmethod
    def parse(cls, content: bytes) -> NumberFile:
        """The value of EF 0001. A CardDataError where it is none, the check digit included."""
        found = _NUMBER_VALUE.match(content)
        try:
            if found:
                return cls(MyNumber(found.group(1).decode("ascii")))
        except UsageError as e:
            raise _NUMBER.error(mark("{why}"), why=e) from None
        raise _NUMBER.error(mark("It does not begin with twelve digits."))


@dataclass(frozen=True, slots=True)
class Attributes:
    """EF 0002, 'FF20': the four attributes (基本4情報).

    Attributes:
        name: family name, U+3000, given name, as residents' names are written; whether characters outside the JIS
            repertoire were replaced is told by no field here.
        address: as registered.
        birth_date: the holder's.
        sex: the holder's.
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)

    def __bytes__(self) -> bytes:
        return _ATTRIBUTES.build(
            (self.name.encode("utf-8"), self.address.encode("utf-8"), _day(self.birth_date), self.sex.encode("ascii"))
        )

    @property
    def signed(self) -> bytes:
        """What the second digest of EF 0003 covers."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> Attributes:
        """The value of EF 0002. A CardDataError where it is none."""
        _, name, address, birth_date, sex = _ATTRIBUTES.read(content).values
        form = _ATTRIBUTES
        return cls(form.text(name), form.text(address), form.date(birth_date), _sex(sex, form))

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0002 that the second digest of EF 0003 covers: from 'DF22' to the end of 'DF25'."""
        return _ATTRIBUTES.read(content).stored(0xDF22)


@dataclass(frozen=True, slots=True)
class TextDigests:
    """EF 0003, 'FF30': what the municipality signed of EF 0001 and EF 0002.

    Attributes:
        number: SHA-256 of EF 0001, all 17 bytes. One can find the number by trying them all: as personal as itself.
        attributes: SHA-256 of EF 0002 from 'DF22' on.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 by the key that EF 0004 certifies.
    """

    number: bytes = field(repr=False)
    attributes: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def of(cls, number: bytes, attributes: bytes, signature: bytes = bytes(SIGNATURE_LENGTH)) -> TextDigests:
        """The digests of these two files, as they are stored."""
        sha256 = HashAlgorithm.SHA256.digest
        return cls(sha256(number), sha256(Attributes.signed_part(attributes)), signature)

    def __bytes__(self) -> bytes:
        return _TEXT_DIGESTS.build((self.number, self.attributes, self.signature))

    @property
    def signed(self) -> bytes:
        """The 70 bytes that are signed."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> TextDigests:
        """The value of EF 0003. A CardDataError where it is none."""
        return cls(*_TEXT_DIGESTS.read(content).values)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0003 that its signature covers."""
        return _TEXT_DIGESTS.read(content).stored(0xDF31, 0xDF33)


@dataclass(frozen=True, slots=True)
class CardVersion:
    """Four bytes of an application's basic data."""

    specification: int
    extended_length: int
    vendor: int
    vendor_byte: int

    def __bytes__(self) -> bytes:
        return bytes((self.specification, self.extended_length, self.vendor, self.vendor_byte))


@dataclass(frozen=True, slots=True)
class TextBasicData:
    """EF 0005, 'FF40': what the application says of itself to anybody.

    Attributes:
        version: the application's.
        key_id: of a key; which one is not known for certain.
        opaque: 128 bytes; the last 96 were 'FF', what the first 32 mean is not known.
    """

    version: CardVersion
    key_id: KeyId
    opaque: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _TEXT_BASIC_DATA.build((bytes(self.version), bytes(self.key_id), self.opaque))

    @classmethod
    def parse(cls, content: bytes) -> TextBasicData:
        """The value of EF 0005. A CardDataError where it is none."""
        version, key_id, opaque = _TEXT_BASIC_DATA.read(content).values
        return cls(CardVersion(*version), KeyId.parse(key_id), opaque)


@dataclass(frozen=True, slots=True)
class SessionKey:
    """EF 0006, 'A1': the key under which a session key for secure messaging is sent to the card."""

    public_key: PublicKeyObject = field(repr=False)

    @property
    def modulus(self) -> int:
        """Of the key."""
        return self.public_key.modulus

    @property
    def exponent(self) -> int:
        """Of the key."""
        return self.public_key.exponent

    def __bytes__(self) -> bytes:
        return bytes(tlv.Tlv(_SESSION_KEY.tag, bytes(self.public_key)))

    @classmethod
    def parse(cls, content: bytes) -> SessionKey:
        """The value of EF 0006. A CardDataError where it is none."""
        try:
            outer = tlv.parse(content[: tlv.outer_length(content)])
        except TlvError as e:
            raise _SESSION_KEY.error(mark("{why}"), why=e) from e
        if outer.tag != _SESSION_KEY.tag:
            raise _SESSION_KEY.error(mark("It begins with '{tag}'."), tag=f"{outer.tag:X}")
        return cls(PublicKeyObject.parse(outer.value))


@dataclass(frozen=True, slots=True)
class CardKey:
    """EF 0007, 'FF50': the public half of the key with which the application signs, and the municipality's signature.

    Attributes:
        public_key: the card's.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 by the key that EF 0004 certifies.
    """

    public_key: PublicKeyObject = field(repr=False)
    signature: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _CARD_KEY.build((bytes(self.public_key), self.signature))

    @property
    def signed(self) -> bytes:
        """The object that is signed."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> CardKey:
        """The value of EF 0007. A CardDataError where it is none."""
        public_key, signature = _CARD_KEY.read(content).values
        return cls(PublicKeyObject.parse(public_key), signature)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0007 that its signature covers."""
        return _CARD_KEY.read(content).stored(0xDF51, 0xDF52)


# --- card face -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AgeRecord:
    """EF 0001, 'FF10': when the holder was born, and nothing else of them.

    Attributes:
        birth_date: the holder's.
        public_key: of the key with which the application signs.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 over both, by the key that EF 0004 certifies.
    """

    birth_date: date = field(repr=False)
    public_key: PublicKeyObject = field(repr=False)
    signature: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _AGE_RECORD.build((_day(self.birth_date), bytes(self.public_key), self.signature))

    @property
    def signed(self) -> bytes:
        """What is signed."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> AgeRecord:
        """The value of EF 0001. A CardDataError where it is none."""
        birth_date, public_key, signature = _AGE_RECORD.read(content).values
        return cls(_AGE_RECORD.date(birth_date), PublicKeyObject.parse(public_key), signature)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0001 that its signature covers."""
        return _AGE_RECORD.read(content).stored(0xDF11, 0xDF13)


@dataclass(frozen=True, slots=True)
class Face:
    """EF 0002, 'FF20': the face of the card.

    The signature covers all but ``expiry`` and ``security_code_image``: nothing on the card vouches for these two.

    Attributes:
        birth_date: the holder's.
        sex: the holder's.
        public_key: of the key with which the application signs.
        name_image: PNG.
        address_image: PNG.
        photo: JPEG 2000.
        signature: by the key that EF 0004 certifies, over :meth:`digests`, in a form of its own
            (:mod:`mynacard.personal.signatures`).
        expiry: the last day on which the card is valid.
        security_code_image: PNG.
    """

    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    public_key: PublicKeyObject = field(repr=False)
    name_image: bytes = field(repr=False)
    address_image: bytes = field(repr=False)
    photo: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    expiry: date = field(repr=False)
    security_code_image: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _FACE.build(
            (
                _day(self.birth_date),
                self.sex.encode("ascii"),
                bytes(self.public_key),
                self.name_image,
                self.address_image,
                self.photo,
                self.signature,
                _day(self.expiry),
                self.security_code_image,
            )
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """The four images, each with what it should be."""
        return (
            Image(mark("image of the name"), ImageKind.PNG, self.name_image),
            Image(mark("image of the address"), ImageKind.PNG, self.address_image),
            Image(mark("photo"), ImageKind.JPEG_2000, self.photo),
            Image(mark("image of the security code"), ImageKind.PNG, self.security_code_image),
        )

    def digests(self) -> bytes:
        """The 96 bytes that are signed."""
        return self.digests_of(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> Face:
        """The value of EF 0002. A CardDataError where it is none. Images are not looked into."""
        _, birth, sex, public_key, name, address, photo, signature, expiry, code = _FACE.read(content).values
        return cls(
            _FACE.date(birth),
            _sex(sex, _FACE),
            PublicKeyObject.parse(public_key),
            name,
            address,
            photo,
            signature,
            _FACE.date(expiry),
            code,
        )

    @staticmethod
    def digests_of(content: bytes) -> bytes:
        """SHA-256 of 'DF22' to 'DF24', of 'DF25' and 'DF26', and of 'DF27', as they are stored in EF 0002."""
        row = _FACE.read(content)
        parts = row.stored(0xDF22, 0xDF25), row.stored(0xDF25, 0xDF27), row.stored(0xDF27, 0xDF28)
        return b"".join(map(HashAlgorithm.SHA256.digest, parts))


@dataclass(frozen=True, slots=True)
class FaceBasicData:
    """EF 0003, 'FF30': what the application says of itself to anybody.

    Attributes:
        version: the application's.
        key_id: of a key; which one is not known for certain.
        unknown: one byte, zero where it was seen.
        municipality: the code of the municipality that issued the card, five digits.
        opaque_key_id: of a key; which one is not known.
        opaque: 256 bytes; what they mean is not known.
    """

    version: CardVersion
    key_id: KeyId
    unknown: bytes
    municipality: str
    opaque_key_id: KeyId
    opaque: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        municipality = self.municipality.encode("utf-8")
        if not re.fullmatch(rb"[0-9]{5}", municipality):
            raise UsageError(mark("A municipality's code has five digits."))
        return _FACE_BASIC_DATA.build(
            (
                bytes(self.version),
                bytes(self.key_id),
                self.unknown,
                municipality,
                bytes(self.opaque_key_id) + self.opaque,
            )
        )

    @classmethod
    def parse(cls, content: bytes) -> FaceBasicData:
        """The value of EF 0003. A CardDataError where it is none."""
        version, key_id, unknown, municipality, opaque = _FACE_BASIC_DATA.read(content).values
        if not re.fullmatch(rb"[0-9]{5}", municipality):
            raise _FACE_BASIC_DATA.error(mark("The municipality's code in it is none."))
        return cls(
            CardVersion(*version),
            KeyId.parse(key_id),
            unknown,
            municipality.decode("ascii"),
            KeyId.parse(opaque[: KeyId.LENGTH]),
            opaque[KeyId.LENGTH :],
        )


@dataclass(frozen=True, slots=True)
class NumberImage:
    """EF 0005, 'FF40': the Individual Number, as an image.

    Attributes:
        image: PNG.
        public_key: of the key with which the application signs.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 over both, by the key that EF 0004 certifies.
    """

    image: bytes = field(repr=False)
    public_key: PublicKeyObject = field(repr=False)
    signature: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _NUMBER_IMAGE.build((self.image, bytes(self.public_key), self.signature))

    @property
    def images(self) -> tuple[Image, ...]:
        """The image, with what it should be."""
        return (Image(mark("image of the My Number"), ImageKind.PNG, self.image),)

    @property
    def signed(self) -> bytes:
        """What is signed."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> NumberImage:
        """The value of EF 0005. A CardDataError where it is none. The image is not looked into."""
        image, public_key, signature = _NUMBER_IMAGE.read(content).values
        return cls(image, PublicKeyObject.parse(public_key), signature)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0005 that its signature covers."""
        return _NUMBER_IMAGE.read(content).stored(0xDF41, 0xDF43)


# --- common ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CommonInformation:
    """Record 1 of EF 0001: what anybody can read without a PIN, and recognise the card by.

    Attributes:
        serial: 15 digits.
        municipality: the code of the municipality that issued the card, five digits.
        expiry: the last day on which the card is valid.
    """

    serial: str = field(repr=False)
    municipality: str = field(repr=False)
    expiry: date = field(repr=False)

    def __bytes__(self) -> bytes:
        record = b"\x01\x1c" + f"{self.serial}{self.municipality}".encode() + _day(self.expiry)
        if len(self.serial) != 15 or not _COMMON.fullmatch(record):
            raise UsageError(mark("A card has a serial number of 15 digits, and its municipality a code of 5."))
        return record

    @classmethod
    def parse(cls, content: bytes) -> CommonInformation:
        """The value of the record. A CardDataError where it is none."""
        found = _COMMON.match(content)
        if not found:
            raise _COMMON_INFORMATION.error(mark("Record 1 is not '01', '1C' and 28 digits."))
        serial, municipality, expiry = found.groups()
        return cls(serial.decode("ascii"), municipality.decode("ascii"), _COMMON_INFORMATION.date(expiry))
