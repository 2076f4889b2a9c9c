"""Prose is folded to the columns of its terminal, wherever it comes from; tables and JSON are not."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import cli
from mynacard.cli.folding import columns_of, folded
from tests.cli.command_line import CardFile, Outcome, run

NARROW: Final = 60
JAPANESE: Final = "カードの番号（右上）を入力してください。「AB12345678CD」のような形です。"


# --- lines ---


def test_a_japanese_character_takes_two_columns_and_a_mark_above_it_none() -> None:
    assert columns_of("カード: ok") == 10
    assert columns_of("カ\u3099") == 2


def test_prose_is_folded_between_words_and_keeps_its_indent() -> None:
    assert folded("    one two three", 11) == "    one two\n    three"
    assert folded("one two", 7) == "one two"


def test_japanese_is_folded_between_characters_and_no_line_begins_with_a_full_stop_or_ends_with_a_bracket() -> None:
    for width in range(20, 80):
        for line in folded(JAPANESE, width).split("\n"):
            assert columns_of(line) <= width
            assert line[0] not in "。）」"
            assert line[-1] not in "（「"


def test_a_path_stays_whole() -> None:
    path = "/" + "x" * 70
    assert folded(f"The file {path} is there.", NARROW) == f"The file\n{path}\nis there."


@given(st.text(st.sampled_from("ab 、。（「漢か\n"), max_size=60), st.integers(12, 40))
def test_a_fold_loses_nothing_but_spaces(text: str, width: int) -> None:
    assert folded(text, width).split() == text.split() or "".join(folded(text, width).split()) == "".join(text.split())
    assert all(line in text for line in folded(text, width).split("\n"))


# --- commands ---


@pytest.fixture
def names(card: CardFile, document: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The files that the commands name: all in the current folder, so that no path is wider than a line."""
    monkeypatch.chdir(document.parent)
    assert run("apply", "new", "extension", "-o", "draft").code == 0
    assert run("sim", "new", "c").code == 0
    for name, content in (("pin", "1234"), ("password", "ABC123"), ("number", "AB12345678CD")):
        Path(name).write_text(content)
    words = ("sign", document.name, "-o", "signature", "-r", "sim:c", "--pin-file", "password")
    assert run(*words).code == 0
    return {"document": document.name}


PROSE: Final = (
    "nonsense",
    "info --nonsense",
    "apdu 00A404 -r sim:",
    "apply check draft",
    "apply new change -o new-draft",
    "apply submit draft --portal http://127.0.0.1:9 --outbox outbox -r sim:c --pin-file pin --password-file password",
    "apply status --portal http://127.0.0.1:9 --outbox outbox -r sim:c --pin-file pin",
    "authenticate --origin https://a.example --nonce nonce -r sim:c --pin-file pin",
    "cert show digital-signature -r sim:c --pin-file password",
    "demo",
    "doctor",
    "doctor --language ja",
    "doctor -r sim:",
    "info -r sim:",
    "info -r sim:@no-such",
    "info -r sim:@missing-certificate",
    "info -r sim:@residence-2-permission",
    "info -r sim:missing-file",
    "info -r sim: -v",
    "personal attributes -r sim: --simulated --pin-file pin",
    "personal attributes -r sim: --pin-file pin",
    "personal attributes -r sim: --no-check --pin-file pin",
    "pin change user-authentication -r sim:c",
    "pin status -r sim:",
    "pin verify user-authentication -r sim:c --pin-file pin",
    "pin verify digital-signature -r sim:c --pin-file pin",
    "readers",
    "readers check none",
    "readers matrix none",
    "register --portal http://127.0.0.1:9 -r sim:c --pin-file pin --password-file password",
    "residence read -r sim:@residence-2-permission --number-file number -o residence",
    "residence verify -r sim:@residence-2-permission --number-file number",
    "residence verify -r sim:@residence-2-permission --number-file number --simulated",
    "sign {document} -o again -r sim:c --pin-file password",
    "sign {document} -o signature -r sim:c --pin-file password",
    "sim new d",
    "sim show c",
    "timestamp signature --url http://127.0.0.1:9 -o stamped",
    "trace show {document}",
    "verify {document} signature",
    "verify {document} signature --simulated",
    "verify {document} {document} --simulated",
)  # fmt: skip


def in_columns(count: int, command: str, monkeypatch: pytest.MonkeyPatch, names: dict[str, object]) -> Outcome:
    monkeypatch.setenv("COLUMNS", str(count))
    return run(*[word.format(**names) for word in command.split()])


def too_wide(outcome: Outcome, count: int) -> list[str]:
    """The lines wider than *count* columns, apart from a word that cannot be folded."""
    lines = (outcome.out + outcome.err).splitlines()
    return [line for line in lines if columns_of(line) > count and len(line.split()) > 1]


@pytest.mark.parametrize("command", PROSE)
def test_prose_fits_sixty_columns(command: str, monkeypatch: pytest.MonkeyPatch, names: dict[str, object]) -> None:
    outcome = in_columns(NARROW, command, monkeypatch, names)
    assert outcome.out + outcome.err
    assert too_wide(outcome, NARROW) == []


@pytest.mark.parametrize(
    "command",
    ["apdu 00A4040C0AD392F000260100000001 00B0860000 -r sim:c", "apply statuses", "readers --json", "sim personas",
     "info -r sim:c --json", "sim show c --json", "cert export user-authentication -r sim:c", "completion bash"],
)  # fmt: skip
def test_tables_json_and_bytes_are_not_folded(
    command: str, monkeypatch: pytest.MonkeyPatch, names: dict[str, object]
) -> None:
    assert in_columns(NARROW, command, monkeypatch, names).out == in_columns(1000, command, monkeypatch, names).out


def test_the_rows_of_a_table_stay_whole(monkeypatch: pytest.MonkeyPatch, names: dict[str, object]) -> None:
    lines = in_columns(NARROW, "bench -r sim:c --rounds 1 --pin-file pin", monkeypatch, names).out.splitlines()
    (header,) = [line for line in lines if line.startswith("step")]
    assert columns_of(header) > NARROW
    assert header.split()[-1] == "slowest"


def test_what_goes_to_a_file_or_a_program_is_not_folded(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, object]
) -> None:
    wide = in_columns(1000, "info -r sim:@missing-certificate", monkeypatch, names)
    monkeypatch.delenv("COLUMNS")
    assert run("info", "-r", "sim:@missing-certificate").out == wide.out
    assert too_wide(wide, NARROW)


@pytest.mark.parametrize(("width", "wide"), [("20", 60), ("60", 60), ("0", 80), ("nonsense", 80)])
def test_a_line_of_prose_has_at_least_sixty_columns(width: str, wide: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", width)
    command = click.Command("prose", callback=lambda: click.echo("words " * 40))
    assert max(map(len, run(program=lambda: cli.run(command, "prose")).out.splitlines())) == wide - wide % 6 - 1
