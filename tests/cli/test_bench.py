"""``mynacard bench``: what it sends is counted to the APDU, no PIN is sent unasked, and what was measured is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from mynacard.cli.commands import bench
from mynacard.cli.secrets import PinSource
from mynacard.jpki.layout import USER_AUTHENTICATION as PAIR
from tests.cli.command_line import PIN, USER_AUTHENTICATION, CardAlong, CardFile, Outcome, run
from tests.readers.fake_scard import LOG_OUT, READER, SELECT, Desk

Along = Callable[[Callable[[bytes, bytes], bytes]], CardAlong]

STATUS = bytes((0x00, 0x20, 0x00, 0x80 | PAIR.pin.key))
REMOVED = 0x80100069
READING = ["open", "pin-status", "certificate"]


def is_read(command: bytes) -> bool:
    return command[1] == 0xB0


def is_signature(command: bytes) -> bool:
    return command[1] == 0x2A


def verifies(commands: list[bytes]) -> list[bytes]:
    return [command for command in commands if command[1] == 0x20 and len(command) > 5]


def signing(card: CardFile, *words: str, reader: str | None = None, secret: str | None = None) -> Outcome:
    pin = card.pin_file(USER_AUTHENTICATION, secret)
    return run("bench", "-r", reader or card.reader, "--signature", "--pin-file", pin, *words)


def counts(outcome: Outcome) -> dict[str, int]:
    return {step: len(found["measurements"]) for step, found in outcome.json["steps"].items()}


# --- what is sent ---


def test_a_round_is_four_apdus_and_one_select_comes_before_all(card_along: Along) -> None:
    along = card_along(lambda _, answer: answer)
    outcome = run("bench", "-r", "sim:", "--rounds", "4", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert along.sent[:1] == [SELECT]
    rounds = [along.sent[at : at + 4] for at in range(1, len(along.sent), 4)]
    assert len(rounds) == 4
    for select, status, first, rest in rounds:
        assert (select, status, is_read(first), is_read(rest)) == (SELECT, STATUS, True, True)
    assert counts(outcome) == dict.fromkeys(READING, 4)


def test_without_long_answers_the_certificate_takes_an_apdu_for_each_256_bytes_and_one(tmp_path: Path) -> None:
    path = tmp_path / "short.json"
    assert run("sim", "new", path, "--no-extended-length").code == 0
    length = len(run("cert", "export", USER_AUTHENTICATION, "--encoding", "der", "-r", f"sim:{path}").raw)
    found = run("bench", "-r", f"sim:{path}", "--json").json["steps"]["certificate"]["measurements"]
    assert {each["apdus"] for each in found} == {
        1 + -(-length // 256)
    }  # the first finds out that long ones do not pass


def test_without_signature_no_pin_is_sent_even_where_one_is_given(card: CardFile, desk: Desk) -> None:
    before = card.tries_left()
    for words in ((), ("--pin-file", card.pin_file(USER_AUTHENTICATION)), ("--pin-file", card.path / "missing")):
        assert run("bench", "-r", READER, *words).code == 0
    assert desk.verifies == []
    assert not desk.simulated.state.verified
    assert desk.SCARD_UNPOWER_CARD not in desk.dispositions["SCardEndTransaction"]
    trace = card.trace_of_a_verify
    assert run("bench", "-r", card.reader, "--pin-file", card.pin_file(USER_AUTHENTICATION)).code == 0
    assert card.trace_of_a_verify == trace
    assert card.tries_left() == before


def test_signatures_take_one_verify_and_an_apdu_each(card: CardFile, desk: Desk) -> None:
    outcome = signing(card, "--rounds", "3", "--json", reader=READER)
    assert outcome.code == 0, outcome.err
    reading, session = desk.transmitted[: 1 + 3 * 4], desk.transmitted[1 + 3 * 4 :]
    assert verifies(reading) == []
    assert [verifies([command]) != [] for command in session] == [False, False, False, False, True, *[False] * 4]
    assert [session[0], *map(is_read, session[1:3]), session[3], session[-1]] == [SELECT, True, True, STATUS, LOG_OUT]
    assert all(map(is_signature, session[5:8]))
    assert len({*session[5:8]}) == 3, "each signs another random number"
    assert desk.dispositions["SCardEndTransaction"][-1] == desk.SCARD_UNPOWER_CARD
    assert desk.nothing_is_open
    assert counts(outcome) == {**dict.fromkeys(READING, 3), "signature": 3}


def test_a_wrong_pin_costs_one_try_and_what_was_measured_is_kept(card: CardFile) -> None:
    before = card.tries_left()[USER_AUTHENTICATION]
    outcome = signing(card, "--json", secret="0000" if PIN != "0000" else "1111")
    assert outcome.code == 31
    assert outcome.err.startswith("mynacard: The user-authentication PIN is wrong")
    assert card.tries_left()[USER_AUTHENTICATION] == before - 1
    assert outcome.json["finished"] is False
    assert counts(outcome) == dict.fromkeys(READING, 5)


@pytest.mark.parametrize(("left", "code"), [(1, 33), (0, 32)])
def test_the_last_try_is_not_spent(card: CardFile, left: int, code: int) -> None:
    card.spend(USER_AUTHENTICATION, left=left)
    assert signing(card).code == code
    assert card.tries_left()[USER_AUTHENTICATION] == left


def test_a_pin_of_a_wrong_form_is_not_sent(card: CardFile) -> None:
    trace = card.trace_of_a_verify
    assert signing(card, secret="12345").code == 30
    assert card.trace_of_a_verify == trace


def test_without_a_terminal_it_is_said_before_anything_is_measured(card: CardFile, desk: Desk) -> None:
    outcome = run("bench", "-r", READER, "--signature")
    assert outcome.code == 2
    assert "--pin-file" in outcome.complaint
    assert (outcome.out, desk.transmitted) == ("", [])


def test_the_person_is_told_what_the_pin_is_for(card: CardFile, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[Any] = []

    def provider(request: Any) -> Any:
        requests.append(request)
        raise KeyboardInterrupt

    monkeypatch.setattr(PinSource, "pin", lambda _: provider)
    outcome = run("bench", "-r", card.reader, "--signature", "--rounds", "7")
    assert outcome.code == 130
    assert [request.signatures for request in requests] == [7]
    assert "log in nowhere" in requests[0].purpose


# --- what is said ---


def test_json_has_every_measurement(card: CardFile) -> None:
    found = signing(card, "--rounds", "2", "--json").json
    steps = found.pop("steps")
    assert found.pop("mynacard")
    assert found == {
        "reader": card.reader, "simulated": True, "rounds": 2, "finished": True, "refused": {},
    }  # fmt: skip
    assert list(steps) == [*READING, "signature"]
    for name, step in steps.items():
        assert set(step) == {"median_ms", "min_ms", "max_ms", "bytes_per_s", "measurements"}
        assert (step["bytes_per_s"] is not None) is (name == "certificate")
        times = [each.pop("ms") for each in step["measurements"]]
        assert step["min_ms"] == min(times) <= step["median_ms"] <= max(times) == step["max_ms"]
        first, second = step["measurements"]
        assert first == second
        assert first["apdus"] == (2 if name == "certificate" else 1)
    sent = {name: step["measurements"][0]["bytes_to_card"] for name, step in steps.items()}
    received = {name: step["measurements"][0]["bytes_from_card"] for name, step in steps.items()}
    assert sent == {"open": len(SELECT), "pin-status": 4, "certificate": 5 + 7, "signature": 57}
    assert {**received, "certificate": 0} == {"open": 2, "pin-status": 2, "certificate": 0, "signature": 258}
    assert received["certificate"] > 1000


def test_a_page_has_a_table_the_speed_of_the_certificate_and_a_bar_each(
    card: CardFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    outcome = signing(card, "--rounds", "2")
    assert (outcome.code, outcome.err) == (0, "")
    lines = outcome.out.splitlines()
    assert lines[:3] == [f"Reader: {card.reader}", "Rounds: 2", ""]
    assert lines[3].split() == ["step", "APDUs", "to", "card", "from", "card", "median", "fastest", "slowest"]
    labels = ["open and select", "PIN status", "certificate", "signature"]
    assert [line[:15].strip() for line in lines[4:8]] == labels
    assert lines[9].endswith(" bytes per second.")
    chart = lines[11:]
    assert [line[:15].strip() for line in chart] == labels
    assert all(line[17] in "▏▎▍▌▋▊▉█" for line in chart)
    assert max(map(len, lines)) <= 100


def test_one_round_is_enough(card: CardFile) -> None:
    outcome = run("bench", "-r", card.reader, "--rounds", "1")
    assert outcome.code == 0
    assert "Rounds: 1" in outcome.out


@pytest.mark.parametrize("rounds", ["0", "-1", "101", "many", "1e9"])
def test_rounds_are_bounded(card: CardFile, rounds: str) -> None:
    assert run("bench", "-r", card.reader, "--rounds", rounds).code == 2


def test_where_the_terminal_has_no_blocks_bars_are_ascii(card: CardFile) -> None:
    with mock.patch.object(bench, "has_blocks", lambda encoding: {"utf-8": False}[encoding]):
        outcome = run("bench", "-r", card.reader)
    assert outcome.out.isascii()
    assert outcome.out.splitlines()[-1].split()[1].startswith("#")


def test_the_bars_follow_the_width_of_the_terminal(card: CardFile, monkeypatch: pytest.MonkeyPatch) -> None:
    for width in (60, 140):
        monkeypatch.setenv("COLUMNS", str(width))
        chart = run("bench", "-r", card.reader).out.splitlines()[-3:]
        assert {len(line) for line in chart} == {width}


def test_a_name_commands_no_terminal(card: CardFile, desk: Desk) -> None:
    name = "A\x1b[31m Reader\r\n\u202e00 00"
    desk.readers = {name: desk.readers[READER]}
    outcome = run("bench")
    assert outcome.code == 0
    assert outcome.out.startswith("Reader: A\\x1b[31m Reader\\r\\n\\u202e00 00\nRounds: 5\n")
    assert run("bench", "--json").json["reader"] == name


def test_the_reader_is_said_by_its_whole_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", READER[:4].lower())
    found = run("bench", "--json").json
    assert (found["reader"], found["simulated"]) == (READER, False)
    assert run("bench", "-r", "another").code == 14


def test_nothing_is_said_of_progress_where_nobody_looks(card: CardFile) -> None:
    assert signing(card).err == ""


# --- what it is not for ---


def test_a_recording_is_refused(card: CardFile, tmp_path: Path) -> None:
    file = tmp_path / "card.recording"
    assert run("info", "-r", card.reader, "--record", file).code == 0
    outcome = run("bench", "-r", f"replay:{file}")
    assert outcome.code == 2
    assert outcome.complaint.startswith("A recording does not answer at a card's speed")
    assert run("bench", "-r", card.reader, "--record", tmp_path / "another").code == 2


def test_another_card_is_told_as_usual() -> None:
    assert run("bench", "-r", "sim:@residence-1-mid-term").code == 40


@pytest.mark.parametrize(
    ("persona", "left_out", "reason"),
    [
        (
            "pin-less",
            "pin-status",
            "Not measured: PIN status. This card has no user-authentication PIN (6A82), so it cannot do what needs "
            "one. The municipal office sets one, a digital-signature password only from the age of 15.",
        ),
        (
            "android-phone",
            "certificate",
            "Not measured: certificate. The card refused READ BINARY: the security status",
        ),
    ],
)
def test_what_is_not_on_every_card_is_left_out_and_told(persona: str, left_out: str, reason: str) -> None:
    outcome = run("bench", "-r", f"sim:@{persona}", "--json")
    assert (outcome.code, outcome.err) == (0, "")
    assert counts(outcome) == {step: 5 for step in READING if step != left_out}
    assert list(outcome.json["refused"]) == [left_out]
    shown = run("bench", "-r", f"sim:@{persona}")
    assert shown.code == 0
    assert len(shown.err.splitlines()) == 1
    assert shown.err.startswith(reason)
    assert ("bytes per second" in shown.out) is (left_out != "certificate")


def test_a_card_without_the_certificate_is_measured_without_it(card_along: Along) -> None:
    card_along(lambda command, answer: b"\x6a\x82" if is_read(command) else answer)
    outcome = run("bench", "-r", "sim:", "--json")
    assert outcome.code == 0
    assert list(outcome.json["refused"]) == ["certificate"]


def test_a_phone_reads_its_certificate_before_the_signatures_are_measured() -> None:
    outcome = run("bench", "-r", "sim:@android-phone", "--signature", "--pin-file", "-", "--json", stdin=b"1234\n")
    assert outcome.code == 0, outcome.err
    assert counts(outcome) == {"open": 5, "pin-status": 5, "signature": 5}
    assert {each["apdus"] for each in outcome.json["steps"]["signature"]["measurements"]} == {1}


# --- what comes between ---


def test_a_card_that_is_pulled_between_signatures_leaves_what_was_measured(card: CardFile, desk: Desk) -> None:
    desk.at_signature, desk.signatures_before = REMOVED, 2
    outcome = signing(card, "--json", reader=READER)
    assert outcome.code == 19
    assert outcome.err.startswith("mynacard: ")
    assert outcome.json["finished"] is False
    assert counts(outcome) == {**dict.fromkeys(READING, 5), "signature": 2}
    assert len(desk.verifies) == 1
    assert desk.nothing_is_open


def test_an_interrupt_between_signatures_logs_out_and_leaves_what_was_measured(card: CardFile, desk: Desk) -> None:
    desk.at_signature, desk.signatures_before = KeyboardInterrupt(), 1
    outcome = signing(card, reader=READER)
    assert outcome.code == 130
    assert outcome.err.splitlines()[0] == "It ended early; this was measured until then."
    assert outcome.err.splitlines()[-1] == "Stopped."
    assert [line[:15].strip() for line in outcome.out.splitlines()[-4:]] == [
        "open and select", "PIN status", "certificate", "signature",
    ]  # fmt: skip
    assert desk.transmitted[-1] == LOG_OUT
    assert not desk.simulated.state.verified
    assert desk.nothing_is_open


@pytest.mark.parametrize("words", [(), ("--json",)], ids=["table", "json"])
def test_where_nothing_was_measured_nothing_is_printed(desk: Desk, words: tuple[str, ...]) -> None:
    desk.fail("SCardTransmit", REMOVED)
    outcome = run("bench", *words)
    assert (outcome.code, outcome.out) == (19, "")
    assert outcome.complaint
