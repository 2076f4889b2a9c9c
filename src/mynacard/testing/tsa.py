"""A time-stamping authority under a CA of its own, made for tests, and kept with the test PKI in the cache folder."""

from __future__ import annotations

import base64
import contextlib
from collections.abc import Callable, Generator
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from mynacard._dataclasses import dataclass
from mynacard.doors.cache import cached, damaged, dump_key, load_key, new_serial
from mynacard.signing.timestamp import TIME_STAMP_MAX
from mynacard.simulator.individual import pki
from mynacard.simulator.individual.card_file import base64_text
from mynacard.testing.stamping import Stamper, answer
from mynacard.trust import Anchor

__all__ = ["AuthorityKeys", "TimeStampAuthority", "cached_authority"]

_FILE: Final = "time-stamp-authority.json"
_VERSION: Final = 1
_BEGAN: Final = timedelta(days=-366 * 30)
"""Before the CAs of the first generation, so that it can stamp what any simulated card has signed."""
_LASTS: Final = timedelta(days=366 * 20)
_RENEW_BEFORE: Final = timedelta(days=366 * 6)
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class AuthorityKeys:
    """The certificates of the CA and of the authority, and their keys; DER."""

    ca: bytes
    ca_key: bytes = field(repr=False)
    certificate: bytes
    key: bytes = field(repr=False)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TimeStampAuthority:
    """A time-stamping authority of the test PKI: its time stamps prove nothing outside of tests.

    Attributes:
        keys: its certificate, that of its CA, and their keys.
        clock: returns the time that it puts into time stamps.
    """

    keys: AuthorityKeys = field(repr=False)
    clock: Callable[[], datetime] = field(default=_now, repr=False)

    @property
    def ca(self) -> x509.Certificate:
        """The certificate of its CA."""
        return x509.load_der_x509_certificate(self.keys.ca)

    @property
    def certificate(self) -> x509.Certificate:
        """Its own certificate."""
        return x509.load_der_x509_certificate(self.keys.certificate)

    @property
    def anchors(self) -> tuple[Anchor, ...]:
        """The CA certificate to trust for time stamps, and for nothing else."""
        return (Anchor(self.ca, simulated=True),)

    def ask(self, request: bytes, /) -> bytes:
        """The answer to the request *request*, as :data:`mynacard.signing.timestamp.Ask` has it.

        Requests that RFC 3161 lets an authority refuse are refused in the answer.

        Raises:
            TestPkiError: its key is damaged.
        """
        time = self.clock().replace(microsecond=0)
        return answer(request, Stamper(self.certificate, _load_key(self.keys.key), new_serial(), time))

    def at(self, time: datetime) -> TimeStampAuthority:
        """The same authority, as if it were always *time*, which has a time zone: for signatures of former years."""
        return replace(self, clock=lambda: time)

    def crl(self, at: datetime) -> bytes:
        """Its CA's revocation list (DER), made at the time *at*; the list is empty.

        Raises:
            TestPkiError: the CA's key is damaged.
        """
        revoked = pki.revocation_list(self.ca, _load_key(self.keys.ca_key), (), at)
        return revoked.public_bytes(Encoding.DER)

    @contextlib.contextmanager
    def served(self) -> Generator[str, None, None]:
        """Its address on this machine while the ``with`` lasts, for programs that ask over HTTP (RFC 3161 §3.4)."""
        with ThreadingHTTPServer((_HOST, 0), _handler(self.ask)) as server:
            Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            try:
                yield f"http://{_HOST}:{server.server_port}/"
            finally:
                server.shutdown()


def cached_authority() -> TimeStampAuthority:
    """The time-stamping authority of this machine; made now if there is none or it expires soon.

    Raises:
        TestPkiError: the cache folder cannot be used.
    """
    now = _now()
    keys = cached(_FILE, _VERSION, load=lambda document: _load(document, now), make=lambda: _make(now), dump=_document)
    return TimeStampAuthority(keys)


def _handler(ask: Callable[[bytes], bytes]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # http.server's name
            response = ask(self.rfile.read(min(int(self.headers["Content-Length"] or 0), TIME_STAMP_MAX)))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(response)))
            self.end_headers()
            self.wfile.write(response)

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing: a test's output is the tester's."""

    return Handler


# --- keys and certificates ---


def _make(now: datetime) -> AuthorityKeys:
    ca_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    ca = _certificate("Time Stamping CA", ca_key, "Time Stamping CA", ca_key, now)
    certificate = _certificate("Time Stamping Authority", key, "Time Stamping CA", ca_key, now)
    return AuthorityKeys(pki.der(ca), dump_key(ca_key), pki.der(certificate), dump_key(key))


def _certificate(
    subject: str, key: rsa.RSAPrivateKey, issuer: str, issuer_key: rsa.RSAPrivateKey, now: datetime
) -> x509.Certificate:
    """The certificate of *subject* by *issuer*; if they are the same, that of a CA."""
    is_ca, (start, end) = subject == issuer, ((now + span).replace(microsecond=0) for span in (_BEGAN, _LASTS))
    builder = x509.CertificateBuilder(_name(issuer), _name(subject), key.public_key(), new_serial(), start, end)
    builder = builder.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    builder = builder.add_extension(pki.key_usage(ca=is_ca), critical=True)
    if not is_ca:  # for time stamps and nothing else, RFC 3161 §2.3
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    return builder.add_extension(of_issuer, critical=False).sign(issuer_key, hashes.SHA256())


def _name(unit: str) -> x509.Name:
    attributes = [
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, pki.ORGANIZATION),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, f"Simulated {unit}"),
    ]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])


def _document(keys: AuthorityKeys) -> dict[str, object]:
    return {name: base64_text(getattr(keys, name)) for name in AuthorityKeys.__slots__}


def _load(document: Any, now: datetime) -> AuthorityKeys | None:
    """The keys in *document*; None if they do not last long enough, or come from the future."""
    keys = AuthorityKeys(*(base64.b64decode(document[name], validate=True) for name in AuthorityKeys.__slots__))
    ca = x509.load_der_x509_certificate(keys.ca)
    lasts = ca.not_valid_after_utc - now > _RENEW_BEFORE and ca.not_valid_before_utc < now + _BEGAN + _RENEW_BEFORE
    return keys if lasts else None


def _load_key(der: bytes) -> rsa.RSAPrivateKey:
    key = load_key(der)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise damaged()
    return key
