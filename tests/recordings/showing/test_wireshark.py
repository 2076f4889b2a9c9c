"""Wireshark's own dissector reads in an exported recording what was asked, what came back, and when."""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from mynacard.apdu.masking import Range
from mynacard.apdu.message import CommandApdu, case_on_wire
from mynacard.recordings import Recording
from mynacard.recordings.json_lines import load
from mynacard.recordings.recording import Exchange, MaskedBytes
from mynacard.recordings.showing import capture
from mynacard.recordings.showing.pcapng import COMMENT_MAX, SNAP_LENGTH
from mynacard.simulator import Traits
from tests.jpki.cards import LONG, SHORT, card_with
from tests.recordings.card_in_use import SELECT, recorded, timed
from tests.rig.pcscd import program

FIELDS = (
    "frame.time_epoch", "frame.comment", "frame.len", "iso7816.apdu.cla", "iso7816.apdu.ins", "iso7816.apdu.p1",
    "iso7816.apdu.p2", "iso7816.apdu.lc", "iso7816.apdu.body", "iso7816.apdu.le", "iso7816.apdu.sw1",
    "iso7816.apdu.sw2", "iso7816.resp_to", "iso7816.offset_first_byte", "iso7816.atr.init_char", "_ws.malformed",
)  # fmt: skip
WIRESHARK = pytest.mark.thorough("Wireshark (tshark)")
FIXED = b"\x01" * 256 + b"\x90\x00"


def wireshark(content: bytes, folder: Path, *options: str) -> str:
    """What Wireshark, without anybody's settings, says of the capture file *content*."""
    file = folder / "capture.pcapng"
    file.write_bytes(content)
    environment = {**os.environ, "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    done = subprocess.run(
        [program("tshark"), "-n", "-r", str(file), *options],
        capture_output=True, check=False, timeout=60, env=environment,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def dissected(content: bytes, folder: Path) -> list[Mapping[str, str]]:
    """The fields of each packet."""
    wanted = itertools.chain.from_iterable(("-e", name) for name in FIELDS)
    said = wireshark(content, folder, "-T", "fields", "-E", "separator=|", *wanted)
    return [dict(zip(FIELDS, line.split("|"), strict=True)) for line in said.splitlines()]


def exchange(command: str, answer: str | None = "9000", masked: tuple[Range, ...] = (), **more: object) -> Exchange:
    told = None if answer is None else MaskedBytes(bytes.fromhex(answer), masked)
    return replace(Exchange(bytes.fromhex(command), False, told), **more)  # type: ignore[arg-type]


def of(*exchanges: Exchange, **about: str) -> Recording:
    return Recording(exchanges, about)


def used(traits: Traits = LONG) -> Recording:
    """A card in use, half a millisecond for each command and between them; it answers alike on all machines."""
    found = load(timed(card_with(traits=traits), itertools.count(0, 500_000)).encode(), "it")
    return replace(found, exchanges=tuple(map(fixed, found.exchanges)))


def fixed(each: Exchange) -> Exchange:
    """*each*, without what chance decides: the signature, and whether part of a certificate begins as an ATR does."""
    assert each.answer is not None
    if each.command[:2] == b"\x80\x2a":
        return replace(each, answer=MaskedBytes(FIXED))
    if each.answer.data[0] in {0x3B, 0x3F}:
        return replace(each, answer=replace(each.answer, data=b"\x30" + each.answer.data[1:]))
    return each


# --- what is dissected -----------------------------------------------------------------------------------


def command_fields(each: Exchange) -> dict[str, str]:
    """What a dissector of short APDUs has to find in a command, by the table of bodies."""
    cla, ins, p1, p2 = (f"0x{value:02x}" for value in each.command[:4])
    if cla == "0x80":
        return {"iso7816.apdu.cla": cla}
    header = {"iso7816.apdu.cla": cla, "iso7816.apdu.ins": ins, "iso7816.apdu.p1": p1, "iso7816.apdu.p2": p2}
    if ins == "0xb0" and each.command[2] < 0x80:
        header["iso7816.offset_first_byte"] = str(int.from_bytes(each.command[2:4], "big"))
    if case_on_wire(each.command).extended:
        return header
    parsed = CommandApdu.parse(each.command)
    lengths = {"iso7816.apdu.lc": f"0x{len(parsed.data):02x}"} if parsed.data else {}
    lengths |= {"iso7816.apdu.body": parsed.data.hex()} if parsed.data else {}
    return header | lengths | ({"iso7816.apdu.le": f"0x{parsed.ne % 256:02x}"} if parsed.ne else {})


def answer_fields(answer: bytes, frame: int) -> dict[str, str]:
    status = {"iso7816.apdu.sw1": f"0x{answer[-2]:02x}", "iso7816.apdu.sw2": f"0x{answer[-1]:02x}"}
    return status | {"iso7816.resp_to": str(frame)} | ({"iso7816.apdu.body": answer[:-2].hex()} if answer[:-2] else {})


@WIRESHARK
@pytest.mark.parametrize("traits", [LONG, SHORT], ids=["long", "short"])
def test_wireshark_dissects_every_exchange(traits: Traits, tmp_path: Path) -> None:
    recording = used(traits)
    found = dissected(capture(recording), tmp_path)
    assert len(found) == 2 * len(recording.exchanges)
    for number, each in enumerate(recording.exchanges):
        asked, answered = found[2 * number : 2 * number + 2]
        assert each.answer is not None
        assert command_fields(each).items() <= asked.items()
        assert answer_fields(each.answer.data, 2 * number + 1).items() <= answered.items()
        assert float(asked["frame.time_epoch"]) == pytest.approx(number * 1e-3, abs=1e-9)
        assert float(answered["frame.time_epoch"]) == pytest.approx(number * 1e-3 + 5e-4, abs=1e-9)
    assert not [row for row in found if row["_ws.malformed"]]


@WIRESHARK
def test_wireshark_names_the_commands_in_its_list(tmp_path: Path) -> None:
    said = wireshark(capture(used(SHORT)), tmp_path)
    for words in ("Select file", "Read binary, offset 256", "Verify", "Response APDU (to Verify)", "Interface → Card"):
        assert words in said


@WIRESHARK
def test_the_words_of_the_dialogue_are_the_comments(tmp_path: Path) -> None:
    comments = [row["frame.comment"] for row in dissected(capture(used()), tmp_path)]
    for words in (
        "SELECT the application JPKI.", "READ BINARY of 0006 (token information) from 0, up to 256 bytes.",
        "VERIFY of 0018 (user-authentication PIN) without data: how many tries are left?", "256 bytes, 9000 done.",
    ):  # fmt: skip
        assert words in comments, words
    assert any(
        comment.startswith(
            "COMPUTE DIGITAL SIGNATURE of 51 bytes with 001A (digital-signature key). Wireshark dissects"
        )
        for comment in comments
    )
    assert any("Extended length: Nc 0, Ne 955;" in comment for comment in comments)


# --- what is not there -----------------------------------------------------------------------------------


@WIRESHARK
def test_a_secret_is_its_header_and_a_comment_and_a_question_for_tries_has_none(tmp_path: Path) -> None:
    rows = dissected(capture(used()), tmp_path)
    verifies = [row for row in rows if row["iso7816.apdu.ins"] == "0x20"]
    secret = [row for row in verifies if "never recorded, nor was its length" in row["frame.comment"]]
    assert {row["frame.len"] for row in verifies} == {row["frame.len"] for row in secret}  # of both the header alone
    assert len(secret) == 2
    assert len(verifies) == 4
    assert not [row for row in verifies if row["iso7816.apdu.lc"] or row["iso7816.apdu.body"]]


@WIRESHARK
def test_what_is_masked_is_zeros_and_a_comment_says_where(tmp_path: Path) -> None:
    recording = of(exchange("00B0000008", "308205A7000000009000", ((4, 6), (7, 8))))
    row = dissected(capture(recording), tmp_path)[1]
    assert row["iso7816.apdu.body"] == "308205a700000000"
    assert "masks bytes 4 to 5, 7 to 7: they are zeros here." in row["frame.comment"]


@WIRESHARK
def test_a_command_without_an_answer_is_alone_and_says_what_came(tmp_path: Path) -> None:
    lost = exchange(SELECT, None, error="card-removed", at_us=0, took_us=12_300)
    alone, _, _ = dissected(capture(of(lost, exchange("00200098", "63C3", at_us=20_000, took_us=1))), tmp_path)
    assert alone["frame.comment"].endswith("No answer came: card-removed after 12.30 ms.")
    assert alone["iso7816.apdu.ins"] == "0xa4"


@WIRESHARK
def test_without_times_all_is_at_0_and_a_comment_says_so(tmp_path: Path) -> None:
    recording = load(recorded(card_with()).encode(), "it")
    rows = dissected(capture(recording), tmp_path)
    assert {float(row["frame.time_epoch"]) for row in rows} == {0.0}
    assert [row["frame.comment"].count("has no times: all packets are at 0") for row in rows[:3]] == [1, 0, 0]
    assert (
        "after"
        not in dissected(capture(of(exchange(SELECT, None, error="card-removed"))), tmp_path)[0]["frame.comment"]
    )


@WIRESHARK
def test_the_file_says_that_it_has_no_date_and_what_was_recorded(tmp_path: Path) -> None:
    (tmp_path / "about").write_bytes(capture(of(exchange(SELECT, at_us=0, took_us=1), card="札幌")))
    done = subprocess.run(
        [program("capinfos"), "-k", str(tmp_path / "about")], capture_output=True, check=True, timeout=60
    )
    assert "a recording has no date. card: 札幌." in done.stdout.decode()


# --- what recordings may hold ----------------------------------------------------------------------------


@WIRESHARK
@pytest.mark.parametrize("first", ["3B", "3F"])
def test_an_answer_that_wireshark_takes_for_something_else_has_a_comment(first: str, tmp_path: Path) -> None:
    row = dissected(capture(of(exchange("00B0000002", f"{first}009000"))), tmp_path)[1]
    assert row["iso7816.atr.init_char"] == f"0x{first.lower()}"
    assert "takes this for an answer to reset" in row["frame.comment"]


def strange() -> Iterable[Exchange]:
    yield exchange("", "")
    yield exchange("00", "90")
    yield exchange("00B0", "9000")
    yield exchange("00B000000001")
    yield exchange("FF" * 70_000, "00" * (1 << 19))
    yield exchange(SELECT, None, error="\x1b[2J\ud800" * 100_000)
    yield exchange("00B0000000", "00" * 40_000, tuple((2 * at, 2 * at + 1) for at in range(20_000)))
    yield exchange(SELECT, at_us=(1 << 53) - 1, took_us=(1 << 53) - 1)


@WIRESHARK
def test_whatever_a_recording_holds_is_a_capture_file(tmp_path: Path) -> None:
    whole = capture(of(*strange(), name="\x00\ud800" * 100_000))
    rows = dissected(whole, tmp_path)
    assert len(rows) == 2 * 8 - 1
    assert max(len(row["frame.comment"]) for row in rows) == COMMENT_MAX
    assert all(row["frame.comment"].isprintable() for row in rows)
    assert int(rows[9]["frame.len"]) > SNAP_LENGTH  # how long it was, though only its beginning is kept
    assert float(rows[-1]["frame.time_epoch"]) == pytest.approx(2 * ((1 << 53) - 1) / 1e6)


@WIRESHARK
def test_a_recording_of_nothing_is_a_file_without_packets(tmp_path: Path) -> None:
    assert dissected(capture(of()), tmp_path) == []
