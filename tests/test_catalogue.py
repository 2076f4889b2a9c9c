"""The message catalogues: valid, about texts that exist, and whole for the rooms that are finished."""

from __future__ import annotations

import re
import string
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import mynacard
from mynacard.texts import catalogue

SOURCE: Final = Path(mynacard.__file__).parent
FINISHED: Final = ("consent", "doctor", "portal", "submission")
"""Rooms that are told in Japanese, whole."""
JAPANESE: Final = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


@cache
def texts() -> dict[str, str]:
    """Every text for people, and the file that it is in."""
    marked = extract_from_dir(str(SOURCE), keywords={"N_": None, "_": None})
    return {text: file for file, _, text, _, _ in marked if isinstance(text, str)}


@cache
def japanese() -> Catalog:
    with (SOURCE / "locale/ja/LC_MESSAGES/mynacard.po").open("rb") as file:
        return read_po(file, locale="ja", abort_invalid=True)


def translated() -> list[Message]:
    return [message for message in japanese() if message.id and message.string]


def names(template: object) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(str(template)) if name}


def test_the_catalogue_is_in_order_and_valid() -> None:
    ids = [str(message.id) for message in japanese() if message.id]
    assert ids == sorted(ids)
    assert not japanese().obsolete
    assert [message.id for message in japanese() if message.fuzzy and message.id] == []
    assert [errors for _, errors in japanese().check()] == []


def test_every_translation_is_of_a_text_that_exists_and_names_the_same_details() -> None:
    assert [message.id for message in translated() if message.id not in texts()] == []
    assert [message.id for message in translated() if names(message.id) != names(message.string)] == []
    assert [message.id for message in translated() if not JAPANESE.search(str(message.string))] == []


@pytest.mark.parametrize("room", FINISHED)
def test_every_text_of_a_finished_room_is_translated(room: str) -> None:
    known = {message.id for message in translated()}
    assert [text for text, file in texts().items() if file.startswith(f"{room}/") and text not in known] == []


def test_what_is_compiled_is_what_is_written() -> None:
    """Where this fails, ``make checkable`` compiles the catalogue anew."""
    translate = catalogue("ja").gettext
    assert [message.id for message in translated() if translate(str(message.id)) != message.string] == []
