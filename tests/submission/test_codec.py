"""JSON and values: the same both ways, and every mistake named with its place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import MynacardError
from mynacard.submission import codec
from mynacard.submission.application import Application
from mynacard.submission.codec import DOCUMENT_MAX, FormError, decode, encode, loads
from tests.submission.applications import EXTENSION, application

DOCUMENT: dict[str, Any] = encode(EXTENSION)


def read(document: object) -> Application:
    return loads(Application, json.dumps(document).encode())


def mistakes(document: bytes) -> list[tuple[str, str]]:
    with pytest.raises(FormError) as raised:
        loads(Application, document)
    return [(each.field, each.code) for each in raised.value.violations]


@pytest.mark.parametrize("kind", ["coe", "change", "extension", "acquisition", "work_certificate"])
def test_an_application_comes_back_as_it_was(kind: str) -> None:
    for actor in ("self", "professional"):
        found = replace(
            application(kind, ("reentry",), actor, target="student"), extra={"n": [1, {"ä": None}, True, "x"]}
        )
        assert read(encode(found)) == found
        assert decode(Application, encode(found)) == found


def test_what_has_its_default_is_left_out() -> None:
    assert "riders" not in DOCUMENT
    assert "extra" not in DOCUMENT
    assert "married" in DOCUMENT["person"]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"more": 1}, [("/more", "form/unknown-field")]),
        ({"a/b~": 1}, [("/a~1b~0", "form/unknown-field")]),
        ({"kind": "visit"}, [("/kind", "form/choice")]),
        ({"kind": 1}, [("/kind", "form/choice")]),
        ({"intent_confirmed": 1}, [("/intent_confirmed", "form/type")]),
        ({"intent_confirmed": "true"}, [("/intent_confirmed", "form/type")]),
        ({"riders": "reentry"}, [("/riders", "form/type")]),
        ({"riders": {}}, [("/riders", "form/type")]),
        ({"riders": ["reentry", "x", None]}, [("/riders/1", "form/choice"), ("/riders/2", "form/choice")]),
        ({"riders": ["reentry"] * 201}, [("/riders", "form/too-many")]),
        ({"person": None}, [("/person", "form/type")]),
        ({"person": []}, [("/person", "form/type")]),
        ({"stay": {"status": "x", "expires": "2026-02-30"}}, [("/stay/expires", "form/date")]),
        ({"stay": {"status": "x", "expires": "20261231"}}, [("/stay/expires", "form/date")]),
        ({"stay": {"status": "x", "expires": "2026-W53-4"}}, [("/stay/expires", "form/date")]),
        ({"stay": {"status": "x", "months": 2**53}}, [("/stay/months", "form/type")]),
        ({"stay": {"status": "x", "months": True}}, [("/stay/months", "form/type")]),
        ({"stay": {"status": "\ud800"}}, [("/stay/status", "form/type")]),
        ({"stay": {"expires": "x", "y": 1}}, [
            ("/stay/y", "form/unknown-field"), ("/stay/status", "form/missing"), ("/stay/expires", "form/date"),
        ]),
        ({"extra": {"a": 2**60}}, [("/extra/a", "form/type")]),
        ({"extra": {"a": ["\udfff"]}}, [("/extra/a/0", "form/type")]),
    ],
)  # fmt: skip
def test_every_mistake_is_named_with_its_place(change: dict[str, Any], found: list[tuple[str, str]]) -> None:
    assert mistakes(json.dumps(DOCUMENT | change).encode()) == found


def test_what_is_missing_is_named() -> None:
    assert set(mistakes(b"{}")) == {
        (f"/{name}", "form/missing")
        for name in ("kind", "actor", "person", "wanted", "contact", "delivery", "intent_confirmed", "content_is_true")
    }


def test_a_member_that_comes_twice_is_named() -> None:
    document = json.dumps(DOCUMENT)[:-1] + ', "kind": "coe"}'
    assert mistakes(document.encode()) == [("/kind", "form/repeated-field")]
    assert mistakes((json.dumps(DOCUMENT)[:-1] + ', "extra": {"x": {"a": 1, "a": 2}}}').encode()) == [
        ("/extra/x/a", "form/repeated-field")
    ]


@pytest.mark.parametrize(
    "document",
    [b"", b"{", b"\xff{}", b"[" * 100_000, b'{"a": 1.5}', b'{"a": NaN}', b'{"a": 1e400}', b"{} {}", b'{"a":' * 500,
     b'{"stay": ' + b"9" * 5000 + b"}"],
)  # fmt: skip
def test_what_is_no_json_says_so(document: bytes) -> None:
    assert [code for _field, code in mistakes(document)] == ["form/json"]


def test_the_place_of_a_slip_is_told() -> None:
    with pytest.raises(FormError, match="line 2, column 3"):
        loads(Application, b'{\n  kind: "coe"}')


def test_a_document_has_a_greatest_length() -> None:
    assert mistakes(b" " * (DOCUMENT_MAX + 1)) == [("", "form/too-long")]
    assert [code for _field, code in mistakes(json.dumps(DOCUMENT | {"extra": _deep(30)}).encode())] == [
        "form/too-many"
    ]


def _deep(depth: int) -> Any:
    return {"a": _deep(depth - 1)} if depth else 1


@pytest.mark.parametrize(
    "document",
    [
        b"{%s}" % b",".join(b'"%x":1' % number for number in range(25_000)),
        b'{"extra": {%s, "0": 1}}' % b",".join(b'"%x":1' % number for number in range(25_000)),
        b'{"family": [%s]}' % b",".join([b"{}"] * 150),
    ],
)  # fmt: skip
def test_of_a_document_of_mistakes_alone_a_hundred_are_told(document: bytes) -> None:
    assert 1 <= len(mistakes(document)) <= 100


def test_an_error_says_how_many_and_where_first() -> None:
    with pytest.raises(FormError) as raised:
        loads(Application, json.dumps(DOCUMENT | {"kind": "x", "more": 1}).encode())
    assert raised.value.code == "submission/form"
    assert str(raised.value).startswith("2 mistakes, the first at /more")
    assert isinstance(raised.value, MynacardError)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_anything_at_all_is_an_application_or_a_form_error(value: Any) -> None:
    for document in (value, DOCUMENT | {"person": value}, DOCUMENT | {"extra": {"x": value}}):
        try:
            found = codec.decode(Application, json.loads(json.dumps(document)))
        except FormError:
            continue
        assert decode(Application, encode(found)) == found
