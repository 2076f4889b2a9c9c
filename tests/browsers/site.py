"""A web site on this computer, with a certificate that it signed itself."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.applications import Starlette

from tests.trust.authorities import key

__all__ = ["certified", "listening", "served"]


def listening() -> socket.socket:
    """A socket for a site, on a port that the kernel chose."""
    return socket.create_server(("127.0.0.1", 0))


def certified(folder: Path) -> Path:
    """A file in *folder* with a key and a certificate for ``localhost``."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now, private = datetime.now(UTC), key("tls")
    builder = x509.CertificateBuilder(
        name, name, private.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1)
    )
    address = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = builder.add_extension(address, critical=False).sign(private, hashes.SHA256())
    path = folder / "localhost.pem"
    own = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(own + certificate.public_bytes(Encoding.PEM))
    return path


@contextlib.contextmanager
def served(site: Starlette, listener: socket.socket, certificate: Path | None = None) -> Iterator[None]:
    """Serve *site* at *listener* while the ``with`` lasts: over TLS with *certificate*, else in the clear."""
    config = uvicorn.Config(site, ws="none", log_level="critical", lifespan="off", ssl_certfile=certificate)
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
