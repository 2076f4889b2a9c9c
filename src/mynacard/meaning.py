"""One signature, one meaning: the signed attributes of a CMS signature are never signed as a file.

A CMS signature's value is the bare signature of its signed attributes, which name the file by its digest. So the bare
signature of a "file" that consists of signed attributes can be made into a CMS signature of another file, which its
signer never saw; and the value of a CMS signature is a bare signature of its attributes. Both are refused, on signing
and on verifying.

Source: RFC 5652 §5.3 (SET OF Attribute) and §5.4 (what is signed); ITU-T X.690 §8.1.3 (lengths).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

from mynacard.errors import UsageError
from mynacard.texts import N_

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["START", "are_signed_attributes", "check", "key_for_signed_attributes"]

START: Final = 257
"""How many bytes tell: a SET with the longest length that BER has, the same of a SEQUENCE, and an OBJECT IDENTIFIER."""

_SET, _SEQUENCE, _OBJECT_IDENTIFIER = 0x31, 0x30, 0x06
_INDEFINITE: Final = 0x80


def are_signed_attributes(start: bytes, size: int) -> bool:
    """Whether *size* bytes that begin with *start* have the form of signed attributes, in DER or any other BER.

    What is no more than similar counts, too: a file that is refused can still be signed as CMS.

    Args:
        start: the first :data:`START` bytes, or all if there are fewer.
        size: how many bytes there are.
    """
    after_set, length = _length(start, 1)
    after_sequence, _ = _length(start, after_set + 1)
    tags = start[:1], start[after_set : after_set + 1], start[after_sequence : after_sequence + 1]
    return tags == _TAGS and length in (None, size - after_set)


_TAGS: Final = (bytes((_SET,)), bytes((_SEQUENCE,)), bytes((_OBJECT_IDENTIFIER,)))


def check(data: bytes | bytearray | memoryview) -> None:
    """Check that *data* may get a bare signature.

    Raises:
        UsageError: they have the form of signed attributes.
    """
    view = memoryview(data).cast("B")
    if are_signed_attributes(bytes(view[:START]), len(view)):
        raise UsageError(
            N_(
                "These bytes have the form of the signed attributes of a CMS signature: their bare signature would be"
                " a signature of another file, too. Sign them as CMS; a maker of CMS signatures takes the key's"
                " for_signed_attributes()."
            )
        )


@runtime_checkable
class _OffersAnother(Protocol):
    def for_signed_attributes(self) -> RSAPrivateKey: ...


def key_for_signed_attributes(key: RSAPrivateKey) -> RSAPrivateKey:
    """The form of *key* that signs signed attributes, if it offers one, as a card's does; else *key* itself."""
    return key.for_signed_attributes() if isinstance(key, _OffersAnother) else key


def _length(data: bytes, offset: int) -> tuple[int, int | None]:
    """The offset after the length at *offset*, and its value; None for an indefinite one."""
    first = int.from_bytes(data[offset : offset + 1], "big")
    if first == _INDEFINITE:
        return offset + 1, None
    if first < _INDEFINITE:
        return offset + 1, first
    after = offset + 1 + first - _INDEFINITE
    return after, int.from_bytes(data[offset + 1 : after], "big")
