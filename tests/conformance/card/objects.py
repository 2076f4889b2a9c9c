"""Objects in objects, as the card face applications and the issuer's domain write them; read by their lengths."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from tests.conformance.card.rsa import key_object, signs_message

__all__ = ["HEADER_LIST", "CvCertificate", "is_key_name", "one", "read_all", "stored", "within", "written"]

HEADER_LIST = bytes.fromhex("4D0A 42 10 5F20 10 5F49 820109")
"""The tags and lengths of a certificate's body: issuer, subject, public key."""
_KEY_NAME = re.compile(rb"[0-9]{7}\x08\x05[0-9]{3}.{4}", re.DOTALL)


def is_key_name(value: bytes) -> bool:
    """Whether *value* has the form of a key's name."""
    return _KEY_NAME.fullmatch(value) is not None


def _first(data: bytes) -> tuple[str, bytes, int]:
    """The tag, the value, and the end of the object that *data* begins with; a tag has one byte, or two."""
    at = 2 if data[0] & 0x1F == 0x1F else 1
    tag, length = data[:at].hex().upper(), data[at]
    at += 1
    if length & 0x80:
        size = length & 0x7F
        length, at = int.from_bytes(data[at : at + size], "big"), at + size
    assert at + length <= len(data)
    return tag, data[at : at + length], at + length


def read_all(data: bytes) -> dict[str, bytes]:
    """The objects in *data*, to its last byte, by tag and in order."""
    found: dict[str, bytes] = {}
    while data:
        tag, value, end = _first(data)
        assert tag not in found
        found[tag], data = value, data[end:]
    return found


def one(data: bytes, tag: str) -> bytes:
    """The value of the object *tag* that *data* begins with; 'FF' may follow."""
    found, value, end = _first(data)
    assert found == tag
    assert not data[end:].strip(b"\xff")
    return value


def within(data: bytes, tag: str, *tags: str) -> list[bytes]:
    """The values of the objects *tags*, which are all that the object *tag* holds."""
    found = read_all(one(data, tag))
    assert list(found) == list(tags)
    return list(found.values())


def written(tag: str, value: bytes) -> bytes:
    """An object, its length as short as can be."""
    length = len(value).to_bytes(2, "big").lstrip(b"\x00") or b"\x00"
    form = length if len(value) < 0x80 else bytes((0x80 | len(length),)) + length
    return bytes.fromhex(tag) + form + value


def stored(content: bytes, tag: str, *tags: str) -> bytes:
    """The objects *tags* in the object *tag* that *content* begins with, as they are written there."""
    inside = one(content, tag)
    found: dict[str, bytes] = {}
    while inside:
        name, _, end = _first(inside)
        found[name], inside = inside[:end], inside[end:]
    return b"".join(found[name] for name in tags)


def offsets(content: bytes, tag: str, table: str, tags: Sequence[str]) -> tuple[list[int], list[int]]:
    """The numbers of the object *table* in *tag*, and where the objects *tags* begin in *content*."""
    numbers = read_all(one(content, tag))[table]
    told = [int.from_bytes(numbers[at : at + 2], "big") for at in range(0, len(numbers), 2)]
    return told, [content.index(stored(content, tag, name)) for name in tags]


@dataclass(frozen=True)
class CvCertificate:
    """A card-verifiable certificate."""

    issuer: bytes
    subject: bytes
    key: RSAPublicKey
    body: bytes
    signature: bytes

    @classmethod
    def parse(cls, content: bytes) -> CvCertificate:
        """The certificate in *content*: in the object '7F21', or without it behind a list of its headers."""
        if content[:2] == b"\x7f\x21":
            inside = one(content, "7F21")
        else:
            assert content[:12] == HEADER_LIST
            inside = content[12:]
        found = read_all(inside)
        assert list(found) == ["5F4E", "5F37"]
        body, signature = found.values()
        assert (len(body), len(signature)) == (297, 256)
        return cls(body[:16], body[16:32], key_object(body[32:]), body, signature)

    def signed_by(self, key: RSAPublicKey) -> bool:
        return signs_message(key, self.signature, self.body)
