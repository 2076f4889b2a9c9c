"""What a dialog says, in English and Japanese."""

from __future__ import annotations

import re
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.pins import Blocked, TriesLeft, TriesUnknown, Verified
from mynacard.apdu.status import StatusWord
from mynacard.consent import Act, ConsentRequest, Document, Notice, Page, Program
from mynacard.consent.words import Kind, View, at_keypad, last_try, notice, question
from mynacard.pin import AtKeypad
from mynacard.texts import catalogue, lines_printable
from tests.consent.requests import LOG_IN, PAGE, SIGN, request

ASKERS = [
    Page("https://xn--prtal-jye.example"),
    Page("http://127.0.0.1:8765"),
    Page(f"https://{'a' * 63}.example.{'b' * 63}.example"),
    Page("https://xn--wgv71a119e.example"),
    Document("契約書.pdf"),
    Program("mynacard"),
]
STATUSES = [TriesLeft(3), TriesLeft(1), TriesUnknown(), Verified(), Blocked(StatusWord(0x6983))]


def said(view: View) -> str:
    return "\n".join(
        [
            view.lead,
            view.heading,
            view.ascii,
            *view.alerts,
            *view.lines,
            view.prompt,
            view.agree,
            view.cancel,
            view.ends,
        ]
    )


def test_a_log_in_says_who_asks_what_the_site_gets_and_what_a_wrong_pin_costs() -> None:
    view = question(LOG_IN, str)
    assert (view.kind, view.heading, view.ascii, view.alerts) == (Kind.PIN, "https://portal.example", "", ())
    assert view.lead == "A web page, or a part of one, asks you to log in to:"
    assert view.lines == (
        "The site gets a fixed number that identifies your card; it gets no name and no address.",
        "3 tries of the user-authentication PIN are left.",
    )
    assert (view.prompt, view.agree) == ("The user-authentication PIN: exactly 4 digits", "Log in")


def test_a_name_in_other_letters_is_shown_in_both_forms_with_what_misleads() -> None:
    view = question(request(asker=Page("https://xn--prtal-jye.example")), str)
    assert (view.heading, view.ascii) == ("https://pоrtal.example", "https://xn--prtal-jye.example")
    assert view.alerts == ("This address mixes Cyrillic and Latin letters. It may imitate another one.",)


def test_a_page_on_this_computer_is_told() -> None:
    assert question(request(asker=Page("http://127.0.0.1:8765")), str).alerts == (
        "This is a page on this computer, not on the internet.",
    )


def test_the_signing_certificate_is_said_to_hold_name_address_birth_date_and_sex() -> None:
    view = question(request(SIGN, act=Act.READ_SIGNING_CERTIFICATE, hash_name="", digest=b""), str)
    assert view.lines[0] == "The certificate holds your name, address, birth date and sex. Nothing is signed."
    assert view.agree == "Continue"


def test_a_signature_of_a_hash_shows_its_ends_and_warns_that_it_cannot_be_read() -> None:
    assert question(SIGN, str).lines == (
        "This is a legal signature. It carries your name, address, birth date and sex.",
        "Signatures: 1",
        "SHA-256: 0001 0203 0405 0607 … 1819 1A1B 1C1D 1E1F",
        "Only this hash is here, and a hash cannot be read. Sign only if you trust the page to show what you sign.",
        "5 tries of the digital-signature password are left.",
    )


def test_a_command_says_its_own_purpose() -> None:
    view = question(request(asker=Program("mynacard"), act=Act.OTHER, purpose="Reads My Number.\nNothing else."), str)
    assert (view.heading, view.lines[0]) == ("mynacard", "Reads My Number.\nNothing else.")


def test_the_last_try_is_confirmed_by_itself() -> None:
    view = last_try(request(status=TriesLeft(1), incorrect=True), str)
    assert (view.kind, view.agree) == (Kind.CONFIRMATION, "Use the last try")
    assert view.alerts == (
        "The user-authentication PIN was wrong.",
        "Only one try of the user-authentication PIN is left.",
        "If the next user-authentication PIN is wrong, it is blocked, and only the municipal office can set a new one.",
    )


def test_at_the_keypad_everything_is_told_but_no_pin_is_taken() -> None:
    view = at_keypad(request(keypad=AtKeypad(12)), str)
    assert (view.kind, view.prompt) == (Kind.CONFIRMATION, "")
    assert view.lines[-1] == (
        "Press the button, then type the user-authentication PIN on the reader's keypad, within 12 s."
    )


def test_what_cannot_be_a_pin_is_told_to_cost_nothing() -> None:
    assert question(LOG_IN, str, misformed=True).alerts == (
        "The user-authentication PIN has exactly 4 digits. What you typed was not sent, and no try is spent.",
    )


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_dialog_has_words(language: str) -> None:
    translate = catalogue(language).gettext
    views = [
        make(request(SIGN, asker=asker, act=act, status=status, keypad=AtKeypad()), translate)
        for make, asker, act, status in product((question, last_try, at_keypad), ASKERS, Act, STATUSES)
    ]
    views += [notice(PAGE, what, translate) for what in Notice]
    for view in views:
        assert not re.search(r"\{(?!seconds\})", said(view))
        assert bool(re.search("[ぁ-ん]", said(view))) is (language == "ja")


@given(st.text(), st.text(), st.sampled_from([Page, Document, Program]))
def test_no_name_and_no_purpose_gives_commands(name: str, purpose: str, kind: Any) -> None:
    asked: ConsentRequest = request(asker=kind(name), act=Act.OTHER, purpose=purpose, hash_name=name)
    for view in (question(asked, str), last_try(asked, str), notice(asked.asker, Notice.NO_CARD, str)):
        assert lines_printable(said(view)) == said(view)
