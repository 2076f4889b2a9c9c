"""The Web eID authentication token: five fields of JSON that answer a portal's challenge.

It contains no origin, nonce or time: a portal verifies it with its own origin and the nonce that it issued.

Source: the Web eID system architecture, "Authentication token format", web-eid:1.0; vectors/webeid/token.json.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import field
from typing import Final, cast

from mynacard._dataclasses import dataclass
from mynacard._version import __version__
from mynacard.arguments import check_type
from mynacard.errors import ProtocolError, UnsupportedAlgorithmError
from mynacard.hashes import HashAlgorithm
from mynacard.jpki import authentication
from mynacard.jpki.authentication import Authentication
from mynacard.texts import N_
from mynacard.trust import certificates, primitive
from mynacard.verdict import Step, bad, good

__all__ = ["ALGORITHM", "APP_VERSION", "FORMAT", "AuthenticationToken", "parse", "verify_signature"]

FORMAT: Final = "web-eid:1.0"
ALGORITHM: Final = "RS256"
APP_VERSION: Final = f"https://mynacard.invalid/{__version__}"
"""A URL that names program and version. The project has no home page yet, so the host is one that can never exist."""

LENGTHS: Final = range(100, 10_000 + 1)
"""The lengths of a token, in characters, that the Web eID validators accept."""

_FIELDS: Final = frozenset({"unverifiedCertificate", "algorithm", "signature", "format", "appVersion"})
_URL: Final = re.compile(r"https://[!-~]{1,247}")


@dataclass(frozen=True, slots=True)
class AuthenticationToken:
    """The five fields of ``web-eid:1.0``.

    Attributes:
        certificate_der: ``unverifiedCertificate``: the user-authentication certificate, not checked yet.
        algorithm: ``RS256``.
        signature: over the hashes of origin and nonce.
        format: ``web-eid:1.0``.
        app_version: the program that made the token; it proves nothing.
    """

    certificate_der: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    format: str = FORMAT
    app_version: str = APP_VERSION

    @classmethod
    def from_authentication(cls, answer: Authentication) -> AuthenticationToken:
        """The token made of the return value of :meth:`mynacard.jpki.JpkiSession.authenticate`."""
        return cls(answer.certificate_der, answer.algorithm, answer.signature)

    def to_json(self) -> str:
        """The token as a page receives it, on one line."""
        fields = {
            "unverifiedCertificate": base64.b64encode(self.certificate_der).decode("ascii"),
            "algorithm": self.algorithm,
            "signature": base64.b64encode(self.signature).decode("ascii"),
            "format": self.format,
            "appVersion": self.app_version,
        }
        return json.dumps(fields, separators=(",", ":"))


def parse(text: str) -> AuthenticationToken:
    """The token in *text*; nothing in it is verified.

    Raises:
        ProtocolError: *text* has fewer than 100 or more than 10,000 characters; or it is not a JSON object with exactly
            the five fields, each once and a string; or a field does not have its form.
        UnsupportedAlgorithmError: the algorithm is not RS256.
    """
    check_type(text, str)
    if len(text) not in LENGTHS:
        raise ProtocolError(N_("This is not a Web eID token: it has fewer than 100 or more than 10,000 characters."))
    fields = _fields(text)
    if fields["format"] != FORMAT:
        raise ProtocolError(N_("This is not a Web eID token of version 1.0."))
    if fields["algorithm"] != ALGORITHM:
        raise UnsupportedAlgorithmError(
            N_("The token is signed with an algorithm other than {algorithm}."), algorithm=ALGORITHM
        )
    if not _URL.fullmatch(fields["appVersion"]):
        raise ProtocolError(N_("This is not a Web eID token: its appVersion is not a URL."))
    certificate, signature = _decoded(fields["unverifiedCertificate"]), _decoded(fields["signature"])
    return AuthenticationToken(certificate, ALGORITHM, signature, FORMAT, fields["appVersion"])


def verify_signature(token: AuthenticationToken, origin: str, nonce: str) -> Step:
    """Whether the key of the token's certificate signed *origin* and *nonce*.

    This checks **only** the signature, and anyone can make a certificate. A portal must also check the certificate with
    :func:`mynacard.trust.check`, and accept a nonce once, soon, and from the session that it issued it to.

    Raises:
        UsageError: *origin* is not an origin, or *nonce* is not a nonce.
        CertificateFileError: the token holds no certificate, or its signature does not have the length that the key
            gives.
        UnsupportedAlgorithmError: the algorithm is not RS256, or the key is not RSA of 2048 to 8192 bits.
    """
    check_type(token, AuthenticationToken)
    if (token.format, token.algorithm) != (FORMAT, ALGORITHM):
        raise UnsupportedAlgorithmError(
            N_("The token is signed with an algorithm other than {algorithm}."), algorithm=ALGORITHM
        )
    digest = authentication.digest(origin, nonce)
    certificate = certificates.load(token.certificate_der)
    if primitive.signed(certificate, token.signature, digest, HashAlgorithm.SHA256):
        return good("signature/good", N_("The token answers this challenge of this site."))
    return bad("signature/other-challenge", N_("The token does not answer this challenge of this site."))


def _fields(text: str) -> dict[str, str]:
    try:
        pairs: object = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise ProtocolError(N_("This is not a Web eID token: it is not JSON.")) from None
    fields: dict[str, str] = {}
    for pair in cast(tuple[object, ...], pairs) if isinstance(pairs, tuple) else ():
        match pair:
            case (str(name), str(value)) if name in _FIELDS and name not in fields:
                fields[name] = value
            case _:
                raise ProtocolError(
                    N_("This is not a Web eID token: it does not have the five fields, each once and a string.")
                )
    if fields.keys() != _FIELDS:
        raise ProtocolError(
            N_("This is not a Web eID token: it does not have the five fields, each once and a string.")
        )
    return fields


def _decoded(text: str) -> bytes:
    """The bytes that *text* encodes in base64, in its canonical form."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode("ascii") != text:
        raise ProtocolError(N_("This is not a Web eID token: a field is not in base64."))
    return data
