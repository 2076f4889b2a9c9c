"""TLS goes by the system's trust store: a certificate that nobody vouches for is no receiver's."""

from __future__ import annotations

import socket
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from threading import Thread

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mynacard.errors import PortalUnreachable
from mynacard.portal.web import application
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose
from mynacard.submission.outbox import Outbox
from tests.portal.people import receiver
from tests.trust.authorities import key


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of this machine, signed by itself."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    private = key("tls")
    builder = x509.CertificateBuilder(
        name, name, private.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1)
    )
    address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    found = builder.add_extension(address, critical=False).sign(private, hashes.SHA256())
    path = tmp_path / "certificate.pem"
    path.write_bytes(found.public_bytes(Encoding.PEM))
    (tmp_path / "key.pem").write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


@pytest.fixture
def url(certificate: Path) -> Generator[str]:
    made = receiver()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(
            application(made), ws="none", log_level="critical", lifespan="off", ssl_certfile=str(certificate),
            ssl_keyfile=str(certificate.with_name("key.pem")),
        )  # fmt: skip
        server = uvicorn.Server(config)
        thread = Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
    made.store.close()


def test_a_certificate_that_nobody_vouches_for_is_no_receiver_s(url: str, tmp_path: Path) -> None:
    with Client(url, Outbox(tmp_path / "outbox")) as client, pytest.raises(PortalUnreachable, match="certificate"):
        client.challenge(Purpose.SESSION)


def test_one_that_the_store_has_is(
    url: str, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Client(url, Outbox(tmp_path / "outbox")) as client:
        assert client.challenge(Purpose.SESSION).nonce


def test_plain_http_to_a_port_that_speaks_tls_is_an_error(url: str, tmp_path: Path) -> None:
    with Client(url.replace("https", "http"), Outbox(tmp_path / "outbox")) as client, pytest.raises(PortalUnreachable):
        client.challenge(Purpose.SESSION)
