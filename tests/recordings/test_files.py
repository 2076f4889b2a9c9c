"""A recording in a file is its owner's, replaces nothing unasked, and is whole however its use ends."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest

from mynacard import errors
from mynacard.apdu import Channel, TriesLeft
from mynacard.jpki import USER_AUTHENTICATION, JpkiSession, masks
from mynacard.opening import open_card
from mynacard.recordings import read_recording, recording_to
from tests.jpki.cards import card_with


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "card.recording"


def test_a_recorded_card_is_opened_by_name(file: Path) -> None:
    with (
        recording_to(file, (masks.PERSONAL,), {"card": "simulated"}) as around,
        open_card("sim:", around=around) as card,
    ):
        assert JpkiSession(card).pin_status(USER_AUTHENTICATION) == TriesLeft(3)
    with open_card(f"replay:{file}") as card:
        assert JpkiSession(card).pin_status(USER_AUTHENTICATION) == TriesLeft(3)
    assert read_recording(file).about == {"card": "simulated"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_a_recording_is_its_owners_alone(file: Path) -> None:
    with recording_to(file, ()) as around:
        around(card_with())
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_existing_file_is_replaced_when_that_is_asked_for_alone(file: Path) -> None:
    file.write_text("mine")
    with pytest.raises(errors.UsageError, match="already exists"), recording_to(file, ()):
        pass
    assert file.read_text() == "mine"
    with recording_to(file, (), replace=True) as around:
        around(card_with())
    assert read_recording(file).exchanges == ()


def test_a_link_is_not_followed(file: Path) -> None:
    target = file.with_name("target")
    if sys.platform == "win32":
        pytest.skip("needs a privilege there")
    os.symlink(target, file)
    with pytest.raises(errors.UsageError), recording_to(file, ()):
        pass
    assert not target.exists()


def test_where_no_card_was_reached_there_is_no_file(file: Path) -> None:
    with pytest.raises(errors.NoCardError), recording_to(file, ()):
        raise errors.NoCardError("none")
    assert not file.exists()


def test_a_use_that_ends_in_an_error_leaves_a_whole_recording(file: Path) -> None:
    with pytest.raises(errors.PinIncorrect), recording_to(file, (masks.PERSONAL,)) as around:
        JpkiSession(Channel(around(card_with()))).verify(USER_AUTHENTICATION, "0000")
    assert read_recording(file).exchanges[-1].secret


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), recording_to(tmp_path / "none" / "file", ()):
        pass


def test_a_file_that_is_not_there_is_an_error(file: Path) -> None:
    with pytest.raises(errors.CardFileError, match="cannot be read"):
        read_recording(file)
