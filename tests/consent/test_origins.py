"""How an origin is shown: names in their own letters, and what in them misleads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.consent.origins import ShownOrigin, shown


def ace(name: str) -> str:
    """*name* as browsers send it."""
    return ".".join(
        label if label.isascii() else f"xn--{label.encode('punycode').decode()}" for label in name.split(".")
    )


def test_an_ordinary_origin_is_shown_as_it_is() -> None:
    assert shown("https://portal.example:8443") == ShownOrigin("https://portal.example:8443")


@pytest.mark.parametrize(
    "name",
    ["日本語.example", "ひらがなとカタカナ.example", "eメール・ローマ字.example", "総務省2.jp", "bücher.example"],
)
def test_names_are_shown_in_their_letters_and_in_punycode(name: str) -> None:
    assert shown(f"https://{ace(name)}") == ShownOrigin(f"https://{name}", f"https://{ace(name)}")


@pytest.mark.parametrize(("name", "scripts"), [
    ("pоrtal.example", ("Cyrillic", "Latin")),      # its second letter is Cyrillic
    ("www.аррӏе.example", ("Cyrillic",)),           # all of it is
    ("gοogle.example", ("Greek", "Latin")),
    ("日本ѕ.example", ("Cyrillic", "Japanese")),
    ("go.jpノlogin.evil.example", ("Japanese", "Latin")),   # ノ passes for a slash
    ("portalー1.example", ("Japanese", "Latin")),
    ("한국.example", ("Hangul",)),
])  # fmt: skip
def test_scripts_that_mislead_are_told(name: str, scripts: tuple[str, ...]) -> None:
    told = shown(f"https://{ace(name)}")
    assert (told.text, told.scripts) == (f"https://{name}", scripts)
    assert told.ascii == f"https://{ace(name)}"


@pytest.mark.parametrize("label", [
    "xn--a",             # not Punycode
    "xn--",
    "xn--abc-",          # stands for ASCII
    "xn--99999999",
    "xn--" + "ａ".encode("punycode").decode(),       # full width: a compatibility form
    "xn--" + "a／b".encode("punycode").decode(),
    "xn--" + "a\u2044b".encode("punycode").decode(),  # a fraction slash
    "xn--" + "a\u202eb".encode("punycode").decode(),  # reverses what follows
    "xn--" + "a\u200bb".encode("punycode").decode(),
    "xn--" + "a。b".encode("punycode").decode(),
    "xn--" + "É".encode("punycode").decode(),
    "xn--" + "a" * 60 + "-9ya",
])  # fmt: skip
def test_a_label_in_doubt_stays_as_it_is(label: str) -> None:
    assert shown(f"https://{label}.example").text == f"https://{label}.example"


@pytest.mark.parametrize(
    ("origin", "here"),
    [
        ("http://127.0.0.1:8765", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("https://portal.localhost", True),
        ("https://localhost.example", False),
        ("http://127.0.0.1.example", False),
    ],
)
def test_a_page_on_this_computer_is_told(origin: str, here: bool) -> None:
    assert shown(origin).here is here


def test_the_end_of_a_long_name_is_told_once_more() -> None:
    told = shown(f"https://www.portal.go.jp.login.{'a' * 63}.{ace('見本')}.evil.example")
    assert told.end == "…見本.evil.example"
    assert shown("https://www.portal.go.jp").end == ""


@given(st.text() | st.from_regex(r"\Ahttps?://(xn--[a-z0-9-]{0,70}\.)*[a-z]{1,9}\Z"))
def test_whatever_is_shown_is_one_line_without_commands(origin: str) -> None:
    told = shown(origin)
    assert f"{told.text}{told.ascii}{told.end}".isprintable()


@given(
    st.text(st.characters(categories=["Ll", "Lo", "Nd"]), min_size=1, max_size=20).filter(
        lambda name: not name.isascii()
    )
)
def test_a_host_in_letters_is_one_that_the_browser_meant(name: str) -> None:
    origin = f"https://{ace(name)}.example"
    assert shown(origin).text in {origin, f"https://{name}.example"}
