"""Real clients at a keypad, through libpcsclite: pyscard's part 10, and OpenSC's list of readers."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509 import load_der_x509_certificate

from mynacard.doors import disk
from mynacard.doors.pcsclite import Gesture, Keypad, PcscliteDoor
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.jpki import USER_AUTHENTICATION, JpkiSession
from tests.rig.pcscd import CLIENT_S, program, unavailable
from tests.support import CANARY

DATA = b"a challenge"
NAME = "A Keypad"
CLIENT = """
import json, struct, sys
from smartcard.System import readers
from smartcard.pcsc import PCSCPart10 as part10

connection = readers()[0].createConnection()
connection.connect()
features = part10.getFeatureRequest(connection)
verify = part10.hasFeature(features, part10.FEATURE_VERIFY_PIN_DIRECT)
select = list(bytes.fromhex("00A4040C0AD392F000260100000001"))
assert connection.transmit(select)[1:] == (0x90, 0x00)
template = bytes.fromhex("0020009800")
block = struct.pack("=BBBBBHBBHB3xI", 30, 30, 0x82, 0, 0, 0x0404, 2, 0, 0, 0, len(template)) + template
words = [bytes(connection.control(verify, list(block))).hex() for _ in range(int(sys.argv[1]))]
info = bytes.fromhex(sys.argv[2])
signed = connection.transmit([0x80, 0x2A, 0x00, 0x97, len(info), *info, 0x00])
print(json.dumps({
    "modify": part10.hasFeature(features, part10.FEATURE_MODIFY_PIN_DIRECT),
    "properties": len(part10.getPinProperties(connection, features)),
    "words": words, "signature": bytes(signed[0]).hex(), "status": "%02x%02x" % signed[1:],
}))
"""


def test_pyscard_has_a_pin_typed_and_signs_without_ever_having_it(door: PcscliteDoor) -> None:
    if find_spec("smartcard") is None:
        unavailable("pyscard is not installed")
    card = disk.new_card(pins={"user-authentication": CANARY, "digital-signature": "ABC123"})
    certificate = JpkiSession(card).certificate_der(USER_AUTHENTICATION)
    door.plug(NAME, card, keypad=Keypad([Gesture.CANCEL, Gesture.TIME_OUT, "0000", CANARY]))
    info = digest_info(HashAlgorithm.SHA256, HashAlgorithm.SHA256.digest(DATA)).hex()
    done = subprocess.run(
        [sys.executable, "-c", CLIENT, "4", info],
        env=door.environment(), capture_output=True, text=True, check=False, timeout=CLIENT_S,
    )  # fmt: skip
    door.unplug(NAME)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["words"] == ["6401", "6400", "63c2", "9000"]
    assert (said["status"], said["modify"]) == ("9000", 0x42330007)
    assert said["properties"]
    assert CANARY not in done.stdout + done.stderr
    key = load_der_x509_certificate(certificate).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    key.verify(bytes.fromhex(said["signature"]), DATA, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize(("keypad", "shown"), [(Keypad([]), True), (None, False)], ids=["keypad", "none"])
def test_opensc_lists_the_keypad(door: PcscliteDoor, keypad: Keypad | None, shown: bool) -> None:
    door.plug(NAME, disk.new_card(), keypad=keypad)
    said = subprocess.run(
        [program("opensc-tool"), "--list-readers"],
        env=door.environment(), capture_output=True, text=True, check=True, timeout=CLIENT_S,
    )  # fmt: skip
    door.unplug(NAME)
    assert ("PIN pad" in said.stdout) is shown
