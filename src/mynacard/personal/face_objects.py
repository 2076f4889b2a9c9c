"""The contents of the card face application's files (:mod:`mynacard.personal.objects`).

Source: soltia48/myna-card, which read them off cards; the tags also jpki/myna and AokiApp/jsapdu
(vectors/personal/objects.json).
"""

from __future__ import annotations

import re
from dataclasses import field
from datetime import date
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.images import Image, ImageKind
from mynacard.personal.fields import DATE_LENGTH, CardVersion, Sex, day, sex_of
from mynacard.personal.forms import KEY_LENGTH, SIGNATURE_LENGTH, Form
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.texts import N_

__all__ = ["AgeRecord", "Face", "FaceBasicData", "NumberImage"]

_AGE_RECORD: Final = Form(N_("age record"), 0xFF10, {0xDF11: DATE_LENGTH, 0xDF12: KEY_LENGTH, 0xDF13: SIGNATURE_LENGTH})
_FACE: Final = Form(
    N_("card face file"),
    0xFF20,
    {
        0xDF22: DATE_LENGTH,  # birth
        0xDF23: 1,
        0xDF24: KEY_LENGTH,
        0xDF25: None,  # name
        0xDF26: None,  # address
        0xDF27: None,  # photo
        0xDF28: SIGNATURE_LENGTH,
        0xDF29: DATE_LENGTH,  # expiry
        0xDF2A: None,  # security code
    },
    table=0xDF21,
    wide=frozenset({0xDF25, 0xDF26, 0xDF27, 0xDF2A}),
)
_FACE_BASIC_DATA: Final = Form(
    N_("basic data of the card face application"),
    0xFF30,
    {0xDF31: 4, 0xDF32: KeyId.LENGTH, 0xDF33: 1, 0xDF34: 5, 0xDF35: KeyId.LENGTH + 256},
)
_NUMBER_IMAGE: Final = Form(
    N_("My Number image file"),
    0xFF40,
    {0xDF41: None, 0xDF42: KEY_LENGTH, 0xDF43: SIGNATURE_LENGTH},
    wide=frozenset({0xDF41}),
)


@dataclass(frozen=True, slots=True)
class AgeRecord:
    """EF 0001, 'FF10': the holder's birth date, and nothing else about them.

    Attributes:
        birth_date: the holder's.
        public_key: of the key with which the application signs.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 over both, by the key that EF 0004 certifies.
    """

    birth_date: date = field(repr=False)
    public_key: PublicKeyObject = field(repr=False)
    signature: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _AGE_RECORD.build((day(self.birth_date), bytes(self.public_key), self.signature))

    @property
    def signed(self) -> bytes:
        """The signed bytes."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> AgeRecord:
        """The value of EF 0001.

        Raises:
            CardDataError: *content* does not have its form.
        """
        birth_date, public_key, signature = _AGE_RECORD.read(content).values
        return cls(_AGE_RECORD.date(birth_date), PublicKeyObject.parse(public_key), signature)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0001 that its signature covers.

        Raises:
            CardDataError: *content* does not have its form.
        """
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
        return self.stored()

    def stored(self, *, wide: bool = True) -> bytes:
        """The file; *wide*, as on cards, writes the lengths of images as '82' and two bytes whatever they are.

        Raises:
            UsageError: a value does not fit.
        """
        return _FACE.build(
            (
                day(self.birth_date),
                self.sex.encode("ascii"),
                bytes(self.public_key),
                self.name_image,
                self.address_image,
                self.photo,
                self.signature,
                day(self.expiry),
                self.security_code_image,
            ),
            wide=wide,
        )

    @property
    def images(self) -> tuple[Image, ...]:
        """The four images, each with its expected format."""
        return (
            Image(N_("image of the name"), ImageKind.PNG, self.name_image),
            Image(N_("image of the address"), ImageKind.PNG, self.address_image),
            Image(N_("photo"), ImageKind.JPEG_2000, self.photo),
            Image(N_("image of the security code"), ImageKind.PNG, self.security_code_image),
        )

    def digests(self) -> bytes:
        """The 96 bytes that are signed."""
        return self.digests_of(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> Face:
        """The value of EF 0002. Images are not parsed.

        Raises:
            CardDataError: *content* does not have its form.
        """
        _, birth, sex, public_key, name, address, photo, signature, expiry, code = _FACE.read(content).values
        return cls(
            _FACE.date(birth),
            sex_of(sex, _FACE),
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
        """SHA-256 of 'DF22' to 'DF24', of 'DF25' and 'DF26', and of 'DF27', as stored in EF 0002.

        Raises:
            CardDataError: *content* does not have its form.
        """
        row = _FACE.read(content)
        parts = row.stored(0xDF22, 0xDF25), row.stored(0xDF25, 0xDF27), row.stored(0xDF27, 0xDF28)
        return b"".join(map(HashAlgorithm.SHA256.digest, parts))


@dataclass(frozen=True, slots=True)
class FaceBasicData:
    """EF 0003, 'FF30': what the application reports about itself; free to read.

    Attributes:
        version: the application's.
        key_id: of a key; which one is uncertain.
        unknown: one byte, zero where it was seen.
        municipality: the code of the municipality that issued the card, five digits.
        opaque_key_id: of a key; which one is unknown.
        opaque: 256 bytes of unknown meaning.
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
            raise UsageError(N_("A municipality's code has five digits."))
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
        """The value of EF 0003.

        Raises:
            CardDataError: *content* does not have its form.
        """
        version, key_id, unknown, municipality, opaque = _FACE_BASIC_DATA.read(content).values
        if not re.fullmatch(rb"[0-9]{5}", municipality):
            raise _FACE_BASIC_DATA.error(N_("It holds a municipality code that is not five digits."))
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
        return self.stored()

    def stored(self, *, wide: bool = True) -> bytes:
        """The file; *wide*, as on cards, writes the length of the image as '82' and two bytes whatever it is.

        Raises:
            UsageError: a value does not fit.
        """
        return _NUMBER_IMAGE.build((self.image, bytes(self.public_key), self.signature), wide=wide)

    @property
    def images(self) -> tuple[Image, ...]:
        """The image, with its expected format."""
        return (Image(N_("image of the My Number"), ImageKind.PNG, self.image),)

    @property
    def signed(self) -> bytes:
        """The signed bytes."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> NumberImage:
        """The value of EF 0005. The image is not parsed.

        Raises:
            CardDataError: *content* does not have its form.
        """
        image, public_key, signature = _NUMBER_IMAGE.read(content).values
        return cls(image, PublicKeyObject.parse(public_key), signature)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0005 that its signature covers.

        Raises:
            CardDataError: *content* does not have its form.
        """
        return _NUMBER_IMAGE.read(content).stored(0xDF41, 0xDF43)
