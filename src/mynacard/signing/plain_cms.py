"""A detached CMS signature in its usual form, read and written in a few steps. Every other form is read as a whole.

That form: one certificate, one signer with one RSA signature, three signed attributes at most, nothing unsigned. Its
bytes are compared with the only DER that they can be. A signature read here is read the same by
:func:`mynacard.signing.cms.parse`, which takes many times as long. CAdES is read as a whole: the attribute that names
the certificate has optional parts and defaults, so that the only DER cannot be told in advance.

Source: RFC 5652 §5.1, §5.3, §11; RFC 3370 §3.2 and RFC 5754 §3.2; ITU-T X.690 §10.1.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import UTC, datetime
from typing import Final, TypeVar

from mynacard._dataclasses import dataclass
from mynacard.hashes import HashAlgorithm

__all__ = ["PlainCms", "read", "signed_attributes", "written"]

_LONGEST: Final = 0x2000
_T = TypeVar("_T")

_SEQUENCE, _SET, _TAGGED, _OCTETS, _INTEGER = 0x30, 0x31, 0xA0, 0x04, 0x02
_SIGNED_DATA: Final = bytes.fromhex("06092A864886F70D010702")
_VERSION_1: Final = bytes((_INTEGER, 1, 1))
_DATA: Final = bytes.fromhex("300B06092A864886F70D010701")
_CONTENT_TYPE: Final = bytes.fromhex("301806092A864886F70D010903310B06092A864886F70D010701")
_SIGNING_TIME: Final = bytes.fromhex("301C06092A864886F70D010905310F170D")
_DIGESTS: Final = {
    bytes.fromhex("302F06092A864886F70D01090431220420"): HashAlgorithm.SHA256,
    bytes.fromhex("303F06092A864886F70D01090431320430"): HashAlgorithm.SHA384,
    bytes.fromhex("304F06092A864886F70D01090431420440"): HashAlgorithm.SHA512,
}
_ALGORITHMS: Final = {  # with NULL as parameter, and without one
    bytes.fromhex(start + number + end): hash_
    for number, hash_ in (("01", HashAlgorithm.SHA256), ("02", HashAlgorithm.SHA384), ("03", HashAlgorithm.SHA512))
    for start, end in (("300D06096086480165030402", "0500"), ("300B06096086480165030402", ""))
}
_RSA: Final = {  # bare, or together with the hash function
    bytes.fromhex(start + number + end): hashes
    for number, hashes in (
        ("01", tuple(HashAlgorithm)),
        ("0B", (HashAlgorithm.SHA256,)),
        ("0C", (HashAlgorithm.SHA384,)),
        ("0D", (HashAlgorithm.SHA512,)),
    )
    for start, end in (("300D06092A864886F70D0101", "0500"), ("300B06092A864886F70D0101", ""))
}


class _UnusualError(Exception):
    """The bytes have another form."""


@dataclass(frozen=True, slots=True)
class PlainCms:
    """The parts of a signature (:class:`mynacard.signing.cms.CmsSignature`), and the certificate's bytes."""

    certificate_der: bytes = field(repr=False)
    hash: HashAlgorithm
    content_digest: bytes = field(repr=False)
    signed_attributes: bytes = field(repr=False)
    value: bytes = field(repr=False)
    claimed_time: datetime | None


class _Values:
    """The values in a part of *data*, taken one after the other."""

    def __init__(self, data: bytes, start: int, stop: int) -> None:
        self._data, self._at, self._stop = data, start, stop

    def _next(self, tag: int) -> tuple[int, int, int]:
        """Take a value with *tag*: where it, its contents and what follows begin."""
        data, begin = self._data, self._at
        if begin + 2 > self._stop or data[begin] != tag:
            raise _UnusualError
        length, start = data[begin + 1], begin + 2
        if length >= 0x80:
            width = length & 0x7F
            length = int.from_bytes(data[start : start + width], "big")
            if not 1 <= width <= 4 or length < 0x80 or length >> 8 * (width - 1) == 0:
                raise _UnusualError
            start += width
        self._at = start + length
        if self._at > self._stop:
            raise _UnusualError
        return begin, start, self._at

    def inside(self, tag: int) -> _Values:
        """The values in the next one."""
        _, start, end = self._next(tag)
        return _Values(self._data, start, end)

    def whole(self, tag: int) -> bytes:
        """The next value, with its header."""
        begin, _, end = self._next(tag)
        return self._data[begin:end]

    def contents(self, tag: int) -> bytes:
        """The contents of the next value."""
        _, start, end = self._next(tag)
        return self._data[start:end]

    def expect(self, *parts: bytes) -> None:
        """Take *parts*, which must come next."""
        expected = b"".join(parts)
        following = self._at + len(expected)
        if following > self._stop or self._data[self._at : following] != expected:
            raise _UnusualError
        self._at = following

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != self._stop:
            raise _UnusualError

    def is_next(self, tag: int) -> bool:
        return self._data[self._at : self._at + 1] == bytes((tag,))

    def is_at_end(self) -> bool:
        return self._at == self._stop


def read(data: bytes) -> PlainCms | None:
    """The signature in *data*; None if it has another form, or is not one. Nothing is verified yet.

    The certificate's bytes are not looked into, but for its issuer and number: they may be anything.
    """
    if len(data) > _LONGEST:
        return None
    try:
        return _content_info(_Values(data, 0, len(data)))
    except _UnusualError:
        return None


def _content_info(values: _Values) -> PlainCms:
    info = values.inside(_SEQUENCE)
    values.end()
    info.expect(_SIGNED_DATA)
    tagged = info.inside(_TAGGED)
    info.end()
    signed = tagged.inside(_SEQUENCE)
    tagged.end()
    signed.expect(_VERSION_1)
    hash_ = _looked_up(_ALGORITHMS, signed.contents(_SET))
    signed.expect(_DATA)
    certificates = signed.inside(_TAGGED)
    certificate_der = certificates.whole(_SEQUENCE)
    certificates.end()
    signers = signed.inside(_SET)
    signed.end()
    signer = signers.inside(_SEQUENCE)
    signers.end()
    return _signer(signer, certificate_der, hash_)


def _signer(signer: _Values, certificate_der: bytes, hash_: HashAlgorithm) -> PlainCms:
    signer.expect(_VERSION_1)
    if signer.contents(_SEQUENCE) != _name_and_number(certificate_der):
        raise _UnusualError
    _check_hash(hash_, (_looked_up(_ALGORITHMS, signer.whole(_SEQUENCE)),))
    attributes = signer.contents(_TAGGED)
    digest, time = _attributes(attributes, hash_)
    _check_hash(hash_, _looked_up(_RSA, signer.whole(_SEQUENCE)))
    value = signer.contents(_OCTETS)
    signer.end()
    return PlainCms(certificate_der, hash_, digest, _value(_SET, attributes), value, time)


def _name_and_number(certificate_der: bytes) -> bytes:
    """The issuer's name and the serial number in a certificate, in the order in which a signer is named."""
    to_be_signed = _Values(certificate_der, 0, len(certificate_der)).inside(_SEQUENCE).inside(_SEQUENCE)
    if to_be_signed.is_next(_TAGGED):  # version 1 is left out
        to_be_signed.contents(_TAGGED)
    number = to_be_signed.whole(_INTEGER)
    to_be_signed.contents(_SEQUENCE)
    return to_be_signed.whole(_SEQUENCE) + number


def _attributes(attributes: bytes, hash_: HashAlgorithm) -> tuple[bytes, datetime | None]:
    """The digest and the signing time: each attribute at most once, in DER's order."""
    values, encoded, time, digest = _Values(attributes, 0, len(attributes)), list[bytes](), None, None
    while not values.is_at_end():
        attribute = values.whole(_SEQUENCE)
        encoded.append(attribute)
        if attribute.startswith(_SIGNING_TIME) and time is None:
            time = _time(attribute.removeprefix(_SIGNING_TIME))
        elif attribute != _CONTENT_TYPE:
            if digest is not None:
                raise _UnusualError
            digest = attribute[-hash_.digest_size :]
            _check_hash(hash_, (_looked_up(_DIGESTS, attribute[: -hash_.digest_size]),))
    if digest is None or encoded.count(_CONTENT_TYPE) != 1 or encoded != sorted(encoded):
        raise _UnusualError
    return digest, time


def _time(text: bytes) -> datetime:
    """The time that a UTCTime of the form YYMMDDHHMMSSZ says; 00 to 49 are years of this century."""
    digits = text[:-1]
    if len(text) != 13 or text[-1:] != b"Z" or not digits.isdigit():
        raise _UnusualError
    year, month, day, hour, minute, second = (int(digits[at : at + 2]) for at in range(0, 12, 2))
    try:
        return datetime(year + (2000 if year < 50 else 1900), month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise _UnusualError from None


def _looked_up(table: Mapping[bytes, _T], value: bytes) -> _T:
    if value not in table:
        raise _UnusualError
    return table[value]


def _check_hash(hash_: HashAlgorithm, allowed: Collection[HashAlgorithm]) -> None:
    if hash_ not in allowed:
        raise _UnusualError


def signed_attributes(digest: bytes, hash_: HashAlgorithm, moment: datetime) -> bytes:
    """What is to be signed: the three attributes as a SET OF (RFC 5652 §5.4).

    Args:
        digest: the content's.
        hash_: the hash function of *digest*.
        moment: the signing time, before 2050, in UTC.
    """
    (with_digest,) = (start for start, of in _DIGESTS.items() if of is hash_)
    time = f"{moment:%y%m%d%H%M%SZ}".encode("ascii")
    return _value(_SET, *sorted((_CONTENT_TYPE, with_digest + digest, _SIGNING_TIME + time)))


def written(certificate_der: bytes, hash_: HashAlgorithm, signed: bytes, value: bytes) -> bytes:
    """The signature in DER, its algorithms with NULL as parameter.

    Args:
        certificate_der: the signer's certificate.
        hash_: the hash function for the content and for *signed*.
        signed: as returned by :func:`signed_attributes`.
        value: the signature of *signed*.
    """
    algorithm = next(encoded for encoded, of in _ALGORITHMS.items() if of is hash_)
    attributes = _Values(signed, 0, len(signed)).contents(_SET)
    signer = _value(
        _SEQUENCE,
        _VERSION_1,
        _value(_SEQUENCE, _name_and_number(certificate_der)),
        algorithm,
        _value(_TAGGED, attributes),
        next(iter(_RSA)),
        _value(_OCTETS, value),
    )
    certificates, signers = _value(_TAGGED, certificate_der), _value(_SET, signer)
    signed_data = _value(_SEQUENCE, _VERSION_1, _value(_SET, algorithm), _DATA, certificates, signers)
    return _value(_SEQUENCE, _SIGNED_DATA, _value(_TAGGED, signed_data))


def _value(tag: int, *parts: bytes) -> bytes:
    """A value with *tag*, whose contents are *parts*."""
    contents = b"".join(parts)
    length = len(contents)
    if length < 0x80:
        return bytes((tag, length)) + contents
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + contents
