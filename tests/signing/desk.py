"""A desk with ``openssl cms``, which signs and verifies beside this project."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.rig.pcscd import program
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER
from tests.trust.authorities import NOW, key, pem

__all__ = ["Desk", "desk", "laid_out"]


@dataclass(frozen=True)
class Desk:
    """A directory with all files that ``openssl cms`` wants."""

    path: Path

    def openssl(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [program("openssl"), *arguments]
        return subprocess.run(
            command, cwd=self.path, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60
        )

    def done(self, *arguments: str) -> None:
        done = self.openssl(*arguments)
        assert done.returncode == 0, done.stderr

    def sign(self, *options: str, signer: str = "holder") -> bytes:
        """The signature of ``content`` that openssl makes, in DER unless *options* say otherwise."""
        self.done(
            "cms", "-sign", "-binary", "-in", "content", "-outform", "DER", "-out", "theirs",
            "-signer", f"{signer}.pem", "-inkey", f"{signer}.key", *options,
        )  # fmt: skip
        return (self.path / "theirs").read_bytes()

    def person(self, kind: str, *options: str) -> None:
        """Make ``KIND.key``, with ``openssl genpkey`` and *options*, and its self-signed ``KIND.pem``."""
        self.done("genpkey", *options, "-out", f"{kind}.key")
        self.done("req", "-x509", "-new", "-key", f"{kind}.key", "-subj", f"/CN={kind}", "-out", f"{kind}.pem")

    def verifies(self, signature: bytes, content: bytes, *options: str, around: bool = False) -> bool:
        """Whether openssl accepts *signature* of *content*, which it holds if it is *around* it."""
        (self.path / "signature").write_bytes(signature)
        (self.path / "other").write_bytes(content)
        done = self.openssl(
            "cms", "-verify", "-binary", "-inform", "DER", "-in", "signature", "-CAfile", "ca.pem", "-purpose", "any",
            "-attime", f"{NOW.timestamp():.0f}", "-out", "out", *(() if around else ("-content", "other")), *options,
        )  # fmt: skip
        return done.returncode == 0


def laid_out(folder: Path) -> Desk:
    """A desk in *folder*, with ``content``, the CA's certificate, and two people's certificates and keys."""
    (folder / "content").write_bytes(DATA)
    (folder / "ca.pem").write_bytes(pem(CA.certificate))
    for name, certificate in (("holder", CERTIFICATE), ("somebody", OTHER)):
        (folder / f"{name}.pem").write_bytes(pem(certificate))
        private = key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / f"{name}.key").write_bytes(private)
    return Desk(folder)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return laid_out(tmp_path)
