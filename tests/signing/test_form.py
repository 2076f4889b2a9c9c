"""What is seen of a form's fields, and where; and forms that are no tree."""

from __future__ import annotations

from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name as name
from pyhanko.pdf_utils.misc import PdfReadError

from mynacard.signing.form import Field, Place, entry, fields_of, is_visible, pages_of, places, rectangle
from mynacard.signing.pdf_file import opened
from tests.signing.pdfs import pdf, updated

PDF: Any = generic


def numbers(*values: float) -> Any:
    return PDF.ArrayObject(PDF.FloatObject(str(value)) for value in values)


def widget(*corners: float, flags: int | None = None) -> Any:
    made = PDF.DictionaryObject({name("/Subtype"): name("/Widget"), name("/Rect"): numbers(*corners)})
    if flags is not None:
        made[name("/F")] = PDF.NumberObject(flags)
    return made


@pytest.mark.parametrize(
    ("corners", "flags", "seen"),
    [
        ((10, 10, 20, 20), None, True),
        ((20, 20, 10, 10), 4, True),
        ((10, 10, 10, 20), None, False),
        ((0, 0, 0, 0), 4, False),
        ((10, 10, 20, 20), 2, False),
        ((10, 10, 20, 20), 2 | 4, False),
        ((10, 10, 20, 20), 32, False),
        ((10, 10, 20, 20), 32 | 4, True),
        ((10, 10, 20, 20), 1, True),
        ((10, 10, 20), None, True),
        ((10, 10, 20, 20, 30), None, True),
        ((0, 0, 0, 0, 0), None, True),
    ],
    ids=[
        "area", "corners the other way round", "a line", "a point", "Hidden", "Hidden and Print", "NoView",
        "NoView and Print: on paper", "Invisible is for unknown kinds", "three numbers", "five numbers", "five zeros",
    ],
)  # fmt: skip
def test_a_widget_is_seen_if_its_rectangle_has_area_and_no_flag_hides_it(
    corners: tuple[float, ...], flags: int | None, seen: bool
) -> None:
    assert is_visible(widget(*corners, flags=flags)) is seen


def test_a_rectangle_is_left_bottom_right_top_whatever_its_corners() -> None:
    assert rectangle(widget(30, 5, 10, 25)) == (10, 5, 30, 25)
    assert rectangle(PDF.DictionaryObject({})) is None
    with pytest.raises(ValueError, match="unpack"):
        rectangle(widget(1, 2, 3))


def test_null_is_absent() -> None:
    assert entry(PDF.DictionaryObject({name("/V"): PDF.NullObject()}), "/V") is None
    assert entry(PDF.DictionaryObject({}), "/V") is None


def form(make: Any) -> dict[str, Field]:
    """The fields of a file to which *make* adds some."""

    def change(made: Any) -> None:
        made.root["/AcroForm"] = PDF.DictionaryObject({name("/Fields"): PDF.ArrayObject(make(made))})
        made.update_root()

    return fields_of(opened(updated(pdf(), change)).root["/AcroForm"])


def field(made: Any, title: str | None, *kids: Any, kind: str | None = "/Tx", **more: Any) -> Any:
    value = PDF.DictionaryObject({name(f"/{key}"): item for key, item in more.items()})
    if title is not None:
        value[name("/T")] = PDF.TextStringObject(title)
    if kind is not None:
        value[name("/FT")] = name(kind)
    if kids:
        value[name("/Kids")] = PDF.ArrayObject(kids)
    return made.add_object(value)


def test_fields_have_full_names_and_inherit_their_type() -> None:
    def make(made: Any) -> list[Any]:
        inner = field(made, "b[0]", kind=None, Rect=numbers(1, 1, 2, 2))
        return [field(made, "a", inner, kind="/Sig"), field(made, "c")]

    fields = form(make)
    assert {title: one.type for title, one in fields.items()} == {"a": "/Sig", "a.b[0]": "/Sig", "c": "/Tx"}
    assert (fields["a.b[0]"].is_visible, fields["a"].is_visible) == (True, False)


def test_a_field_is_seen_by_any_of_its_widgets_however_deep() -> None:
    def make(made: Any) -> list[Any]:
        deep = field(made, None, kind=None, Rect=numbers(1, 1, 2, 2))
        between = field(made, None, deep, kind=None, Rect=numbers(0, 0, 0, 0))
        return [field(made, "a", between, kind="/Sig")]

    assert form(make)["a"].is_visible


def test_a_form_that_is_no_tree_is_refused() -> None:
    def twice(made: Any) -> list[Any]:
        one = field(made, "a")
        return [one, one]

    def one_name(made: Any) -> list[Any]:
        return [field(made, "a"), field(made, "a")]

    def deep(made: Any) -> list[Any]:
        inner = field(made, "x")
        for _ in range(60):
            inner = field(made, "x", inner)
        return [inner]

    for make in (twice, one_name, deep):
        with pytest.raises(PdfReadError):
            form(make)


def test_places_are_told_by_the_page_that_lists_the_widget() -> None:
    def change(made: Any) -> None:
        shown = field(made, "shown", kind="/Sig", Subtype=name("/Widget"), Rect=numbers(1, 2, 3, 4))
        unlisted = field(made, "unlisted", kind="/Sig", Subtype=name("/Widget"), Rect=numbers(1, 2, 3, 4))
        page = made.root["/Pages"]["/Kids"][1]
        page["/Annots"] = PDF.ArrayObject([shown])
        made.update_container(page)
        fields = PDF.ArrayObject([shown, unlisted, field(made, "bare", kind="/Sig")])
        made.root["/AcroForm"] = PDF.DictionaryObject({name("/Fields"): fields})
        made.update_root()

    root = opened(updated(pdf(3), change)).root
    assert len(list(pages_of(root))) == 3
    assert places(root, fields_of(root["/AcroForm"]).values()) == (
        Place("shown", 2, (1, 2, 3, 4)), Place("unlisted", None, (1, 2, 3, 4)), Place("bare"),
    )  # fmt: skip
