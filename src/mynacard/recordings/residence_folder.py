"""A residence card that was read, in a folder: its files, what they say as JSON, and its images.

The folder holds ``files/`` (each file of the card byte for byte, ``DF1-05.bin``, and ``type``, the type of the card),
``card.json``, ``signer.cer`` (the signer's certificate, if the card has one), and each image as stored and as PNG.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.errors import CardDataError, CardFileError, MissingExtraError
from mynacard.images import Image
from mynacard.images.decoding import png
from mynacard.residence import (
    LAYOUTS,
    Anchor,
    AnchorKind,
    CardFiles,
    CardNumber,
    CardType,
    Coded,
    Contents,
    Day,
    RawCode,
    Report,
    check,
    contents_of,
)
from mynacard.storage import create_file, private_folder, whole_folder
from mynacard.texts import N_, json_text

__all__ = ["TYPE_FILE", "Kept", "KeptImage", "identified", "keep", "kept_files", "report_document"]

TYPE_FILE: Final = "files/type"
"""A file that only these folders have, by its path in the folder."""

_FILES: Final = "files"
_UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class KeptImage:
    """An image in the folder.

    Attributes:
        name: the image's name, such as 'face image'.
        file: the name of the file that holds it as stored on the card.
        png: the name of the PNG file, or the error that prevented it.
    """

    name: str
    file: str
    png: str | CardDataError | MissingExtraError

    def document(self) -> dict[str, object]:
        """The image in ``card.json``."""
        if isinstance(self.png, str):
            return {"name": self.name, "file": self.file, "png": self.png}
        return {"name": self.name, "file": self.file, "png": None, "problem": self.png.code}


@dataclass(frozen=True, slots=True)
class Kept:
    """What :func:`keep` wrote.

    Attributes:
        report: the result of the check; or why the files cannot be understood: then the folder holds only them.
        images: the images in the folder.
    """

    report: Report | CardDataError
    images: tuple[KeptImage, ...] = ()


def keep(files: CardFiles, path: Path, anchors: Iterable[Anchor], *, at: datetime, wanted: AnchorKind) -> Kept:
    """Write a card into the folder *path*, whole or not at all, for its owner only. A folder there is replaced.

    Args:
        files: as read from the card.
        path: the folder, which need not exist; its parent must.
        anchors: the CAs that are trusted, as for :func:`mynacard.residence.check`.
        at: the time at which the certificates must be valid, aware of its zone.
        wanted: the kind of CA that the caller expects.

    Raises:
        UsageError: as :func:`mynacard.residence.check`, or no source describes the files of this type.
        OSError: the folder cannot be written.
    """
    with whole_folder(path) as folder:
        _write_files(files, folder / _FILES)
        try:
            contents, report = contents_of(files), check(files, anchors, at=at, wanted=wanted)
        except CardDataError as error:
            return Kept(error)
        images = tuple(_write_image(image, folder) for image in contents.images)
        if contents.certificate_der:
            create_file(folder / "signer.cer", contents.certificate_der)
        text = json_text(_document(files, contents, report, images), indent=2)
        create_file(folder / "card.json", text.encode())
        return Kept(report, images)


def kept_files(folder: Path) -> CardFiles:
    """The files of the card that :func:`keep` wrote into *folder*.

    Raises:
        CardFileError: *folder* does not hold them.
    """
    inner = folder / _FILES
    try:
        card = CardType((folder / TYPE_FILE).read_text(encoding="ascii"))
        paths = {file: inner / f"{file.place}.bin" for file in LAYOUTS[card]}
        content = {file: _read_up_to(path, file.size) for file, path in paths.items() if path.exists()}
    except (OSError, ValueError, KeyError):
        raise CardFileError(N_("{folder} does not hold a residence card that was read."), folder=str(inner)) from None
    return CardFiles(card, content)


def _read_up_to(path: Path, most: int) -> bytes:
    """The content of the file; if it is longer than *most* bytes, one byte too many, which the parser refuses."""
    with path.open("rb") as stream:
        return stream.read(most + 1)


def _write_files(files: CardFiles, folder: Path) -> None:
    private_folder(folder)
    for file, content in files.content.items():
        create_file(folder / f"{file.place}.bin", content)
    create_file(folder.parent / TYPE_FILE, files.type.value.encode())


def _write_image(image: Image, folder: Path) -> KeptImage:
    """Write *image* as stored and, if it can be converted, as PNG."""
    stem = image.name.replace(" ", "-")
    stored, converted = f"{stem}.{image.kind or 'bin'}", f"{stem}.png"
    create_file(folder / stored, image.content)
    try:
        create_file(folder / converted, png(image))
    except (CardDataError, MissingExtraError) as error:
        return KeptImage(image.name, stored, error)
    return KeptImage(image.name, stored, converted)


# --- in JSON ---------------------------------------------------------------------------------------------------


def identified(card: CardType, version: str) -> dict[str, object]:
    """What can be read without the number, in the types that JSON has: the type, the *version* of the specification."""
    return {
        "card": "residence-card",
        "type": card.value,
        "name": card.label,
        "generation": card.generation,
        "specification_version": version,
    }


def report_document(report: Report) -> dict[str, object]:
    """*report* in the types that JSON has."""
    known = report.anchor.published if report.anchor else None
    return {
        "overall": report.overall.value,
        "wanted": report.wanted.value,
        "ca": report.anchor and {
            "kind": report.anchor.kind.value, "published": known is not None,
            "serial": f"{report.anchor.certificate.parsed.serial_number:X}",
        },
        "form": report.form,
        "steps": [{"step": name, "verdict": step.verdict.value, "text": step.text()} for name, step in report.steps],
        "labels": {name: label.value for name, label in report.labels.items()},
    }  # fmt: skip


def _document(files: CardFiles, contents: Contents, report: Report, images: tuple[KeptImage, ...]) -> dict[str, object]:
    """``card.json``: the fields, each labelled with what its signature shows."""
    return {
        **identified(files.type, contents.version),
        "fields": {
            name: {"value": _json(getattr(contents, name)), "signature": label.value}
            for name, label in report.labels.items()
        },
        "check": report_document(report),
        "images": [image.document() for image in images],
        "missing": [file.name for file in files.missing],
        "unknown_objects": _unknown(files),
    }


def _unknown(files: CardFiles) -> dict[str, dict[str, str]]:
    """Data objects that no source describes, by file and tag."""
    rows = {file.place: files.needed(file).unknown for file in files.content}
    return {
        place: {f"{tag:X}": value.hex().upper() for tag, value in row.items()} for place, row in rows.items() if row
    }


def _json(value: object) -> object:
    """*value* of the contents, in the types that JSON has."""
    match value:
        case Image():
            return {"format": value.kind, "bytes": len(value.content)}
        case CardNumber():
            return value.reveal().decode()
        case Day():
            return value.raw if value.date is None else value.date.isoformat()
        case Coded():
            return {"code": value.raw, "meaning": value.meaning or _UNKNOWN}
        case RawCode():
            return {"code": value.raw, "meaning": _UNKNOWN}
        case Enum():
            return value.value
        case _ if is_dataclass(value):
            return {"kind": type(value).__name__} | {
                field.name: _json(getattr(value, field.name)) for field in fields(value)
            }
        case _:
            return value
