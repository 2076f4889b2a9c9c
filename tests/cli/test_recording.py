"""--record and --reader replay: on the command line."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from mynacard.personal.numbers import MyNumber
from mynacard.personal.objects import NumberFile
from mynacard.recordings import read_recording
from mynacard.simulator.individual.holder import MIHON
from mynacard.simulator.individual.images import PHOTO
from tests.cli.command_line import DIGITAL_SIGNATURE, PASSWORD, PIN, CardFile, leaks, run
from tests.readers.fake_scard import READER, Desk


def test_what_was_recorded_is_said_again(card: CardFile, tmp_path: Path) -> None:
    file = tmp_path / "card.recording"
    first = run("info", "--json", "-r", card.reader, "--record", file)
    again = run("info", "--json", "-r", f"replay:{file}")
    assert first.code == again.code == 0
    said = first.json
    del said["valid_until"]["card"]  # is in a record with the card's serial number, and so masked
    assert said == again.json
    assert read_recording(file).about["reader"] == "simulated"


def test_a_signature_is_recorded_without_the_password_and_the_name(
    card: CardFile, tmp_path: Path, document: Path
) -> None:
    file = tmp_path / "card.recording"
    secret = card.pin_file(DIGITAL_SIGNATURE)
    words = ("sign", document, "-o", tmp_path / "signature", "--pin-file", secret)
    assert run(*words, "-r", card.reader, "--record", file).code == 0
    text = file.read_text("ascii")
    assert not leaks(text)
    assert PIN.encode().hex() not in text.lower()
    assert PASSWORD.encode().hex() not in text.lower()
    assert b"MIHON".hex() not in text.lower()
    again = run(*words, "--force", "-r", f"replay:{file}")
    assert again.code == 50
    assert "personal" in again.complaint


@pytest.mark.parametrize(
    ("words", "pin"),
    [
        (("attributes",), "1234"),
        (("number",), "1234"),
        (("number", "--with", "number-a"), MIHON.my_number),
        (("face", "--with", "number-b"), MIHON.number_b.reveal().decode()),
        (("age",), MIHON.birth_date_pin.reveal().decode()),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_other_applications_say_of_the_holder_is_in_no_recording(
    card: CardFile, tmp_path: Path, words: tuple[str, ...], pin: str
) -> None:
    file, secret = tmp_path / "card.recording", tmp_path / "secret"
    secret.write_text(pin)
    outcome = run("personal", *words, "--simulated", "-r", card.reader, "--record", file, "--pin-file", secret)
    assert outcome.code == 0, outcome.err
    text = file.read_text("ascii").lower()
    personal = [MIHON.name.encode(), MIHON.address.encode()[:12], MIHON.my_number.encode(), PHOTO[:16], b"\x89PNG"]
    personal += [f"{MIHON.birth_date:%Y%m%d}".encode(), MIHON.number_b.reveal(), sha256(_number_file()).digest()]
    assert not [value for value in personal if value.hex() in text]
    assert b"9399990".hex() in text or b"9399991".hex() in text, "whose certificate it is, is shown"


def _number_file() -> bytes:
    return bytes(NumberFile(MyNumber(MIHON.my_number)))


def test_a_reader_s_card_is_recorded_too(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "card.recording"
    assert run("pin", "status", "-r", READER, "--record", file).code == 0
    assert run("apdu", "00200098", "-r", READER, "--record", file.with_suffix(".apdu")).code == 0
    assert read_recording(file).about["reader"] == READER
    assert len(read_recording(file.with_suffix(".apdu")).exchanges) == 1


def test_the_page_of_a_recording_names_the_reader_that_was_not_named_on_the_command_line(
    desk: Desk, tmp_path: Path
) -> None:
    file = tmp_path / "card.recording"
    assert run("pin", "status", "--record", file).code == 0
    assert read_recording(file).about["reader"] == READER
    assert run("trace", "show", file, "--html", tmp_path / "page.html").code == 0
    assert f"<h1>reader: {READER}, made: " in (tmp_path / "page.html").read_text("utf-8")


def test_a_card_that_the_environment_names_is_recorded_as_what_it_is(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, reader in (("sim:", "simulated"), (READER, READER)):
        file = tmp_path / f"{reader}.recording"
        monkeypatch.setenv("MYNACARD_READER", name)
        assert run("pin", "status", "--record", file).code == 0
        assert read_recording(file).about["reader"] == reader


def test_a_recording_replaces_nothing(card: CardFile, tmp_path: Path) -> None:
    file = tmp_path / "card.recording"
    file.write_text("mine")
    outcome = run("info", "-r", card.reader, "--record", file)
    assert outcome.code == 2
    assert "already exists" in outcome.complaint
    assert file.read_text() == "mine"


@pytest.mark.parametrize("content", ["", "{}\n"])
def test_a_file_that_is_no_recording_has_its_exit_code(tmp_path: Path, content: str) -> None:
    file = tmp_path / "none.recording"
    file.write_text(content)
    assert run("info", "-r", f"replay:{file}").code == 61
