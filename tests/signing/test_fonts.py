"""A visible signature in Japanese: its letters are embedded and found again; a font that lies is refused in time."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTFont

from mynacard import errors
from mynacard.signing import fonts
from mynacard.signing.pades import Appearance, Font, check_signable, read, sign
from mynacard.verdict import Verdict
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, process
from tests.cli.conftest import card, cli_folder
from tests.rig.pcscd import program
from tests.signing.documents import CERTIFICATE
from tests.signing.test_cms import OnCard
from tests.signing.test_shown_page import ink
from tests.signing.written import pdf_of
from tests.trust.authorities import key

__all__ = ["card", "cli_folder"]

TEXT = "個人番号カードで署名"
LETTERS = sorted({*TEXT, *"0123456789-:+", "在"})


def box(size: int) -> Any:
    pen: Any = TTGlyphPen(None)
    for x, y, draw in ((0, 0, pen.moveTo), (0, size, pen.lineTo), (size, size, pen.lineTo), (size, 0, pen.lineTo)):
        draw((x, y))
    pen.closePath()
    return pen.glyph()


def made(units: int = 2048, *, fs_type: int = 0, empty: str = "") -> bytes:
    """A font whose letters are boxes, half as wide as an em."""
    names = {ord(letter): f"u{ord(letter):04X}" for letter in LETTERS} | {32: "space"}
    order = [".notdef", *names.values()]
    builder: Any = FontBuilder(units, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    blank = {"space", *(names[ord(letter)] for letter in empty)}
    builder.setupGlyf({name: TTGlyphPen(None).glyph() if name in blank else box(units // 3) for name in order})
    builder.setupHorizontalMetrics({name: (units // 2, 0) for name in order})
    builder.setupHorizontalHeader(ascent=units, descent=0)
    builder.setupOS2(fsType=fs_type)
    builder.setupNameTable({"familyName": "Boxes", "styleName": "Regular", "psName": "Boxes-Regular"})
    builder.setupPost()
    output = io.BytesIO()
    builder.save(output)
    return output.getvalue()


def changed(change: Callable[[Any], None]) -> bytes:
    font, output = TTFont(io.BytesIO(made())), io.BytesIO()
    change(font)
    font.save(output)
    return output.getvalue()


def read_off(data: bytes, folder: Path) -> str:
    (folder / "signed.pdf").write_bytes(data)
    said = subprocess.run(
        [program("pdftotext"), folder / "signed.pdf", "-"], capture_output=True, check=True, timeout=60
    )
    return said.stdout.decode()


@pytest.mark.parametrize("units", [1000, 2048])
def test_the_text_is_in_the_file_and_as_wide_as_the_font_says(units: int, tmp_path: Path) -> None:
    appearance = Appearance(box=(20, 30, 260, 90), text=TEXT, font=Font(made(units)))
    check_signable(pdf_of(), None, appearance)
    card = OnCard(key("holder"))
    data = sign(pdf_of(), CERTIFICATE, card, appearance=appearance)
    (signature,) = read(data)
    assert (signature.signature.verdict, signature.rest.verdict, card.signatures) == (Verdict.GOOD, Verdict.GOOD, 1)
    assert read_off(data, tmp_path).startswith(f"{TEXT}\n20")
    _, _, rows = ink(data, tmp_path)
    inside = [row[30:250] for row in rows[len(rows) - 80 : len(rows) - 40]]
    dark = [x for row in inside for x, grey in enumerate(row) if grey < 128]
    assert max(dark) - min(dark) == pytest.approx(24.5 * 10 / 2, abs=4), "25 letters of half an em, 10 points"


def test_only_the_letters_used_are_embedded(tmp_path: Path) -> None:
    data = sign(pdf_of(), CERTIFICATE, key("holder"), appearance=Appearance(text="名", font=Font(made())))
    assert "名" in read_off(data, tmp_path)
    said = subprocess.run([program("pdffonts"), tmp_path / "signed.pdf"], capture_output=True, check=True, timeout=60)
    assert said.stdout.split()[-5:-2] == [b"yes", b"yes", b"yes"], "embedded, a subset, with its letters in Unicode"
    part = TTFont(io.BytesIO(Font(made()).part("名")))
    assert set(part.getGlyphOrder()) == {".notdef", "uni540D"}


def no_units(font: Any) -> None:
    font["head"].unitsPerEm = 1


def no_name(font: Any) -> None:
    font["name"].names = []


def no_cmap(font: Any) -> None:
    del font["cmap"]


LIES = {
    "nothing": (b"", "not a single TrueType or OpenType font"),
    "text": (b"a font, it says", "not a single"),
    "a collection": (b"ttcf" + bytes(100), "not a single"),
    "a head only": (made()[:12], "damaged"),
    "cut off": (made()[: len(made()) // 2], "damaged"),
    "zeros": (made()[:300] + bytes(len(made()) - 300), "damaged"),
    "no units": (changed(no_units), "damaged"),
    "no name": (changed(no_name), "damaged"),
    "no letters": (changed(no_cmap), "damaged"),
    "a letter that shows nothing": (made(empty="署名"), "does not have 名 署"),
    "a restricted licence": (made(fs_type=0x0002), "does not permit"),
    "no subsets": (made(fs_type=0x0100), "does not permit"),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_font_that_lies_is_refused_before_anything_is_signed(lie: str) -> None:
    data, said = LIES[lie]
    card, appearance = OnCard(key("holder")), Appearance(text=TEXT, font=Font(data))
    for call in (
        lambda: check_signable(pdf_of(), None, appearance),
        lambda: sign(pdf_of(), CERTIFICATE, card, appearance=appearance),
    ):
        with pytest.raises(errors.UsageError, match=said):
            call()
    assert card.signatures == 0


def test_a_letter_that_the_font_does_not_have_is_named() -> None:
    with pytest.raises(errors.UsageError, match="does not have 鷗"):
        check_signable(pdf_of(), None, Appearance(text="鷗", font=Font(made())))


def test_every_changed_byte_is_refused_or_harmless() -> None:
    data = made()
    for at in range(0, len(data), 41):
        try:
            Font(data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]).check(TEXT)
        except errors.UsageError:
            continue


def test_a_font_file_without_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FONT_MAX", 10)
    (tmp_path / "font").write_bytes(bytes(11))
    with pytest.raises(errors.UsageError, match="longer than 10 bytes"):
        Font.load(tmp_path / "font")


@pytest.mark.parametrize(("words", "text"), [((), TEXT), (("--text", "在"), "在")], ids=["of its own", "another"])
def test_the_command_writes_japanese_for_a_japanese_reader(
    card: CardFile, tmp_path: Path, words: tuple[str, ...], text: str
) -> None:
    document, font, output = tmp_path / "in.pdf", tmp_path / "font.ttf", tmp_path / "out.pdf"
    document.write_bytes(pdf_of())
    font.write_bytes(made())
    pin = card.pin_file(DIGITAL_SIGNATURE)
    more = ("--format", "pdf", "--visible", "--font", font, "-r", card.reader, "--pin-file", pin, *words)
    outcome = process("sign", document, "-o", output, *more, LANGUAGE="ja", LANG="ja_JP.UTF-8")
    assert outcome.code == 0, outcome.err
    assert read_off(output.read_bytes(), tmp_path).startswith(f"{text}\n20")


@pytest.mark.parametrize("words", [("--text", "x"), ("--font", __file__)])
def test_a_text_for_an_invisible_signature_is_a_mistake(card: CardFile, tmp_path: Path, words: tuple[str, ...]) -> None:
    document = tmp_path / "in.pdf"
    document.write_bytes(pdf_of())
    outcome = process("sign", document, "-o", tmp_path / "o.pdf", "--format", "pades", "-r", card.reader, *words)
    assert (outcome.code, "add --visible or --place" in outcome.err) == (2, True)
