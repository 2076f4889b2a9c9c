"""A residence card in a folder: what is written where, whole or not at all, and read again as it was."""

from __future__ import annotations

import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from mynacard import errors
from mynacard.recordings.residence_folder import (
    TYPE_FILE,
    Kept,
    KeptImage,
    identified,
    keep,
    kept_files,
    report_document,
)
from mynacard.residence import AnchorKind, CardFiles, CardType, First, Report
from mynacard.verdict import Verdict
from tests.residence.authorities import NOW, anchor, signed
from tests.residence.cards import BOTH, FIRST, SECOND, changed, files


def kept(card: CardFiles, folder: Path) -> Kept:
    return keep(card, folder, (), at=NOW, wanted=AnchorKind.PRODUCTION)


def card_json(folder: Path) -> Any:
    return json.loads((folder / "card.json").read_text("utf-8"))


@pytest.mark.parametrize("name", BOTH)
def test_the_files_are_read_again_as_they_were(name: str, tmp_path: Path) -> None:
    kept(files(name), tmp_path / "card")
    assert kept_files(tmp_path / "card") == files(name)


def test_each_file_has_its_place(tmp_path: Path) -> None:
    card = kept(files(SECOND), tmp_path / "card")
    inner = {f"{file.place}.bin" for file in files(SECOND).content} | {"type"}
    assert {path.name for path in (tmp_path / "card" / "files").iterdir()} == inner
    pictures = {name for image in card.images for name in (image.file, image.png)}
    assert {path.name for path in (tmp_path / "card").iterdir()} == {"files", "card.json", "signer.cer", *pictures}
    assert (tmp_path / "card" / TYPE_FILE).read_text() == "05"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_open_the_folder(tmp_path: Path) -> None:
    kept(files(), tmp_path / "card")
    assert stat.S_IMODE((tmp_path / "card").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "card" / "files").stat().st_mode) == 0o700


def test_the_report_that_is_given_is_the_one_that_is_written(tmp_path: Path) -> None:
    card = keep(signed(2), tmp_path / "card", (anchor(2),), at=NOW, wanted=AnchorKind.PRODUCTION)
    assert isinstance(card.report, Report)
    assert card.report.overall is Verdict.GOOD
    document = card_json(tmp_path / "card")
    assert document["check"] == json.loads(json.dumps(report_document(card.report)))
    assert {name: value["signature"] for name, value in document["fields"].items()} == document["check"]["labels"]
    assert document["images"] == [image.document() for image in card.images]


def test_the_document_begins_with_what_can_be_read_freely(tmp_path: Path) -> None:
    kept(files(FIRST), tmp_path / "card")
    document, free = card_json(tmp_path / "card"), identified(CardType.RESIDENCE_CARD, "0001")
    assert {name: document[name] for name in free} == free


def test_files_that_cannot_be_understood_are_kept_without_a_document(tmp_path: Path) -> None:
    damaged = changed(files(), {First.ADDRESS: b"\xff" * First.ADDRESS.size})
    card = kept(damaged, tmp_path / "card")
    assert isinstance(card.report, errors.CardDataError)
    assert card.images == ()
    assert [path.name for path in (tmp_path / "card").iterdir()] == ["files"]
    assert kept_files(tmp_path / "card") == damaged


def test_an_image_that_cannot_be_converted_is_kept_as_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    image = kept(files(), tmp_path / "card").images[0]
    assert isinstance(image.png, errors.MissingExtraError)
    assert image.document()["problem"] == image.png.code
    assert (tmp_path / "card" / image.file).exists()


def test_an_image_without_a_problem_does_not_mention_one() -> None:
    image = KeptImage("face image", "face-image.jp2", "face-image.png")
    assert image.document() == {"name": "face image", "file": "face-image.jp2", "png": "face-image.png"}


def test_after_an_error_the_former_folder_is_there(tmp_path: Path) -> None:
    kept(files(FIRST), tmp_path / "card")
    with pytest.raises(errors.UsageError):
        keep(files(SECOND), tmp_path / "card", (), at=NOW.replace(tzinfo=None), wanted=AnchorKind.PRODUCTION)
    assert kept_files(tmp_path / "card") == files(FIRST)
    assert [path.name for path in tmp_path.iterdir()] == ["card"]


def test_a_file_that_is_too_long_is_not_read_whole(tmp_path: Path) -> None:
    kept(files(), tmp_path / "card")
    (tmp_path / "card" / "files" / f"{First.ADDRESS.place}.bin").write_bytes(bytes(100_000))
    assert len(kept_files(tmp_path / "card").content[First.ADDRESS]) == First.ADDRESS.size + 1


@pytest.mark.parametrize("content", [None, b"99", b"", b"\xff"])
def test_another_folder_does_not_hold_a_card(content: bytes | None, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "files").mkdir()
        (tmp_path / TYPE_FILE).write_bytes(content)
    with pytest.raises(errors.CardFileError, match="does not hold a residence card"):
        kept_files(tmp_path)
