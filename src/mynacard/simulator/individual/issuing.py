"""The contents of a simulated card's other applications, and the hierarchy that signs them.

The hierarchy has a root for each of three purposes, and a municipality under each. Their key ids begin with 9; those of
real cards begin with 5, and those of test cards with 6. Sans-IO: keys are passed in.

Layouts and signatures: mynacard.personal.objects. Values that identify a card are made up, in the form of a real one's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

from mynacard._dataclasses import dataclass
from mynacard.personal import layout
from mynacard.personal.cv import CvCertificate
from mynacard.personal.layout import Tag
from mynacard.personal.numbers import MyNumber
from mynacard.personal.objects import (
    AgeRecord,
    Attributes,
    CardKey,
    CardVersion,
    CommonInformation,
    Face,
    FaceBasicData,
    KeyId,
    NumberFile,
    NumberImage,
    PublicKeyObject,
    SessionKey,
    Sex,
    TextBasicData,
    TextDigests,
)
from mynacard.personal.roots import Purpose
from mynacard.personal.signatures import face_digest_info
from mynacard.simulator.files import SoftKey
from mynacard.simulator.individual.holder import Holder
from mynacard.simulator.individual.images import PHOTO, text_image

__all__ = [
    "BRANCHES",
    "MUNICIPALITY",
    "ApplicationContents",
    "Branch",
    "CardKeys",
    "Municipality",
    "cv_certificate",
    "issue",
]

MUNICIPALITY: Final = "99999"
"""The code of the municipality that issues simulated cards; no real one has it."""

_SERIAL: Final = "9" * 15
_RECOGNITION: Final = bytes.fromhex("730906072A864886FC6B01")
"""GlobalPlatform's object identifier 1.2.840.114283.1, and no more: the card's manager is GlobalPlatform's."""
_BELOW: Final = KeyId("9899992")
"""The key that the card manager's intermediate key certifies; here the card's own."""
_ABSENT_SIGNATURE: Final = bytes(256)


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of the simulated hierarchy: its purpose, and the key ids of its root and of a municipality."""

    purpose: Purpose
    root: KeyId
    municipality: KeyId


BRANCHES: Final = (
    Branch(Purpose.TEXT, KeyId("9000033"), KeyId("9399990")),
    Branch(Purpose.CARD_FACE, KeyId("9000023"), KeyId("9399991")),
    Branch(Purpose.CARD_MANAGER, KeyId("9000020", suffix=bytes.fromhex("000000A8")), KeyId("9399992")),
)


@dataclass(frozen=True, slots=True)
class Municipality:
    """The signer of an application's contents: its key, and the certificates of that key by purpose."""

    key: rsa.RSAPrivateKey = field(repr=False)
    certificates: Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class CardKeys:
    """The keys of a card's other applications, PKCS #8 DER: one signs, one decrypts seeds, one answers challenges."""

    own: bytes = field(repr=False)
    session: bytes = field(repr=False)
    authentication: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApplicationContents:
    """The contents of one application: files, records and data objects by their numbers, and keys by their use."""

    files: Mapping[int, bytes] = field(default_factory=dict[int, bytes], repr=False)
    records: Mapping[int, tuple[bytes, ...]] = field(default_factory=dict[int, "tuple[bytes, ...]"], repr=False)
    objects: Mapping[int, bytes] = field(default_factory=dict[int, bytes], repr=False)
    keys: Mapping[str, bytes] = field(default_factory=dict[str, bytes], repr=False)


def cv_certificate(issuer: KeyId, issuer_key: rsa.RSAPrivateKey, subject: KeyId, public_key: rsa.RSAPublicKey) -> bytes:
    """The card-verifiable certificate of *subject*, as EF 0004 holds it."""
    unsigned = CvCertificate(issuer, subject, PublicKeyObject.of(public_key), _ABSENT_SIGNATURE)
    return bytes(replace(unsigned, signature=_signed(issuer_key, unsigned.signed)))


def issue(
    holder: Holder, municipality: Municipality, keys: CardKeys, public_keys: Mapping[str, rsa.RSAPublicKey]
) -> dict[str, ApplicationContents]:
    """The contents that the municipality writes for *holder*, by the application's name.

    Args:
        holder: whose card it is.
        municipality: the signer.
        keys: the card's private keys.
        public_keys: the public halves of *keys*, by their names there.

    Raises:
        UsageError: the holder's number is not an Individual Number.
    """
    return {
        layout.TEXT.name: _text(holder, municipality, keys, public_keys),
        layout.CARD_FACE.name: _face(holder, municipality, keys, public_keys),
        layout.COMMON.name: _common(holder, keys),
        layout.RESIDENT_REGISTER.name: ApplicationContents(records={layout.RESIDENT_REGISTER_KEY_ID: (_KEY_NAME,)}),
        layout.ISSUER.name: _issuer(holder, municipality, public_keys["own"]),
    }


_KEY_NAME: Final = bytes(KeyId("9000024"))
_VERSION: Final = CardVersion(1, 3, 0x0E, 1)
_FACE_BASIC_DATA: Final = FaceBasicData(
    CardVersion(6, 3, 0x0E, 1), KeyId("9000024"), b"\0", MUNICIPALITY, KeyId("9900025"), bytes(256)
)


def _text(
    holder: Holder, municipality: Municipality, keys: CardKeys, public_keys: Mapping[str, rsa.RSAPublicKey]
) -> ApplicationContents:
    number = bytes(NumberFile(MyNumber(holder.my_number)))
    attributes = bytes(Attributes(holder.name, holder.address, holder.birth_date, Sex(holder.sex)))
    digests = TextDigests.of(number, attributes)
    own = CardKey(PublicKeyObject.of(public_keys["own"]), _ABSENT_SIGNATURE)
    return ApplicationContents(
        files={
            layout.MY_NUMBER.file_id: number,
            layout.ATTRIBUTES.file_id: attributes,
            layout.TEXT_DIGESTS.file_id: bytes(
                TextDigests(digests.number, digests.attributes, _signed(municipality.key, digests.signed))
            ),
            layout.TEXT_CERTIFICATE.file_id: municipality.certificates[Purpose.TEXT],
            layout.TEXT_BASIC_DATA.file_id: bytes(
                TextBasicData(_VERSION, KeyId("9000034"), bytes(32).ljust(128, b"\xff"))
            ),
            layout.SESSION_KEY.file_id: bytes(SessionKey(PublicKeyObject.of(public_keys["session"]))),
            layout.TEXT_CARD_KEY.file_id: bytes(CardKey(own.public_key, _signed(municipality.key, own.signed))),
        },
        keys={"own": keys.own, "session": keys.session},
    )


def _face(
    holder: Holder, municipality: Municipality, keys: CardKeys, public_keys: Mapping[str, rsa.RSAPublicKey]
) -> ApplicationContents:
    own = PublicKeyObject.of(public_keys["own"])
    age = AgeRecord(holder.birth_date, own, _ABSENT_SIGNATURE)
    number = NumberImage(text_image(holder.my_number, 72, 12), own, _ABSENT_SIGNATURE)
    return ApplicationContents(
        files={
            layout.AGE_RECORD.file_id: bytes(AgeRecord(age.birth_date, own, _signed(municipality.key, age.signed))),
            layout.FACE.file_id: _card_face(holder, own, municipality.key),
            layout.FACE_BASIC_DATA.file_id: bytes(_FACE_BASIC_DATA),
            layout.FACE_CERTIFICATE.file_id: municipality.certificates[Purpose.CARD_FACE],
            layout.NUMBER_IMAGE.file_id: bytes(
                NumberImage(number.image, own, _signed(municipality.key, number.signed))
            ),
        },
        keys={"own": keys.own},
    )


def _card_face(holder: Holder, own: PublicKeyObject, key: rsa.RSAPrivateKey) -> bytes:
    unsigned = Face(
        birth_date=holder.birth_date,
        sex=Sex(holder.sex),
        public_key=own,
        name_image=text_image(holder.name, 8 * 32, 16),
        address_image=text_image("SIMULATED ADDRESS", 8 * 40, 16),
        photo=PHOTO,
        signature=_ABSENT_SIGNATURE,
        expiry=holder.expiry,
        security_code_image=text_image(holder.security_code, 24, 12),
    )
    info = face_digest_info(unsigned.digests())
    return bytes(replace(unsigned, signature=key.sign(info, padding.PKCS1v15(), NoDigestInfo())))


def _common(holder: Holder, keys: CardKeys) -> ApplicationContents:
    information = CommonInformation(_SERIAL, MUNICIPALITY, holder.expiry)
    return ApplicationContents(
        records={layout.COMMON_INFORMATION: (bytes(information),), layout.COMMON_KEY_ID: (_KEY_NAME,)},
        keys={"authentication": keys.authentication},
    )


def _issuer(holder: Holder, municipality: Municipality, own: rsa.RSAPublicKey) -> ApplicationContents:
    certificate = municipality.certificates[Purpose.CARD_MANAGER]
    branch = next(branch for branch in BRANCHES if branch.purpose is Purpose.CARD_MANAGER)
    below = cv_certificate(branch.municipality, municipality.key, _BELOW, own)
    return ApplicationContents(
        objects={
            Tag.ISSUER_IDENTIFICATION: bytes(branch.root),
            Tag.CARD_IDENTIFICATION: _SERIAL.encode(),
            Tag.RECOGNITION: _RECOGNITION,
            Tag.MUNICIPALITY: MUNICIPALITY.encode(),
            Tag.EXPIRY: b"%04d%02d%02d" % (holder.expiry.year, holder.expiry.month, holder.expiry.day),
            Tag.INTERMEDIATE_KEY_ID: bytes(branch.municipality),
            Tag.INTERMEDIATE_CERTIFICATE: CvCertificate.parse(certificate).content,
            Tag.CARD_CERTIFICATE: CvCertificate.parse(below).content,
        }
    )


def _signed(key: rsa.RSAPrivateKey, data: bytes) -> bytes:
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def soft_keys(contents: ApplicationContents) -> dict[str, SoftKey]:
    """The keys of an application, by their use, ready to sign."""
    return {use: SoftKey.of(der) for use, der in contents.keys.items()}
