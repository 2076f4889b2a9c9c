"""A time-stamping authority for tests: OpenSSL's, with keys and certificates made up here."""

from __future__ import annotations

import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.rig.pcscd import program
from tests.trust.authorities import Extensions, authority, holder, key, pem, usage

FOR_TIME: Final = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
STAMPING: Final[Extensions] = [(usage("digital_signature", "content_commitment"), True), (FOR_TIME, True)]
END: Final = datetime(2045, 1, 1, tzinfo=UTC)  # OpenSSL stamps with the time of the machine that the tests run on
CA: Final = authority("time ca", organization="TIME-LIKE", end=END)
OTHER_CA: Final = authority("other time ca", organization="TIME-LIKE")
CERTIFICATE: Final = holder(CA, "time", extensions=STAMPING, serial=0x71, end=END)

_CONFIGURATION: Final = """
[tsa]
default_tsa = here
[here]
serial = serial
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_alg = sha256
"""


def answered(request: bytes, certificate: x509.Certificate = CERTIFICATE, key_name: str = "time") -> bytes:
    """The answer of an authority with *certificate*: a TimeStampResp, stamped with this machine's time."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "request").write_bytes(request)
        (folder / "serial").write_text("01\n")
        (folder / "configuration").write_text(_CONFIGURATION)
        (folder / "certificate.pem").write_bytes(pem(certificate))
        private = key(key_name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "key.pem").write_bytes(private)
        done = subprocess.run(
            [
                program("openssl"), "ts", "-reply", "-config", "configuration", "-section", "here",
                "-queryfile", "request", "-signer", "certificate.pem", "-inkey", "key.pem", "-out", "answer",
            ],
            cwd=folder, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return (folder / "answer").read_bytes()


@contextmanager
def served(status: int = 200, body: bytes | None = None, **headers: str) -> Generator[tuple[str, list[bytes]]]:
    """An authority on this machine: its address, and the requests that came. It answers *body*, or a time stamp."""
    requests: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Content-Type"] == "application/timestamp-query"
            answer = answered(requests[-1]) if body is None else body
            self.send_response(status)
            for header, value in headers.items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/stamp", requests
        finally:
            server.shutdown()
