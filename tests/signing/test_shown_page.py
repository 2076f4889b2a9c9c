"""A visible signature is where its place says, upright, on the page as it is shown: poppler draws it, ink tells."""

from __future__ import annotations

import math
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard import errors
from mynacard.signing.pades import Appearance, check_signable, read, sign
from mynacard.signing.shown_page import Box, ShownPage
from mynacard.verdict import Verdict
from tests.rig.pcscd import program
from tests.signing.documents import CERTIFICATE
from tests.signing.test_cms import OnCard
from tests.signing.written import field_of, pdf_of
from tests.trust.authorities import key

BOX: Final = (20, 30, 240, 70)
RESOLUTION: Final = 72
PAGES: Final = {
    "plain": (b"0 0 300 400", b""),
    "turned 90": (b"0 0 300 400", b"/Rotate 90"),
    "turned 180": (b"0 0 300 400", b"/Rotate 180"),
    "turned 270": (b"0 0 300 400", b"/Rotate 270"),
    "turned back": (b"0 0 300 400", b"/Rotate -90"),
    "another origin": (b"500 500 800 900", b""),
    "below zero": (b"-150 -200 150 200", b"/Rotate 90"),
    "corners the other way": (b"300 400 0 0", b"/Rotate 180"),
    "cropped": (b"0 0 300 400", b"/CropBox[10 100 290 390]"),
    "cropped and turned": (b"0 0 300 400", b"/CropBox[10 100 290 390]/Rotate 270"),
    "cropped beyond": (b"0 0 300 400", b"/CropBox[-50 50 200 390]/Rotate 90"),
    "cropped, another origin, turned": (b"500 500 800 900", b"/CropBox[520 520 790 880]/Rotate 180"),
    "large units": (b"0 0 150 200", b"/UserUnit 2"),
    "large units, turned and cropped": (b"0 0 150 200", b"/UserUnit 2/Rotate 90/CropBox[5 5 150 190]"),
    "small units": (b"0 0 600 800", b"/UserUnit 0.5/Rotate 270"),
}


def ink(data: bytes, folder: Path) -> tuple[tuple[int, int], Box, list[bytes]]:
    """The size of the first page as poppler draws it, the box of what is dark, from the lower left, and the rows."""
    path = folder / "signed.pdf"
    path.write_bytes(data)
    subprocess.run(
        [program("pdftoppm"), "-gray", "-cropbox", "-singlefile", "-r", str(RESOLUTION), path, folder / "page"],
        check=True, timeout=60,
    )  # fmt: skip
    _, size, _, pixels = (folder / "page.pgm").read_bytes().split(b"\n", 3)
    width, height = map(int, size.split())
    rows = [pixels[start : start + width] for start in range(0, width * height, width)]
    dark = [(x, height - 1 - y) for y, row in enumerate(rows) for x, grey in enumerate(row) if grey < 128]
    assert dark, "nothing is visible"
    xs, ys = zip(*dark, strict=True)
    return (width, height), (min(xs), min(ys), max(xs) + 1, max(ys) + 1), rows


def unit_of(page: bytes) -> float:
    _, _, after = page.partition(b"/UserUnit ")
    return float(after.split(b"/")[0]) if after else 1.0


@pytest.mark.parametrize("page", PAGES)
def test_it_is_drawn_in_its_place_upright(page: str, tmp_path: Path) -> None:
    box, entries = PAGES[page]
    unit = unit_of(entries)  # poppler draws a unit as one point, whatever UserUnit says
    _, found, rows = ink(signed(box, entries), tmp_path)
    wanted = [edge / unit for edge in BOX]
    assert all(math.isclose(edge, place, abs_tol=1) for edge, place in zip(found, wanted, strict=True)), found
    if unit == 1:
        assert letters(rows) == letters(ink(signed(b"0 0 300 400", b""), tmp_path)[2]), "the same, however it is turned"


def letters(rows: list[bytes]) -> list[bytes]:
    """What is drawn in the box, but for the time, which changes."""
    left, bottom, right, top = BOX
    return [row[left:right] for row in rows[len(rows) - top : len(rows) - (top + bottom) // 2]]


def signed(box: bytes, entries: bytes) -> bytes:
    appearance = Appearance(box=BOX, text="Upright")
    data = sign(pdf_of(entries, box=box), CERTIFICATE, key("holder"), appearance=appearance)
    (signature,) = read(data)
    assert (signature.signature.verdict, signature.rest.verdict) == (Verdict.GOOD, Verdict.GOOD)
    return data


def test_a_field_that_the_file_has_is_drawn_upright_in_its_own_place(tmp_path: Path) -> None:
    data = pdf_of(b"/Annots[5 0 R]/Rotate 90", form=[field_of().replace(b"10 10 110 60", b"20 30 60 250")])
    made = sign(data, CERTIFICATE, key("holder"), field="Here", appearance=Appearance(text="Upright"))
    size, found, _ = ink(made, tmp_path)
    assert (size, found) == ((400, 300), (30, 240, 250, 280))


@pytest.mark.parametrize(
    ("page", "box", "size"),
    [
        ("plain", (36, 36, 301, 76), "300 by 400"),
        ("plain", (-1, 0, 100, 100), "300 by 400"),
        ("plain", (0, 0, 100, 401), "300 by 400"),
        ("turned 90", (0, 0, 100, 301), "400 by 300"),
        ("cropped", (0, 0, 281, 10), "280 by 290"),
        ("large units", (0, 0, 301, 10), "300 by 400"),
        ("small units", (0, 0, 401, 10), "400 by 300"),
    ],
)
def test_what_would_not_be_on_the_page_is_refused_with_the_page_s_size(page: str, box: Any, size: str) -> None:
    media, entries = PAGES[page]
    card = OnCard(key("holder"))
    for call in (
        lambda: check_signable(pdf_of(entries, box=media), None, Appearance(box=box)),
        lambda: sign(pdf_of(entries, box=media), CERTIFICATE, card, appearance=Appearance(box=box)),
    ):
        with pytest.raises(errors.UsageError, match=f"shows {size} points"):
            call()
    assert card.signatures == 0


@pytest.mark.parametrize(
    "field", [field_of().replace(b"10 10 110 60", b"0 0 0 0"), field_of().replace(b"10 10 110 60", b"900 900 950 950"),
              b"<</FT/Sig/T(Here)>>"], ids=["no size", "off the page", "no place"],
)  # fmt: skip
def test_a_field_without_a_place_cannot_be_visible_but_signed(field: bytes) -> None:
    data = pdf_of(b"/Annots[5 0 R]", form=[field])
    with pytest.raises(errors.UsageError, match="no place"):
        check_signable(data, "Here", Appearance())
    assert check_signable(data, "Here") == 0


@pytest.mark.parametrize(
    "entries",
    [b"/Rotate 45", b"/UserUnit 0", b"/UserUnit -1", b"/CropBox[400 0 500 10]", b"/CropBox[1 2 3]", b"/Rotate(x)"],
)
def test_a_page_without_a_size_is_a_damaged_file(entries: bytes) -> None:
    with pytest.raises(errors.PdfFileError, match="damaged"):
        check_signable(pdf_of(entries), None, Appearance(box=(0, 0, 1, 1)))
    assert check_signable(pdf_of(entries)) == 0


coordinates = st.floats(-1000, 1000)


@given(st.sampled_from([0, 90, 180, 270]), st.floats(0.1, 100), st.tuples(*[coordinates] * 4))
def test_there_and_back_is_the_same_place(rotation: int, unit: float, box: Box) -> None:
    page = ShownPage((10, 20, 310, 420), rotation, unit)
    ordered = (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))
    assert page.to_shown(page.to_page(ordered)) == pytest.approx(ordered, abs=1e-6)
