"""The program itself, over pipes: it greets first and answers once; however it ends, the card is logged out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest

from mynacard import __version__
from mynacard.doors import disk
from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.jpki import DF_NAME, DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.simulator import SimulatedCard
from mynacard.simulator.powered import Around
from mynacard.trust import Verdict
from mynacard.webeid import AuthenticationToken, serving, verify_signature
from mynacard.webeid.framing import ANSWER_LENGTHS, FrameReader, frame
from mynacard.webeid.messages import (
    Answer,
    Authenticate,
    Command,
    Done,
    Failure,
    GetSigningCertificate,
    Greeting,
    Quit,
    Sign,
    SignatureMade,
    SigningCertificate,
    Token,
    decode_answer,
    encode,
)
from tests.support import CANARY, tells
from tests.webeid.extension import Extension, Home, greeted, wait_until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals and folders")

PASSWORD: Final = "KANARIE73"
PINS: Final = {USER_AUTHENTICATION.name: CANARY, DIGITAL_SIGNATURE.name: PASSWORD}
ORIGIN, NONCE = "https://portal.example", "n" * 44
LOG_IN: Final = Authenticate(NONCE, ORIGIN, "ja")
READER: Final = "Simulated Reader 00 00"
VERIFY, SIGN = 0x20, 0x2A


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card(pins=PINS)


@pytest.fixture
def home(tmp_path: Path, door: PcscliteDoor, card: SimulatedCard) -> Iterator[Home]:
    """An account at a desk with the card; afterwards the card is logged out."""
    door.plug(READER, card)
    yield Home(tmp_path, os.environ)
    wait_until(lambda: not card.state.verified)


def left(card: SimulatedCard) -> int:
    return card.pins[DF_NAME, USER_AUTHENTICATION.pin.key].tries_left


def called(home: Home, command: Command) -> Answer | None:
    with greeted(home) as extension:
        extension.send(command)
        answer = extension.answer()
        assert extension.answer() is None, "one answer"
        assert extension.ended() == ""
        return answer


# --- the beginning ---


def test_the_greeting_is_a_semantic_version_in_a_frame() -> None:
    (message,) = FrameReader(ANSWER_LENGTHS).feed(serving._greeting())
    assert decode_answer(message) == Greeting(serving.VERSION)
    assert message == encode(Greeting(serving.VERSION))
    assert re.fullmatch(r"2\.9\.0\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*", serving.VERSION)
    assert serving.VERSION.endswith(__version__.replace(".", "-"))


AT_THE_GREETING: Final = """
import os, sys
before = set(sys.modules)

def write(descriptor, data):
    print(descriptor, data.hex(), *sorted(set(sys.modules) - before), file=sys.stderr)
    os._exit(0)

os.write = write
from mynacard.webeid.serving import main
main()
"""


def test_when_it_greets_nothing_is_loaded_but_what_greets() -> None:
    done = subprocess.run([sys.executable, "-c", AT_THE_GREETING], capture_output=True, text=True, check=True)
    descriptor, data, *loaded = done.stderr.split()
    assert int(descriptor) > 2
    assert bytes.fromhex(data) == serving._greeting()
    assert loaded == ["mynacard", "mynacard._lazy", "mynacard._version", "mynacard.webeid", "mynacard.webeid.serving"]


STRAY: Final = """
import os, sys
from mynacard.webeid import running, serving

def run(source, output):
    print("stray", flush=True)
    os.system("echo stray; cat")
    os.write(output, b"answer" + os.read(source, 100))

running.run = run
serving.main()
"""


def test_standard_input_and_output_are_the_protocols_alone() -> None:
    done = subprocess.run([sys.executable, "-c", STRAY], capture_output=True, input=b"question", check=False)
    assert done.stdout == serving._greeting() + b"answerquestion"
    assert done.stderr.split() == [b"stray", b"stray"]


def test_a_host_without_a_standard_error_greets_too(tmp_path: Path) -> None:
    command = f'exec "{sys.executable}" -m mynacard.webeid.serving 2>&-'
    done = subprocess.run(["sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False)
    assert done.stdout == serving._greeting()


# --- one command, one answer ---


def test_quit_is_answered_and_the_host_is_gone(home: Home) -> None:
    assert called(home, Quit()) == Done()
    assert home.requests == []


def test_a_page_logs_in(home: Home, card: SimulatedCard) -> None:
    home.set({"pin": CANARY})
    answer = called(home, LOG_IN)
    assert isinstance(answer, Token)
    token = AuthenticationToken(answer.certificate_der, answer.algorithm, answer.signature)
    assert verify_signature(token, ORIGIN, NONCE).verdict is Verdict.GOOD
    assert not card.state.verified, "the card is closed before the answer leaves"
    assert [request["asker"] for request in home.requests] == [ORIGIN]


def test_a_page_that_may_gets_the_certificate_and_a_signature(home: Home) -> None:
    home.set({"pin": PASSWORD}, signing=frozenset({ORIGIN}))
    certificate = called(home, GetSigningCertificate(ORIGIN))
    assert isinstance(certificate, SigningCertificate)
    signed = called(home, Sign(sha256(b"a").digest(), certificate.hashes[0], certificate.certificate_der, ORIGIN))
    assert isinstance(signed, SignatureMade)
    assert [request["ask"] for request in home.requests] == ["read-signing-certificate", "sign"]


def test_a_wrong_pin_stays_in_the_dialog(home: Home, card: SimulatedCard) -> None:
    home.set({"pin": "0000"}, {"pin": CANARY})
    assert isinstance(called(home, LOG_IN), Token)
    assert [(request["tries"], request["incorrect"]) for request in home.requests] == [(3, False), (2, True)]


def test_a_card_that_comes_late_is_waited_for(home: Home, door: PcscliteDoor, card: SimulatedCard) -> None:
    home.set({"pin": CANARY})
    door.unplug(READER)
    with greeted(home) as extension:
        extension.send(LOG_IN)
        wait_until(lambda: home.requests)
        door.plug(READER)
        wait_until(lambda: len(home.requests) == 2)
        door.insert(READER, card)
        assert isinstance(extension.answer(), Token)
    assert [request.get("tell") for request in home.requests] == ["no-reader", "no-card", None]


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (frame(b"[" * 8192), Failure.NOT_A_MESSAGE),
        ((8193).to_bytes(4, sys.byteorder), Failure.NOT_A_MESSAGE),
        (frame(encode(Authenticate(NONCE[1:], ORIGIN))), Failure.BAD_ARGUMENTS),
        (frame(encode(Authenticate(NONCE, "http://localhost:8080"))), Failure.NOT_HTTPS),
        (frame(encode(GetSigningCertificate(ORIGIN))), Failure.SIGNING_NOT_ALLOWED),
    ],
)
def test_a_call_that_is_wrong_or_not_allowed_is_refused_without_a_dialog(
    home: Home, text: bytes, failure: Failure
) -> None:
    home.set({"pin": CANARY})
    with greeted(home) as extension:
        extension.write(text)
        assert extension.answer() is failure
        assert extension.ended() == ""
    assert home.requests == []


def test_a_damaged_setting_and_a_missing_script_are_failures_that_tell_a_page_nothing(home: Home) -> None:
    home.set()
    home.script.unlink()
    with greeted(home) as extension:
        extension.send(LOG_IN)
        assert extension.answer() is Failure.FAILED
        assert extension.ended() == "FileNotFoundError\n"
    next(Path(home.environment["XDG_CONFIG_HOME"]).rglob("webeid.json")).write_bytes(b"{")
    assert called(home, LOG_IN) is Failure.FAILED


def test_two_hosts_at_once_are_one_dialog_and_the_second_page_is_told_that_it_was_cancelled(
    home: Home, card: SimulatedCard
) -> None:
    home.set("hang")
    with greeted(home) as first:
        first.send(LOG_IN)
        wait_until(lambda: home.requests)
        assert called(home, Authenticate(NONCE, "https://other.example")) is Failure.CANCELLED
        assert [request["asker"] for request in home.requests] == [ORIGIN]
        first.disconnect()
        assert first.answer() is None
    assert left(card) == 3


@pytest.mark.thorough("a hundred processes")
def test_a_page_that_calls_a_hundred_times_spends_no_try(home: Home, card: SimulatedCard) -> None:
    home.set("cancelled")
    assert {called(home, LOG_IN) for _ in range(100)} == {Failure.CANCELLED}
    assert left(card) == 3


# --- the end, at every stage ---


class Gate(Around):
    """A card that stops before it answers a command with the instruction *ins*, until the gate is opened."""

    def __init__(self, card: SimulatedCard, ins: int) -> None:
        super().__init__(card)
        self._ins = ins
        self.reached = threading.Event()
        self.opened = threading.Event()

    def transmit(self, command: bytes, /) -> bytes:
        if command[1] == self._ins and len(command) > 5:
            self.reached.set()
            assert self.opened.wait(60)
        return super().transmit(command)


ENDINGS: Final[dict[str, Callable[[Extension], None]]] = {
    "end of input": Extension.disconnect,
    "SIGTERM": Extension.terminate,
    "SIGKILL": Extension.kill,
}


@pytest.fixture(params=ENDINGS)
def ending(request: pytest.FixtureRequest) -> Callable[[Extension], None]:
    return ENDINGS[request.param]


def test_it_ends_before_a_command_came(home: Home, ending: Callable[[Extension], None]) -> None:
    with greeted(home) as extension:
        ending(extension)
        assert extension.answer() is None
        assert extension.ended() == ""


def test_it_ends_in_the_middle_of_a_command(home: Home, ending: Callable[[Extension], None]) -> None:
    with greeted(home) as extension:
        extension.write(frame(encode(LOG_IN))[:-1])
        ending(extension)
        assert extension.answer() is None
        assert extension.ended() == ""
    assert home.requests == []


def test_it_ends_while_the_holder_is_asked(
    home: Home, card: SimulatedCard, ending: Callable[[Extension], None]
) -> None:
    home.set("hang")
    with greeted(home) as extension:
        extension.send(LOG_IN)
        wait_until(lambda: home.requests)
        ending(extension)
        assert extension.answer() is None
        assert extension.ended() == ""
    assert left(card) == 3
    home.set("cancelled")
    assert called(home, LOG_IN) is Failure.CANCELLED, "no dialog is left behind that would make this one busy"
    assert len(home.requests) == 2


def test_it_ends_while_the_dialog_waits_for_a_card(
    home: Home, door: PcscliteDoor, ending: Callable[[Extension], None]
) -> None:
    home.set({"pin": CANARY})
    door.unplug(READER)
    with greeted(home) as extension:
        extension.send(LOG_IN)
        wait_until(lambda: home.requests)
        ending(extension)
        assert extension.answer() is None
        assert extension.ended() == ""


@pytest.mark.parametrize("ins", [pytest.param(VERIFY, id="VERIFY"), pytest.param(SIGN, id="signature")])
def test_it_ends_while_the_card_works_and_the_card_is_logged_out(
    home: Home, door: PcscliteDoor, card: SimulatedCard, ending: Callable[[Extension], None], ins: int
) -> None:
    home.set({"pin": CANARY})
    door.unplug(READER)
    door.plug(READER, gate := Gate(card, ins))
    with greeted(home) as extension:
        extension.send(LOG_IN)
        assert gate.reached.wait(30)
        ending(extension)
        assert extension.answer() is None
        assert not tells(extension.ended())
        gate.opened.set()
    wait_until(lambda: not card.state.verified)
    assert left(card) == 3
