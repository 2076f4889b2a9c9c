"""The Web eID authentication token: five fields of JSON that answer a portal's challenge.

Neither origin nor nonce is in it, nor a time: a portal verifies with the origin it has and the nonce it gave out.

Source: the Web eID system architecture, "Authentication token format", web-eid:1.0; vectors/webeid/token.json.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Final, cast

from mynacard._version import __version__
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
"""A URL that names program and version. The project has no home page yet, so the host is one that can never be."""

LENGTHS: Final = range(100, 10_000 + 1)
"""Characters of a token: what the Web eID validators take."""

_FIELDS: Final = frozenset({"unverifiedCertificate", "algorithm", "signature", "format", "appVersion"})
_URL: Final = re.compile(r"https://[!-~]{1,247}")


@dataclass(frozen=True, slots=True)
class AuthenticationToken:
    """The five fields of ``web-eid:1.0``.

    Attributes:
        certificate_der: ``unverifiedCertificate``: the user-authentication certificate. Nobody has looked at it yet.
        algorithm: ``RS256``.
        signature: over the hashes of origin and nonce.
        format: ``web-eid:1.0``.
        app_version: names the program that made the token; proves nothing.
    """

    certificate_der: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)
    format: str = FORMAT
    app_version: str = APP_VERSION

    @classmethod
    def from_authentication(cls, answer: Authentication) -> AuthenticationToken:
        """The token of what :meth:`mynacard.jpki.JpkiSession.authenticate` returned."""
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
    """The token that *text* is; nothing of it is verified.

    Raises:
        ProtocolError: shorter than 100 or longer than 10,000 characters, no JSON object of exactly the five fields,
            each once and a string, or one of them of another form.
        UnsupportedAlgorithmError: another algorithm than RS256.
    """
    if len(text) not in LENGTHS:
        raise ProtocolError(N_("This is no Web eID token: it has fewer than 100 or more than 10,000 characters."))
    fields = _fields(text)
    if fields["format"] != FORMAT:
        raise ProtocolError(N_("This is no Web eID token of version 1.0."))
    if fields["algorithm"] != ALGORITHM:
        raise UnsupportedAlgorithmError(
            N_("The token is signed with another algorithm than {algorithm}."), algorithm=ALGORITHM
        )
    if not _URL.fullmatch(fields["appVersion"]):
        raise ProtocolError(N_("This is no Web eID token: its appVersion is no URL."))
    certificate, signature = _decoded(fields["unverifiedCertificate"]), _decoded(fields["signature"])
    return AuthenticationToken(certificate, ALGORITHM, signature, FORMAT, fields["appVersion"])


def verify_signature(token: AuthenticationToken, origin: str, nonce: str) -> Step:
    """Whether the key of the token's certificate signed *origin* and *nonce*.

    This is the signature **alone**: anybody can make a certificate. A portal also asks :func:`mynacard.trust.check`
    for the certificate, and takes every nonce once, from the session it gave it to, and soon.

    Raises:
        UsageError: the origin or the nonce is none.
        CertificateFileError: the token holds no certificate, or a signature of another length than its key gives.
        UnsupportedAlgorithmError: another algorithm than RS256, or another key than RSA of 2048 to 8192 bits.
    """
    if (token.format, token.algorithm) != (FORMAT, ALGORITHM):
        raise UnsupportedAlgorithmError(
            N_("The token is signed with another algorithm than {algorithm}."), algorithm=ALGORITHM
        )
    digest = authentication.digest(origin, nonce)
    certificate = certificates.load(token.certificate_der)
    if primitive.signed(certificate, token.signature, digest, HashAlgorithm.SHA256):
        return good(N_("The token answers this challenge of this site."))
    return bad(N_("The token does not answer this challenge of this site."))


def _fields(text: str) -> dict[str, str]:
    try:
        pairs: object = json.loads(text, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        raise ProtocolError(N_("This is no Web eID token: it is no JSON.")) from None
    fields: dict[str, str] = {}
    for pair in cast(tuple[object, ...], pairs) if isinstance(pairs, tuple) else ():
        match pair:
            case (str(name), str(value)) if name in _FIELDS and name not in fields:
                fields[name] = value
            case _:
                raise ProtocolError(N_("This is no Web eID token: it has not the five fields, each once and a text."))
    if fields.keys() != _FIELDS:
        raise ProtocolError(N_("This is no Web eID token: it has not the five fields, each once and a text."))
    return fields


def _decoded(text: str) -> bytes:
    """The bytes that *text* says in base64, in the one form that says them."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if not data or base64.b64encode(data).decode("ascii") != text:
        raise ProtocolError(N_("This is no Web eID token: a field is not in base64."))
    return data
