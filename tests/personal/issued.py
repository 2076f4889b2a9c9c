"""Cards issued for tests: keys, and files signed with them by `cryptography` only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo

from mynacard.personal.checking import FaceFiles, Presence, TextFiles
from mynacard.personal.cv import CvCertificate
from mynacard.personal.numbers import MyNumber
from mynacard.personal.objects import (
    AgeRecord,
    Attributes,
    CardKey,
    Face,
    KeyId,
    NumberFile,
    NumberImage,
    PublicKeyObject,
    Sex,
    TextDigests,
)
from mynacard.personal.roots import Purpose, Root
from mynacard.personal.signatures import face_digest_info

PNG: Final = bytes.fromhex("89504E470D0A1A0A") + b"no image"
JP2: Final = bytes.fromhex("0000000C6A5020200D0A870A") + b"no photo" * 20
NUMBER: Final = MyNumber("537686677188")
NONCE: Final = b"a nonce of the tests ..."
UNSIGNED: Final = bytes(256)


@cache
def key(name: str) -> RSAPrivateKey:
    """The key of this name, made on first use."""
    del name
    return generate_private_key(65537, 2048)


def public(name: str) -> PublicKeyObject:
    return PublicKeyObject.of(key(name).public_key())


def sign(name: str, data: bytes) -> bytes:
    return key(name).sign(data, PKCS1v15(), hashes.SHA256())


def sign_padded(name: str, info: bytes) -> bytes:
    return key(name).sign(info, PKCS1v15(), NoDigestInfo())


def presence(name: str = "card", nonce: bytes = NONCE) -> Presence:
    return Presence(nonce, sign(name, nonce))


@dataclass(frozen=True)
class Issuer:
    """A municipality with a certificate under a root."""

    root: Root
    certificate: bytes
    name: str = "municipality"


@cache
def issuer(purpose: Purpose, root_key: str = "root", number: str = "9000033", name: str = "municipality") -> Issuer:
    root = Root.simulated(KeyId(number), public(root_key), purpose)
    certificate = CvCertificate(root.key_id, KeyId("1322121", "000"), public(name))
    return Issuer(root, bytes(replace(certificate, signature=sign(root_key, certificate.signed))), name)


TEXT: Final = Purpose.TEXT
FACE: Final = Purpose.CARD_FACE


@cache
def text_files(card: str = "card", by: str = "municipality") -> TextFiles:
    number = bytes(NumberFile(NUMBER))
    attributes = bytes(Attributes("試験　花子", "東京都千代田区" + "永田町" * 20, date(1980, 2, 17), Sex.FEMALE))
    digests = TextDigests.of(number, attributes)
    card_key = CardKey(public(card), UNSIGNED)
    return TextFiles(
        issuer(TEXT, name=by).certificate,
        bytes(replace(digests, signature=sign(by, digests.signed))),
        bytes(replace(card_key, signature=sign(by, card_key.signed))),
        number,
        attributes,
    )


@cache
def face_files(card: str = "card", by: str = "municipality") -> FaceFiles:
    age = AgeRecord(date(1980, 2, 17), public(card), UNSIGNED)
    image = NumberImage(PNG, public(card), UNSIGNED)
    return FaceFiles(
        issuer(FACE, name=by).certificate,
        bytes(replace(age, signature=sign(by, age.signed))),
        face_file(card, by),
        bytes(replace(image, signature=sign(by, image.signed))),
    )


def face_file(card: str = "card", by: str = "municipality") -> bytes:
    face = unsigned_face(card)
    return bytes(replace(face, signature=sign_padded(by, face_digest_info(face.digests()))))


def unsigned_face(card: str = "card") -> Face:
    return Face(date(1980, 2, 17), Sex.FEMALE, public(card), PNG, PNG + PNG, JP2, UNSIGNED, date(2035, 2, 17), PNG)
