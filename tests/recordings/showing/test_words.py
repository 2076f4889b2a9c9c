"""Each exchange in the words of the standards, by what was selected, and nothing said that is not known."""

from __future__ import annotations

import itertools

import pytest

from mynacard.apdu.masking import Range
from mynacard.recordings import Recording
from mynacard.recordings.json_lines import load
from mynacard.recordings.recording import Exchange, MaskedBytes
from mynacard.recordings.showing import KINDS, dialogue
from tests.jpki.cards import card_with
from tests.recordings.card_in_use import SELECT, timed

TEXT = "00A4040C0AD3921000310001010408"
READ = "00B0810000"


def exchange(command: str, answer: str | None = "9000", masked: tuple[Range, ...] = (), error: str = "") -> Exchange:
    told = None if answer is None else MaskedBytes(bytes.fromhex(answer), masked)
    return Exchange(bytes.fromhex(command), False, told, error)


def said(*exchanges: Exchange) -> list[str]:
    return [line.said for line in dialogue(Recording(exchanges, {}))]


def answered(*exchanges: Exchange) -> str:
    return list(dialogue(Recording(exchanges, {})))[-1].answered


@pytest.mark.parametrize(
    ("command", "words", "kind"),
    [
        ("00A40000023F00", "SELECT the MF", "select"),
        ("00A4040C02F00B", "SELECT the application F00B", "select"),
        ("00A4020C020018", "SELECT 0018 (user-authentication PIN)", "select"),
        ("00B0010010", "READ BINARY from 256, up to 16 bytes", "read"),
        ("00B2010C00", "READ RECORD 1 of 0001 (digital-signature certificate)", "read"),
        ("00CA00F000", "GET DATA of 00F0", "read"),
        ("00C0000010", "GET RESPONSE", "other"),
        ("00200080", "VERIFY of the current EF without data: how many tries are left?", "PIN"),
        ("802A00970441424344" + "00", "COMPUTE DIGITAL SIGNATURE of 4 bytes with 0017 (user-authentication key)",
         "signature"),
        ("008800970441424344" + "00", "INTERNAL AUTHENTICATE of 4 bytes with 0017 (user-authentication key)",
         "signature"),
        ("0084000008", "GET CHALLENGE", "other"),
        ("FFCA000000", "unknown: FF CA 00 00 00", "other"),
        ("", "unknown: ", "other"),
    ],
)  # fmt: skip
def test_a_command_has_its_words(command: str, words: str, kind: str) -> None:
    line = list(dialogue(Recording((exchange(SELECT), exchange(command)), {})))[-1]
    assert (line.said, line.kind) == (words, kind)
    assert line.kind in KINDS


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("0020009B", "VERIFY of 001B (digital-signature PIN)"),
        ("00240180", "CHANGE REFERENCE DATA of the current EF"),
        ("80320098", "CHANGE KEY of 0018 (user-authentication PIN)"),
        ("00820000", "MUTUAL AUTHENTICATE"),
        ("00C20000", "a command with a secret (00 C2 00 00)"),
    ],
)
def test_a_command_with_a_secret_has_its_words(header: str, words: str) -> None:
    secret = Exchange(bytes.fromhex(header), True, MaskedBytes(b"\x90\x00"))
    assert said(exchange(SELECT), secret)[-1] == words


def test_files_have_the_names_of_the_application_that_is_selected() -> None:
    assert said(exchange(READ)) == ["READ BINARY of 0001 from 0, up to 256 bytes"]
    assert "(digital-signature certificate)" in said(exchange(SELECT), exchange(READ))[-1]
    assert "(My Number)" in said(exchange(SELECT), exchange(TEXT), exchange(READ))[-1]
    assert "(digital-signature certificate)" in said(exchange(SELECT), exchange(TEXT, "6A82"), exchange(READ))[-1]
    assert "(My Number)" in said(exchange(SELECT), exchange(TEXT, "6110"), exchange(READ))[-1]


def test_what_was_selected_is_forgotten_with_the_card() -> None:
    assert "(" not in said(exchange(SELECT), exchange(READ, None, error="card-removed"), exchange(READ))[-1]


def test_what_is_masked_is_told_and_not_taken_for_bytes() -> None:
    assert answered(exchange(READ, "30820000009000", ((2, 5),))) == "5 bytes (3 masked), 9000 done"
    assert answered(exchange(READ, "30820000", ((2, 4),))) == "2 bytes (2 masked), a masked status word"
    assert answered(exchange(READ, "90")) == "no status word"


def test_no_text_of_a_recording_commands_a_terminal() -> None:
    found = answered(exchange(READ, None, error="\x1b]0;a title\x07\ud800" * 1000))
    assert found.isprintable()
    assert found.startswith("no answer: ")
    assert len(found) <= 200 + len("no answer: ")


def test_every_command_of_a_recording_has_words() -> None:
    found = load(timed(card_with(), itertools.count(0, 500_000)).encode(), "it")
    lines = list(dialogue(found))
    assert len(lines) == len(found.exchanges)
    assert not [line.said for line in lines if line.said.startswith("unknown")]
    assert {line.kind for line in lines} >= {"select", "read", "PIN", "signature"}
