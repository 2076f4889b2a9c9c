"""Other projects' programs, and the commands with which they read a card or sign with it."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.rig.pcscd import CLIENT_S, Desk, program, unavailable

HERE: Final = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a new simulated card, as OpenSC shows it: PKCS #11 slot and token, object identifier, PIN."""

    slot: str
    token: str
    object_id: str
    pin: str


AUTHENTICATION: Final = Key("0", "JPKI%20%28User%20Authentication%20PIN%29", "01", "1234")
SIGNING: Final = Key("1", "JPKI%20%28Digital%20Signature%20PIN%29", "02", "ABC123")
KEYS: Final = {"user-authentication": AUTHENTICATION, "digital-signature": SIGNING}


def found(*patterns: str) -> Path | None:
    """The first library or folder that matches, in the places where systems keep them; None if there is none."""
    places = (Path(place) for place in ("/usr/lib", "/usr/lib64", "/usr/local/lib"))
    return next((path for place in places for pattern in patterns for path in sorted(place.glob(pattern))), None)


def pkcs11_module() -> Path:
    return found("**/opensc-pkcs11.so") or unavailable("opensc-pkcs11.so is not installed (package opensc-pkcs11)")


def pkcs11(*words: str | Path) -> list[str | Path]:
    return [program("pkcs11-tool"), "--module", pkcs11_module(), *words]


def sign_with_pkcs11(key: Key, message: Path, signature: Path) -> list[str | Path]:
    return pkcs11(
        "--slot-index", key.slot, "--login", "--pin", key.pin, "--sign", "--mechanism", "SHA256-RSA-PKCS",
        "--id", key.object_id, "--input-file", message, "--output-file", signature,
    )  # fmt: skip


def sign_with_pkcs15(digest: Path, signature: Path) -> list[str | Path]:
    return [
        program("pkcs15-crypt"), "--sign", "--key", "01", "--pin", "1234", "--sha-256", "--pkcs1", "--raw",
        "--input", digest, "--output", signature,
    ]  # fmt: skip


def public_key(desk: Desk, key: Key, folder: Path) -> Path:
    """The public key in the certificate of *key*, as OpenSC reads it and OpenSSL takes it out."""
    login = ["--verify-pin", "--auth-id", key.object_id, "--pin", key.pin] if key is SIGNING else []
    certificate, public = folder / f"{key.object_id}.pem", folder / f"{key.object_id}.pub"
    certificate.write_text(desk.run(program("pkcs15-tool"), "--read-certificate", key.object_id, *login))
    public.write_text(desk.run(program("openssl"), "x509", "-in", certificate, "-noout", "-pubkey"))
    return public


def assert_signed(desk: Desk, signature: Path, key: Path, message: Path) -> None:
    said = desk.run(program("openssl"), "dgst", "-sha256", "-verify", key, "-signature", signature, message)
    assert said == "Verified OK\n"


def with_engine(desk: Desk) -> Desk:
    """*desk* for OpenSSL, which asks OpenSC for keys."""
    if found("**/engines-3/pkcs11.so", "**/engines-3/libpkcs11.so") is None:
        unavailable("OpenSSL's engine for PKCS #11 is not installed (package libengine-pkcs11-openssl)")
    return replace(desk, environment={**desk.environment, "PKCS11_MODULE_PATH": str(pkcs11_module())})


def private_key(key: Key) -> str:
    """The name by which OpenSSL's engine finds *key*; both tokens are on one reader."""
    return f"pkcs11:token={key.token};id=%{key.object_id};type=private;pin-value={key.pin}"


@contextlib.contextmanager
def ssh_agent(desk: Desk, pin: str) -> Iterator[Desk]:
    """*desk* with OpenSSH's agent, which has the card and its PIN."""
    with tempfile.TemporaryDirectory(prefix="agent-", dir="/tmp") as folder:
        asked = Path(folder, "ask")
        asked.write_text(f"#!/bin/sh\necho {pin}\n")
        asked.chmod(0o700)
        agent = {**desk.environment, "SSH_AUTH_SOCK": f"{folder}/agent", "SSH_ASKPASS": str(asked)}
        ours = replace(desk, environment=agent | {"SSH_ASKPASS_REQUIRE": "force"})
        with subprocess.Popen(
            [program("ssh-agent"), "-D", "-a", f"{folder}/agent"],
            env=desk.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            process.stdout.readline()  # it prints its address once it listens
            try:
                ours.run(program("ssh-add"), "-s", pkcs11_module())
                yield ours
            finally:
                process.terminate()
                process.wait(CLIENT_S)


def java(source: str, *words: str) -> list[str | Path]:
    """The command that runs *source*, a program of one file, with pcsc-lite's library."""
    library = found("**/libpcsclite.so.1") or unavailable("libpcsclite1 is not installed")
    return [program("java"), f"-Dsun.security.smartcardio.library={library}", HERE / source, *words]
