"""This library, through a real PC/SC service."""

from __future__ import annotations

import json
import sys
from importlib.util import find_spec
from typing import cast

import pytest

from mynacard.readers.finding import VARIABLE
from tests.rig.pcscd import Desk, unavailable

pytestmark = pytest.mark.thorough("a PC/SC service with a virtual reader (pcscd, vsmartcard-vpcd, OpenSC)")

HOLDER = """
import json
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_der_x509_certificate
from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession, open_card

said = {}
with open_card() as card:
    session = JpkiSession(card)
    said["tries"] = [session.pin_status(pair).count for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE)]
    session.verify(USER_AUTHENTICATION, "1234")
    session.verify(DIGITAL_SIGNATURE, "ABC123")
    for pair in (USER_AUTHENTICATION, DIGITAL_SIGNATURE):
        said[pair.name] = load_der_x509_certificate(session.certificate_der(pair)).issuer.rfc4514_string()
    key = load_der_x509_certificate(session.certificate_der(DIGITAL_SIGNATURE)).public_key()
    key.verify(session.sign(b"a document"), b"a document", padding.PKCS1v15(), hashes.SHA256())
    said["authentication"] = len(session.authenticate("https://example.jp", "n" * 44).signature)
print(json.dumps(said))
"""
"""A program of the holder's. It signs with both keys, and goes."""


@pytest.fixture(autouse=True)
def _needs_pyscard() -> None:  # pyright: ignore[reportUnusedFunction]  # pytest finds it
    if find_spec("smartcard") is None:
        unavailable("pyscard is not installed")


def run_holder(desk: Desk, binding: str) -> dict[str, object]:
    said = desk.run("env", f"{VARIABLE}={binding}", sys.executable, "-c", HOLDER)
    return cast(dict[str, object], json.loads(said))


@pytest.mark.parametrize("binding", ["pyscard", "native"])
def test_it_reads_verifies_and_signs_with_both_keys(desk: Desk, binding: str) -> None:
    said = run_holder(desk, binding)
    assert said["tries"] == [3, 5]
    assert said["authentication"] == 256
    for name in ("user-authentication", "digital-signature"):
        assert "JPKI-SIM" in str(said[name])


@pytest.mark.parametrize("binding", ["pyscard", "native"])
def test_the_command_line_finds_the_card(desk: Desk, binding: str) -> None:
    listed = desk.run("env", f"{VARIABLE}={binding}", sys.executable, "-m", "mynacard", "pin", "status")
    assert "3" in listed
    assert "5" in listed


def test_the_doctor_finds_nothing_wrong(desk: Desk) -> None:
    findings = json.loads(desk.run(sys.executable, "-m", "mynacard", "doctor", "--json"))
    wrong = [finding["code"] for finding in findings if finding["level"] != "good"]
    browsers = [code for code in wrong if code.startswith("browser/")]  # the machine's, which may have none
    assert [code for code in wrong if code not in browsers] == ["socket/elsewhere", "card/none"]
    assert set(browsers) <= {"browser/not-set-up"}
    assert "card/jpki" in [finding["code"] for finding in findings]
