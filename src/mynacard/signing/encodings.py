"""The encodings of a CMS file: DER, BER, PEM and base64. All are read as DER. An S/MIME message is only named.

Source: RFC 7468 §8 and §9 (labels of PEM), §5.2 (text around it); RFC 8551 §3.5 and §3.6 (S/MIME's content types).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from mynacard import ber
from mynacard.errors import CertificateFileError
from mynacard.texts import N_

__all__ = ["ENCODED_MAX", "to_der"]

ENCODED_MAX: Final = 0x600_0000
"""The most bytes of a CMS file in any encoding: in base64, a file is longer by a third and its line ends."""

_SEQUENCE: Final = b"\x30"
_SEQUENCE_BASE64: Final = re.compile(rb"M[A-P]")  # '30' in base64, whatever follows it
_LABELS: Final = (b"CMS", b"PKCS7", b"PKCS #7 SIGNED DATA")
_PDF: Final = b"%PDF-"
_PDF_WITHIN: Final = 1024
_MARK: Final = b"\xef\xbb\xbf"  # which some editors put before a text in UTF-8
_HEADERS_MAX: Final = 0x4000
_HEADER: Final = re.compile(rb"[!-9;-~]+:")
_SMIME: Final = re.compile(
    rb"^content-type:\s*(?:multipart/signed\b[\s\S]{0,1000}?/|application/)(?:x-)?pkcs7-(?:mime|signature)\b",
    re.IGNORECASE | re.MULTILINE,
)


def to_der(data: bytes) -> bytes | None:
    """The CMS file *data* with DER's lengths (see :mod:`mynacard.ber`); None if it does not look like one.

    A raw signature may look like one, too: it may begin with the same byte.

    Raises:
        CertificateFileError: it looks like one and is damaged or too long, holds several, or is an S/MIME message.
    """
    binary = _binary(data)
    if binary is None:
        return None
    if len(data) > ENCODED_MAX:
        raise CertificateFileError(N_("This is not a signature file: it is too long to be one."))
    return ber.to_der(binary)


def _binary(data: bytes) -> bytes | None:
    if data[:1] == _SEQUENCE:
        return data
    if _PDF in data[:_PDF_WITHIN]:
        return None
    start = data[:_HEADERS_MAX].removeprefix(_MARK).lstrip()
    if _HEADER.match(start) and _SMIME.search(start):
        raise CertificateFileError(
            N_(
                "This is an S/MIME message: openssl cms -verify -inform SMIME checks it, and"
                " openssl cms -cmsout -inform SMIME -outform DER takes its signature out of it."
            )
        )
    if _SEQUENCE_BASE64.match(start):
        return _decoded(data.removeprefix(_MARK))
    return _in_pem(data)


def _in_pem(data: bytes) -> bytes | None:
    """The only CMS in PEM in *data*; text around it is ignored."""
    blocks = [(label, data.count(b"-----BEGIN " + label + b"-----")) for label in _LABELS]
    count = sum(number for _, number in blocks)
    if count > 1:
        raise CertificateFileError(N_("One signature is wanted here; there are {count}."), count=count)
    for label, _ in (block for block in blocks if block[1]):
        rest = data.partition(b"-----BEGIN " + label + b"-----")[2]
        body, end, _ = rest.partition(b"-----END " + label + b"-----")
        binary = _decoded(body) if end else None
        if binary is None:
            raise CertificateFileError(N_("This signature file is damaged."))
        return binary
    return None


def _decoded(text: bytes) -> bytes | None:
    """The bytes that *text* is in base64, on lines of any length; None if it is not."""
    if len(text) > ENCODED_MAX:
        return None
    try:
        return base64.b64decode(text.translate(None, b" \t\r\n"), validate=True)
    except binascii.Error:
        return None
