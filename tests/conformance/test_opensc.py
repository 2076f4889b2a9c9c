"""OpenSC, an independent JPKI client, meets a simulated card through a real PC/SC service.

OpenSSL checks what it signs. Nothing of this library runs but the card. Seen with OpenSC 0.23.0, pcscd 1.9.9, OpenSSL
3.0 and OpenSSH 9.2, as Debian 12 has them.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.rig.pcscd import Desk, program, unavailable

pytestmark = pytest.mark.thorough("a PC/SC service with a virtual reader (pcscd, vsmartcard-vpcd, OpenSC)")

MESSAGE = "きょうは いい 天気です\n".encode()
AUTHENTICATION = ("0", "01", "1234")
SIGNING = ("1", "02", "ABC123")
"""Of each key: its PKCS #11 slot, its object identifier, and its PIN on a new simulated card."""


def read_certificate(desk: Desk, key: tuple[str, str, str], to: Path, *, with_pin: bool) -> Path:
    _, object_id, pin = key
    login = ["--verify-pin", "--auth-id", object_id, "--pin", pin] if with_pin else []
    to.write_text(desk.run(program("pkcs15-tool"), "--read-certificate", object_id, *login))
    return to


def public_key(desk: Desk, certificate: Path) -> Path:
    key = certificate.with_suffix(".pub")
    key.write_text(desk.run(program("openssl"), "x509", "-in", certificate, "-noout", "-pubkey"))
    return key


@pytest.fixture(scope="module")
def public_keys(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str, str], Path]:
    """The public key in each certificate, as OpenSC reads it and OpenSSL takes it out."""
    folder = tmp_path_factory.mktemp("keys")
    return {
        key: public_key(desk, read_certificate(desk, key, folder / f"{key[1]}.pem", with_pin=key is SIGNING))
        for key in (AUTHENTICATION, SIGNING)
    }


def assert_signed(desk: Desk, signature: Path, key: Path, message: Path) -> None:
    said = desk.run(program("openssl"), "dgst", "-sha256", "-verify", key, "-signature", signature, message)
    assert said == "Verified OK\n"


def pkcs11_module() -> Path:
    places = (Path(place) for place in ("/usr/lib", "/usr/lib64", "/usr/local/lib"))
    found = next((path for place in places for path in place.glob("**/opensc-pkcs11.so")), None)
    return found or unavailable("opensc-pkcs11.so is not installed; tools/system_packages.sh says which package has it")


def tries_left(desk: Desk) -> list[str]:
    said = desk.run(program("pkcs15-tool"), "--list-pins")
    return [line.split(":")[1].strip() for line in said.splitlines() if "Tries left" in line]


def test_the_card_is_recognised(desk: Desk) -> None:
    assert desk.run(program("opensc-tool"), "--name").strip() == "jpki"


def test_its_contents_are_listed(desk: Desk) -> None:
    dump = desk.run(program("pkcs15-tool"), "--dump")
    for label in ("User Authentication PIN", "Digital Signature PIN", "User Authentication Certificate",
                  "User Authentication Key", "Digital Signature Key"):  # fmt: skip
        assert label in dump, dump


def test_the_signing_certificate_is_readable_with_its_password_alone(desk: Desk, tmp_path: Path) -> None:
    desk.run(program("pkcs15-tool"), "--read-certificate", "02", refused=True)
    pem = read_certificate(desk, SIGNING, tmp_path / "02.pem", with_pin=True)
    assert "JPKI-SIM" in desk.run(program("openssl"), "x509", "-in", pem, "-noout", "-subject", "-issuer")


def test_the_authentication_certificate_is_readable_by_anybody(desk: Desk, tmp_path: Path) -> None:
    pem = read_certificate(desk, AUTHENTICATION, tmp_path / "01.pem", with_pin=False)
    assert "JPKI-SIM" in desk.run(program("openssl"), "x509", "-in", pem, "-noout", "-subject", "-issuer")


@pytest.mark.parametrize("key", [AUTHENTICATION, SIGNING], ids=["user-authentication", "digital-signature"])
def test_pkcs11_signs_with_both_keys(
    desk: Desk, tmp_path: Path, public_keys: dict[tuple[str, str, str], Path], key: tuple[str, str, str]
) -> None:
    slot, object_id, pin = key
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(MESSAGE)
    desk.run(
        program("pkcs11-tool"), "--module", pkcs11_module(), "--slot-index", slot, "--login", "--pin", pin,
        "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", object_id,
        "--input-file", message, "--output-file", signature,
    )  # fmt: skip
    assert_signed(desk, signature, public_keys[key], message)


def test_pkcs15_signs(desk: Desk, tmp_path: Path, public_keys: dict[tuple[str, str, str], Path]) -> None:
    message, digest, signature = tmp_path / "message", tmp_path / "digest", tmp_path / "signature"
    message.write_bytes(MESSAGE)
    digest.write_bytes(hashlib.sha256(MESSAGE).digest())
    desk.run(
        program("pkcs15-crypt"), "--sign", "--key", "01", "--pin", "1234", "--sha-256", "--pkcs1", "--raw",
        "--input", digest, "--output", signature,
    )  # fmt: skip
    assert_signed(desk, signature, public_keys[AUTHENTICATION], message)


def test_ssh_offers_the_authentication_key(desk: Desk, public_keys: dict[tuple[str, str, str], Path]) -> None:
    expected = desk.run(program("ssh-keygen"), "-i", "-m", "PKCS8", "-f", public_keys[AUTHENTICATION]).split()[:2]
    offered = desk.run(program("ssh-keygen"), "-D", pkcs11_module()).splitlines()
    assert expected in [line.split()[:2] for line in offered]


def test_a_wrong_pin_costs_a_try_and_the_right_one_gives_it_back(desk: Desk) -> None:
    assert tries_left(desk) == ["3", "5"]
    login = (program("pkcs11-tool"), "--module", pkcs11_module(), "--slot-index", "0", "--login", "--list-objects")
    assert "CKR_PIN_INCORRECT" in desk.run(*login, "--pin", "9999", refused=True)
    assert tries_left(desk) == ["2", "5"]
    desk.run(*login, "--pin", "1234")
    assert tries_left(desk) == ["3", "5"]
