"""Options that several commands share: the time, and what happens under ``--verbose``."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Final

import click
import pytest

from mynacard import cli
from mynacard.cli.options import TIME
from mynacard.signing import cms
from mynacard.texts import printable
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, process, run
from tests.trust.authorities import der
from tests.trust.test_standard_error import CHAINS

NOON: Final = datetime(2026, 12, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-12-01T12:00:00Z", NOON),
        ("2026-12-01T12:00:00", NOON),
        ("2026-12-01T12:00", NOON),
        ("2026-12-01 12:00:00+00:00", NOON),
        ("2026-12-01T21:00:00+09:00", NOON),
        ("20261201T210000+0900", NOON),
        ("2026-12-01T07:00:00.5-05:00", NOON + timedelta(seconds=0.5)),
        ("2026-12-01", NOON - timedelta(hours=12)),
    ],
)
def test_a_time_has_a_zone_or_is_in_utc(text: str, time: datetime) -> None:
    assert (TIME(text), TIME(text).tzinfo) == (time, UTC)


@pytest.mark.parametrize(
    "text",
    ["", "now", "tomorrow", "2026-13-01", "2026-12-01T25:00:00", "2026-12-01T12:00:00+25:00", "12:00", "1798761600",
     "0001-01-01T00:00:00+09:00", "9999-12-31T23:59:59-09:00", "\x1b[2J"],
)  # fmt: skip
def test_what_is_not_a_time_is_a_wrong_command_line_that_shows_one(text: str) -> None:
    with pytest.raises(click.BadParameter, match="2026-12-01T21:00:00\\+09:00") as refused:
        TIME(text)
    assert printable(refused.value.message) == refused.value.message


@pytest.mark.parametrize("words", [("verify", __file__, "--simulated"), ("residence", "verify", ".")])
def test_every_command_with_a_time_shows_an_example(words: tuple[str, ...]) -> None:
    outcome = run(*words, "--at", "tomorrow")
    assert (outcome.code, outcome.out) == (2, "")
    assert "'--at'" in outcome.complaint
    assert "2026-12-01T12:00:00Z" in outcome.complaint


def test_a_time_in_another_zone_is_the_same_time(card: CardFile, document: Path) -> None:
    signature = document.with_name("signature.p7s")
    words = ("sign", document, "-o", signature, "-r", card.reader)
    assert run(*words, "--pin-file", card.pin_file(DIGITAL_SIGNATURE)).code == 0
    end = cms.parse(signature.read_bytes()).certificate.not_valid_after_utc
    for late, code in ((timedelta(0), 71), (timedelta(seconds=1), 70)):
        for zone in (UTC, timezone(timedelta(hours=9)), timezone(-timedelta(hours=9, minutes=30))):
            at = (end + late).astimezone(zone).isoformat()
            assert run("verify", document, signature, "--simulated", "--at", at).code == code
        assert (
            run("verify", document, signature, "--simulated", "--at", f"{end + late:%Y-%m-%dT%H:%M:%SZ}").code == code
        )


# --- verbose ---


def test_verbose_shows_only_what_mynacard_logs_and_nothing_that_a_terminal_obeys() -> None:
    def logging_program() -> None:
        cli_before = logging.getLogger().handlers[:]
        try:
            cli.main()
        finally:
            assert logging.getLogger().handlers == cli_before
            logging.getLogger("mynacard.readers").debug("the reader %s\nof two lines", "\x1b[2J\x1b]0;owned\x07\u202e")
            logging.getLogger("pyhanko_certvalidator.validate").warning("said elsewhere")

    outcome = run("verify", __file__, __file__, "--simulated", "-v", program=logging_program)
    lines = outcome.err.splitlines()
    shown = "mynacard.readers: the reader \\x1b[2J\\x1b]0;owned\\x07\\u202e"
    assert lines[-2:] == [shown, "of two lines"]
    assert "elsewhere" not in outcome.err


@pytest.mark.parametrize("more", [(), ("--verbose",)])
def test_a_revocation_that_the_validator_logs_shows_no_traceback(more: tuple[str, ...], tmp_path: Path) -> None:
    (leaf, between, root), listed = CHAINS["expired"]
    names = {"leaf": der(leaf), "between": der(between), "root": der(root), "list": listed, "raw": bytes(256)}
    for name, data in names.items():
        (tmp_path / name).write_bytes(data)
    words = ("--ca", tmp_path / "between", "--crl", tmp_path / "list", "--certificate", tmp_path / "leaf")
    outcome = process("verify", tmp_path / "raw", tmp_path / "raw", *words, *more)
    assert (outcome.code, outcome.err) == (70, "")
    assert printable(outcome.out.replace("\n", "")) == outcome.out.replace("\n", "")
