"""Programs that others wrote find a simulated card where a reader would be, under ``mynacard sim exec``.

Nothing of this library runs but the door and the card. Each program is unchanged, and sees the same card as through
pcscd and a virtual reader. Seen with pcsc-lite 1.9.9, OpenSC 0.23.0, OpenSSL 3.0, OpenSSH 9.2, pcsc-tools 1.6.2 and
Java 17, as Debian 12 has them.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mynacard.doors import disk
from tests.rig import counted_card
from tests.rig.executed import apdus, sim_exec
from tests.rig.pcscd import PORT, READER, Desk, private_pcscd, program
from tests.rig.programs import (
    AUTHENTICATION,
    KEYS,
    SIGNING,
    Key,
    assert_signed,
    java,
    pkcs11,
    pkcs11_module,
    private_key,
    public_key,
    sign_with_pkcs11,
    sign_with_pkcs15,
    ssh_agent,
    with_engine,
)
from tests.rig.scard import Scard

pytestmark = pytest.mark.thorough("the programs of OpenSC, OpenSSL, OpenSSH, pcsc-tools and Java")

MESSAGE = "きょうは いい 天気です\n".encode()
NAME = "Simulated Reader 00 00"
ATR = "3b:e0:00:ff:81:31:fe:45:14"
SELECT, TRIES = "00A4040C0AD392F000260100000001", "00200098"
VERIFY, SIGN = "002000980431323334", "802A009733" + "3031300D060960864801650304020105000420" + "{digest}" + "00"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("executed")


@pytest.fixture(scope="module")
def desk(place: Path) -> Iterator[Desk]:
    """A desk with a card of its own."""
    disk.create_file(place / "card")
    with sim_exec(place / "trace", "--card", place / "card") as laid:
        yield laid


@pytest.fixture(scope="module")
def public_keys(desk: Desk, place: Path) -> dict[Key, Path]:
    return {key: public_key(desk, key, place) for key in KEYS.values()}


@pytest.fixture
def message(tmp_path: Path) -> Path:
    path = tmp_path / "message"
    path.write_bytes(MESSAGE)
    return path


@pytest.fixture
def signature(tmp_path: Path) -> Path:
    return tmp_path / "signature"


# --- they see it ---


def test_pcsc_scan_sees_the_reader_and_the_card(desk: Desk) -> None:
    assert NAME in desk.run(program("pcsc_scan"), "-r")
    seen = desk.run(program("pcsc_scan"), "-n", "-t", "1")
    assert "Card inserted" in seen
    assert ATR.replace(":", " ").upper() in seen


def test_opensc_sees_the_reader_and_recognises_the_card(desk: Desk) -> None:
    assert NAME in desk.run(program("opensc-tool"), "--list-readers")
    assert desk.run(program("opensc-tool"), "--atr").strip() == ATR
    assert desk.run(program("opensc-tool"), "--name").strip() == "jpki"


def test_opensc_lists_what_is_on_it(desk: Desk) -> None:
    dump = desk.run(program("pkcs15-tool"), "--dump")
    assert "User Authentication Key" in dump
    assert "Digital Signature Key" in dump
    tokens = desk.run(*pkcs11("--list-slots"))
    assert "JPKI (User Authentication PIN)" in tokens
    assert "JPKI (Digital Signature PIN)" in tokens


def test_ssh_sees_the_key(desk: Desk, public_keys: dict[Key, Path]) -> None:
    expected = desk.run(program("ssh-keygen"), "-i", "-m", "PKCS8", "-f", public_keys[AUTHENTICATION]).split()[:2]
    offered = desk.run(program("ssh-keygen"), "-D", pkcs11_module()).splitlines()
    assert expected in [line.split()[:2] for line in offered]


# --- they sign ---


@pytest.mark.parametrize("key", KEYS.values(), ids=list(KEYS))
def test_pkcs11_tool_signs_with_both_keys(
    desk: Desk, public_keys: dict[Key, Path], message: Path, signature: Path, key: Key
) -> None:
    desk.run(*sign_with_pkcs11(key, message, signature))
    assert_signed(desk, signature, public_keys[key], message)


def test_pkcs15_crypt_signs(desk: Desk, public_keys: dict[Key, Path], message: Path, signature: Path) -> None:
    digest = signature.with_name("digest")
    digest.write_bytes(hashlib.sha256(MESSAGE).digest())
    desk.run(*sign_with_pkcs15(digest, signature))
    assert_signed(desk, signature, public_keys[AUTHENTICATION], message)


def test_openssl_signs(desk: Desk, public_keys: dict[Key, Path], message: Path, signature: Path) -> None:
    with_engine(desk).run(  # for the other key it would ask at the terminal, once more before each signature
        program("openssl"), "dgst", "-engine", "pkcs11", "-keyform", "engine", "-sign", private_key(AUTHENTICATION),
        "-sha256", "-out", signature, message,
    )  # fmt: skip
    assert_signed(desk, signature, public_keys[AUTHENTICATION], message)


def test_an_ssh_agent_signs(desk: Desk, message: Path, tmp_path: Path) -> None:
    with ssh_agent(desk, AUTHENTICATION.pin) as agent:
        public = tmp_path / "key.pub"
        public.write_text(agent.run(program("ssh-add"), "-L").splitlines()[0] + "\n")
        agent.run(program("ssh-keygen"), "-Y", "sign", "-n", "file", "-f", public, message)
        signers = tmp_path / "signers"
        signers.write_text("holder " + public.read_text())
        verify = (
            '"$0" -Y verify -f "$1" -I holder -n file -s "$2.sig" < "$2"',
            program("ssh-keygen"),
            signers,
            message,
        )
        assert "Good" in agent.run("sh", "-c", *verify)


def test_java_signs(desk: Desk, public_keys: dict[Key, Path], message: Path, signature: Path) -> None:
    sign = SIGN.format(digest=hashlib.sha256(MESSAGE).hexdigest())
    name, atr, *answers = desk.run(*java("Smartcard.java", SELECT, TRIES, VERIFY, sign)).splitlines()
    assert (name, atr) == (NAME, ATR.replace(":", ""))
    assert answers[:3] == ["9000", "63c3", "9000"]
    signature.write_bytes(bytes.fromhex(answers[3].removesuffix("9000")))
    assert_signed(desk, signature, public_keys[AUTHENTICATION], message)


# --- and ask as much of it as through pcscd ---

Command = Callable[[Path], list[str | Path]]
COMMANDS: dict[str, Command] = {
    "opensc-tool -l": lambda _: [program("opensc-tool"), "--list-readers"],
    "opensc-tool -a": lambda _: [program("opensc-tool"), "--atr"],
    "opensc-tool -n": lambda _: [program("opensc-tool"), "--name"],
    "pkcs15-tool --dump": lambda _: [program("pkcs15-tool"), "--dump"],
    "pkcs15-tool --list-pins": lambda _: [program("pkcs15-tool"), "--list-pins"],
    "pkcs15-tool --read-certificate": lambda _: [program("pkcs15-tool"), "--read-certificate", "01"],
    "pkcs15-tool --verify-pin": lambda _: [
        program("pkcs15-tool"), "--verify-pin", "--auth-id", "01", "--pin", AUTHENTICATION.pin
    ],
    "pkcs11-tool -L": lambda _: pkcs11("--list-slots"),
    "pkcs11-tool -O": lambda _: pkcs11("--list-objects"),
    "pkcs11-tool --sign, user authentication": lambda folder: sign_with_pkcs11(
        AUTHENTICATION, folder / "message", folder / "signature"
    ),
    "pkcs11-tool --sign, digital signature": lambda folder: sign_with_pkcs11(
        SIGNING, folder / "message", folder / "signature"
    ),
    "pkcs15-crypt --sign": lambda folder: sign_with_pkcs15(folder / "digest", folder / "signature"),
    "ssh-keygen -D": lambda _: [program("ssh-keygen"), "-D", pkcs11_module()],
}  # fmt: skip


SECOND_READER = "Virtual PCD 00 01"


def asked(desk: Desk, log: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Each command, and how many APDUs it sends.

    Another client stays connected, so that the card keeps its power between two commands. Without it, the card loses
    its power and forgets the PIN of the last command only where the next one starts late: ``ssh-keygen -D`` sends 82
    APDUs or 72.
    """
    (folder / "message").write_bytes(MESSAGE)
    (folder / "digest").write_bytes(hashlib.sha256(MESSAGE).digest())
    with Scard(desk.environment) as other:
        other.connect(READER)
        for name, command in COMMANDS.items():
            before = apdus(log)
            desk.run(*command(folder))
            yield name, apdus(log) - before


# What two clients hear, one of whom has a transaction, and ends it without power; then without the other.
STEPS: dict[str, tuple[str, str, tuple[object, ...]]] = {
    "begins": ("holder", "SCardBeginTransaction", ()),
    "transmits meanwhile": ("other", "SCardTransmit", (2, list(bytes.fromhex(SELECT)))),
    "asks for the status meanwhile": ("other", "SCardStatus", ()),
    "reconnects meanwhile": ("other", "SCardReconnect", (2, 3, 0)),
    "ends meanwhile": ("other", "SCardEndTransaction", (0,)),
    "resets meanwhile": ("other", "SCardEndTransaction", (1,)),
    "asks for an attribute meanwhile": ("other", "SCardGetAttrib", (0x7FFF0003,)),
    "asks for features meanwhile": ("other", "SCardControl", (0x42000D48, [])),
    "unpowers": ("holder", "SCardEndTransaction", (2,)),
    "transmits after": ("other", "SCardTransmit", (2, list(bytes.fromhex(SELECT)))),
    "asks for the status after": ("other", "SCardStatus", ()),
    "begins after": ("other", "SCardBeginTransaction", ()),
    "ends after": ("other", "SCardEndTransaction", (0,)),
    "asks for features after": ("other", "SCardControl", (0x42000D48, [])),
    "reconnects after": ("other", "SCardReconnect", (2, 3, 0)),
    "transmits again": ("other", "SCardTransmit", (2, list(bytes.fromhex(SELECT)))),
    "reconnects directly": ("other", "SCardReconnect", (3, 0, 0)),
    "reconnects exclusively": ("other", "SCardReconnect", (1, 3, 0)),
    "reconnects in another protocol": ("other", "SCardReconnect", (2, 1, 0)),
    "reconnects with a reset": ("other", "SCardReconnect", (2, 3, 1)),
    "and was reset": ("holder", "SCardTransmit", (2, list(bytes.fromhex(SELECT)))),
    "ends what was not begun": ("other", "SCardEndTransaction", (0,)),
    "ejects what was not begun": ("other", "SCardEndTransaction", (3,)),
    "asks for the end of nothing": ("other", "SCardEndTransaction", (9,)),
    "leaves, ejecting": ("holder", "SCardDisconnect", (3,)),
    "leaves, resetting": ("other", "SCardDisconnect", (1,)),
}


def codes(desk: Desk) -> dict[str, str]:
    """What each step returns: the library does not wait for others here, but says so."""
    at_once = {**desk.environment, "PCSCLITE_NO_BLOCKING": "1"}
    with Scard(at_once) as holder, Scard(at_once) as other:
        clients = {"holder": (holder, holder.connect(READER)), "other": (other, other.connect(READER))}
        said: dict[str, str] = {}
        for step, (who, function, arguments) in STEPS.items():
            client, card = clients[who]
            said[step] = hex(client.call(function, card, *arguments)[0])
        return said


@pytest.fixture(scope="module")
def both(place: Path) -> Iterator[tuple[Desk, Desk]]:
    """Two cards alike, and two readers of the same names: through pcscd, and through the door."""
    disk.create_file(place / "one")
    disk.create_file(place / "other")
    counter = [sys.executable, counted_card.__file__, place / "one", PORT, place / "counted"]
    names = ("--reader-name", READER, "--reader-name", SECOND_READER)
    with (
        private_pcscd([str(word) for word in counter]) as real,
        sim_exec(place / "counted too", "--card", place / "other", *names) as simulated,
    ):
        yield real, simulated


def test_clients_hear_the_same_as_from_pcscd(both: tuple[Desk, Desk]) -> None:
    real, simulated = both
    assert codes(simulated) == codes(real)


def test_they_send_as_many_apdus_as_through_pcscd(both: tuple[Desk, Desk], place: Path, tmp_path: Path) -> None:
    real, simulated = both
    through_pcscd = list(asked(real, place / "counted", tmp_path))
    through_the_door = list(asked(simulated, place / "counted too", tmp_path))
    assert through_the_door == through_pcscd
    assert sum(number for _, number in through_the_door) > 300


def test_nothing_of_it_is_told_in_clear(desk: Desk, place: Path) -> None:
    desk.run(program("pkcs15-tool"), "--verify-pin", "--auth-id", "01", "--pin", AUTHENTICATION.pin)
    trace = (place / "trace").read_text("utf-8")
    assert "00 20 00 80 **\n" in trace
    assert "31 32 33 34" not in trace


def test_each_run_has_a_card_of_its_own(tmp_path: Path) -> None:
    with sim_exec(tmp_path / "a") as first, sim_exec(tmp_path / "b") as second:
        wrong = [program("pkcs15-tool"), "--verify-pin", "--auth-id", "01", "--pin", "9999"]
        first.run(*wrong, refused=True)
        tries = [
            [line for line in each.run(program("pkcs15-tool"), "--list-pins").splitlines() if "Tries left" in line][0]
            for each in (first, second)
        ]
    assert [line.split(":")[1].strip() for line in tries] == ["2", "3"]
