"""The contents of the text input support application's files (:mod:`mynacard.personal.objects`).

Source: soltia48/myna-card, which read them off cards; also jpki/myna, siketyan/jpki-rs, AokiApp/jsapdu and
hebingchang/pymyna (vectors/personal/objects.json).
"""

from __future__ import annotations

import re
from dataclasses import field
from datetime import date
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.errors import TlvError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.personal.fields import DATE_LENGTH, CardVersion, Sex, day, sex_of
from mynacard.personal.forms import KEY_LENGTH, SIGNATURE_LENGTH, Form
from mynacard.personal.keys import KeyId, PublicKeyObject
from mynacard.personal.numbers import MyNumber
from mynacard.texts import N_

__all__ = ["Attributes", "CardKey", "NumberFile", "SessionKey", "TextBasicData", "TextDigests"]

_DIGEST: Final = HashAlgorithm.SHA256.digest_size

_NUMBER: Final = Form(N_("My Number file"), 0xFF10, {}, stored=17)
_NUMBER_VALUE: Final = re.compile(
    rb"\xFF\x10\x0C([0-9]{12})"
)  # the tag says constructed, but the digits are not objects
_ATTRIBUTES: Final = Form(
    N_("attributes file"),
    0xFF20,
    {0xDF22: None, 0xDF23: None, 0xDF24: DATE_LENGTH, 0xDF25: 1},
    table=0xDF21,
    wide=frozenset({0xFF20}),
)
_TEXT_DIGESTS: Final = Form(N_("digests file"), 0xFF30, {0xDF31: _DIGEST, 0xDF32: _DIGEST, 0xDF33: SIGNATURE_LENGTH})
_TEXT_BASIC_DATA: Final = Form(
    N_("basic data of the text application"),
    0xFF40,
    {0xDF41: 4, 0xDF42: KeyId.LENGTH, 0xDF43: 128},
    stored=256,
)
_CARD_KEY: Final = Form(N_("card key file"), 0xFF50, {0xDF51: KEY_LENGTH, 0xDF52: SIGNATURE_LENGTH})
_SESSION_KEY: Final = Form(N_("session key file"), 0xA1, {})


@dataclass(frozen=True, slots=True)
class NumberFile:
    """EF 0001, 'FF10': the Individual Number. Its digest covers all 17 bytes, filler included."""

    number: MyNumber

    def __bytes__(self) -> bytes:
        return bytes(tlv.Tlv(_NUMBER.tag, self.number.reveal().encode("ascii"))).ljust(_NUMBER.stored, b"\xff")

    @classmethod
    def parse(cls, content: bytes) -> NumberFile:
        """The value of EF 0001.

        Raises:
            CardDataError: *content* does not have its form, or the check digit is wrong.
        """
        digits = _NUMBER_VALUE.match(content)
        try:
            if digits:
                return cls(MyNumber(digits.group(1).decode("ascii")))
        except UsageError as e:
            raise _NUMBER.error(N_("{why}"), why=e) from None
        raise _NUMBER.error(N_("It does not begin with twelve digits."))


@dataclass(frozen=True, slots=True)
class Attributes:
    """EF 0002, 'FF20': the four attributes (基本4情報).

    Attributes:
        name: family name, U+3000, given name, as residents' names are written; no field here says whether characters
            outside the JIS repertoire were replaced.
        address: as registered.
        birth_date: the holder's.
        sex: the holder's.
    """

    name: str = field(repr=False)
    address: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)

    def __bytes__(self) -> bytes:
        return self.stored()

    def stored(self, *, wide: bool = False) -> bytes:
        """The file; *wide* begins it with 'FF20 82' and two bytes of length whatever that is, as one client expects.

        Raises:
            UsageError: a value does not fit.
        """
        form = _ATTRIBUTES
        name, address = form.utf_8(self.name), form.utf_8(self.address)
        return form.build((name, address, day(self.birth_date), self.sex.encode("ascii")), wide=wide)

    @property
    def signed(self) -> bytes:
        """The bytes that the second digest of EF 0003 covers."""
        return self.signed_part(bytes(self))

    @classmethod
    def parse(cls, content: bytes) -> Attributes:
        """The value of EF 0002.

        Raises:
            CardDataError: *content* does not have its form.
        """
        _, name, address, birth_date, sex = _ATTRIBUTES.read(content).values
        form = _ATTRIBUTES
        return cls(form.text(name), form.text(address), form.date(birth_date), sex_of(sex, form))

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0002 that the second digest of EF 0003 covers: from 'DF22' to the end of 'DF25'.

        Raises:
            CardDataError: *content* does not have its form.
        """
        return _ATTRIBUTES.read(content).stored(0xDF22)


@dataclass(frozen=True, slots=True)
class TextDigests:
    """EF 0003, 'FF30': the municipality's signature over EF 0001 and EF 0002.

    Attributes:
        number: SHA-256 of EF 0001, all 17 bytes. Trying all numbers finds it, so it is as personal as the number.
        attributes: SHA-256 of EF 0002 from 'DF22' on.
        signature: RSASSA-PKCS1-v1_5 with SHA-256 by the key that EF 0004 certifies.
    """

    number: bytes = field(repr=False)
    attributes: bytes = field(repr=False)
    signature: bytes = field(repr=False)

    @classmethod
    def of(cls, number: bytes, attributes: bytes, signature: bytes = bytes(SIGNATURE_LENGTH)) -> TextDigests:
        """The digests of these two files, as stored.

        Raises:
            CardDataError: *attributes* does not have its form.
        """
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
        """The value of EF 0003.

        Raises:
            CardDataError: *content* does not have its form.
        """
        return cls(*_TEXT_DIGESTS.read(content).values)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0003 that its signature covers.

        Raises:
            CardDataError: *content* does not have its form.
        """
        return _TEXT_DIGESTS.read(content).stored(0xDF31, 0xDF33)


@dataclass(frozen=True, slots=True)
class TextBasicData:
    """EF 0005, 'FF40': what the application reports about itself; free to read.

    Attributes:
        version: the application's.
        key_id: of a key; which one is uncertain.
        opaque: 128 bytes; the last 96 were 'FF', the meaning of the first 32 is unknown.
    """

    version: CardVersion
    key_id: KeyId
    opaque: bytes = field(repr=False)

    def __bytes__(self) -> bytes:
        return _TEXT_BASIC_DATA.build((bytes(self.version), bytes(self.key_id), self.opaque))

    @classmethod
    def parse(cls, content: bytes) -> TextBasicData:
        """The value of EF 0005.

        Raises:
            CardDataError: *content* does not have its form.
        """
        version, key_id, opaque = _TEXT_BASIC_DATA.read(content).values
        return cls(CardVersion(*version), KeyId.parse(key_id), opaque)


@dataclass(frozen=True, slots=True)
class SessionKey:
    """EF 0006, 'A1': the key under which a session key for secure messaging is sent to the card."""

    public_key: PublicKeyObject = field(repr=False)

    @property
    def modulus(self) -> int:
        """The key's modulus."""
        return self.public_key.modulus

    @property
    def exponent(self) -> int:
        """The key's public exponent."""
        return self.public_key.exponent

    def __bytes__(self) -> bytes:
        return bytes(tlv.Tlv(_SESSION_KEY.tag, bytes(self.public_key)))

    @classmethod
    def parse(cls, content: bytes) -> SessionKey:
        """The value of EF 0006.

        Raises:
            CardDataError: *content* does not have its form.
        """
        try:
            outer = tlv.parse(content[: tlv.outer_length(content)])
        except TlvError as e:
            raise _SESSION_KEY.error(N_("{why}"), why=e) from e
        if outer.tag != _SESSION_KEY.tag:
            raise _SESSION_KEY.error(N_("It begins with '{tag}'."), tag=f"{outer.tag:X}")
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
        """The value of EF 0007.

        Raises:
            CardDataError: *content* does not have its form.
        """
        public_key, signature = _CARD_KEY.read(content).values
        return cls(PublicKeyObject.parse(public_key), signature)

    @staticmethod
    def signed_part(content: bytes) -> bytes:
        """The bytes of EF 0007 that its signature covers.

        Raises:
            CardDataError: *content* does not have its form.
        """
        return _CARD_KEY.read(content).stored(0xDF51, 0xDF52)
