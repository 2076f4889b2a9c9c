"""What a card does not have, in one table: the class, its code, and the sentence for the holder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, NoReturn

import pytest

from mynacard import (
    DIGITAL_SIGNATURE,
    USER_AUTHENTICATION,
    JpkiSession,
    Pin,
    PinRequest,
    errors,
    open_card,
)
from mynacard.apdu import TriesLeft
from mynacard.jpki import KEY_PAIRS
from mynacard.opening.pins import verified_application, verified_session
from mynacard.personal import TEXT_PIN, TextSession
from tests.cli.command_line import run

NO_PASSWORD: Final = (
    "This card has no digital-signature password (6A82), so it cannot do what needs one. "
    "The municipal office sets one, a digital-signature password only from the age of 15."
)
NO_PIN: Final = NO_PASSWORD.replace("digital-signature password (", "user-authentication PIN (")
NO_CERTIFICATE: Final = (
    "There is no usable digital-signature certificate on this card. "
    "The municipal office issues one, a digital-signature one only from the age of 15."
)
NO_JPKI: Final = (
    "This card has no JPKI application: Individual Number Cards have it, phones have only JPKI, other cards neither. "
    "If it is an Individual Number Card, it is damaged."
)
NO_TEXT: Final = NO_JPKI.replace("JPKI application", "text application")

SIGN, LOG_IN, PERSONAL = (
    "mynacard sign signs with it.",
    "mynacard authenticate logs in with it.",
    "mynacard personal shows what it says about its holder.",
)


def not_asked(request: PinRequest) -> NoReturn:
    pytest.fail(f"asked for {request.pin.label}")


def pin_status(name: str) -> object:
    with open_card(name) as card:
        return {pair.name: JpkiSession(card).pin_status(pair) for pair in KEY_PAIRS}


def verify(name: str) -> None:
    with open_card(name) as card:
        JpkiSession(card).verify(USER_AUTHENTICATION, "1234")
        JpkiSession(card).verify(DIGITAL_SIGNATURE, "ABC123")


def verified_at_once(name: str) -> None:
    for pair, pin in ((USER_AUTHENTICATION, "1234"), (DIGITAL_SIGNATURE, "ABC123")):
        with verified_session(pair, Pin(pin), name=name):
            pass


def verified_when_asked(name: str) -> None:
    with verified_session(USER_AUTHENTICATION, lambda _: Pin("1234"), name=name):
        pass
    with verified_session(DIGITAL_SIGNATURE, not_asked, name=name):
        pass


def sign(name: str) -> None:
    with open_card(name) as card:
        JpkiSession(card).sign(b"a document")


def require(name: str) -> None:
    with open_card(name) as card:
        JpkiSession(card).require(*KEY_PAIRS)


Call = Callable[[str], object]
Absence = tuple[str, Call, type[errors.CardError], str, str]


def absences(persona: str, **calls: tuple[type[errors.CardError], str, str]) -> list[Absence]:
    functions: dict[str, Call] = {
        "pin_status": pin_status,
        "verify": verify,
        "verified_at_once": verified_at_once,
        "verified_when_asked": verified_when_asked,
        "sign": sign,
        "require": require,
    }
    return [(persona, functions[name], *expected) for name, expected in calls.items()]


PASSWORD_ABSENT = (errors.PinAbsent, "pin/absent", NO_PASSWORD)
PIN_ABSENT = (errors.PinAbsent, "pin/absent", NO_PIN)
CERTIFICATE_ABSENT = (errors.CertificateAbsent, "card/certificate-absent", NO_CERTIFICATE)
JPKI_ABSENT = (errors.ApplicationNotFound, "card/application-not-found", NO_JPKI)

TABLE: Final = [
    *absences(
        "under-15", pin_status=PASSWORD_ABSENT, verify=PASSWORD_ABSENT, verified_at_once=PASSWORD_ABSENT,
        verified_when_asked=PASSWORD_ABSENT, sign=CERTIFICATE_ABSENT, require=CERTIFICATE_ABSENT,
    ),
    *absences(
        "pin-less", pin_status=PIN_ABSENT, verify=PIN_ABSENT, verified_at_once=PIN_ABSENT,
        verified_when_asked=PIN_ABSENT, sign=CERTIFICATE_ABSENT, require=PIN_ABSENT,
    ),
    *absences(
        "missing-certificate", verified_when_asked=CERTIFICATE_ABSENT, sign=CERTIFICATE_ABSENT,
        require=CERTIFICATE_ABSENT,
    ),
    *absences(
        "residence-1-mid-term", pin_status=JPKI_ABSENT, verify=JPKI_ABSENT, verified_at_once=JPKI_ABSENT,
        verified_when_asked=JPKI_ABSENT, sign=JPKI_ABSENT, require=JPKI_ABSENT,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("persona", "call", "kind", "code", "sentence"), TABLE, ids=[f"{row[0]}-{row[1].__name__}" for row in TABLE]
)
def test_what_is_absent_is_told_by_class_code_and_sentence(
    persona: str, call: Call, kind: type[errors.CardError], code: str, sentence: str
) -> None:
    with pytest.raises(errors.MynacardError) as caught:
        call(f"sim:@{persona}")
    assert (type(caught.value), caught.value.code, str(caught.value)) == (kind, code, sentence)


def test_a_password_whose_certificate_is_absent_can_still_be_presented() -> None:
    assert pin_status("sim:@missing-certificate") == {
        USER_AUTHENTICATION.name: TriesLeft(3),
        DIGITAL_SIGNATURE.name: TriesLeft(5),
    }
    verify("sim:@missing-certificate")


@pytest.mark.parametrize("call", [
    lambda card: TextSession(card).pin_status(TEXT_PIN),
    lambda card: TextSession(card).verify(TEXT_PIN, "1234"),
], ids=["pin_status", "verify"])  # fmt: skip
def test_a_phone_has_no_text_application(call: Call) -> None:
    with open_card("sim:@iphone") as card, pytest.raises(errors.ApplicationNotFound) as caught:
        call(card)
    assert (caught.value.code, str(caught.value)) == ("card/application-not-found", NO_TEXT)


@pytest.mark.parametrize("pin", [Pin("1234"), not_asked], ids=["at-once", "asked"])
def test_no_pin_is_asked_for_an_application_that_a_phone_does_not_have(pin: Pin) -> None:
    with (
        pytest.raises(errors.ApplicationNotFound),
        verified_application(TextSession, TEXT_PIN, pin, name="sim:@iphone"),
    ):
        pytest.fail("verified")


@pytest.mark.parametrize(
    ("persona", "code", "sentence"),
    [
        ("under-15", 41, NO_CERTIFICATE),
        ("pin-less", 39, NO_PIN),
        ("missing-certificate", 41, NO_CERTIFICATE),
        ("residence-1-mid-term", 40, NO_JPKI),
    ],
)
def test_a_registration_ends_before_any_pin_is_asked_for(
    persona: str, code: int, sentence: str, tmp_path: Path
) -> None:
    outcome = run("register", "--portal", "http://127.0.0.1:1", "--outbox", tmp_path, "-r", f"sim:@{persona}",
                  "--keypad")  # fmt: skip
    assert (outcome.code, outcome.complaint) == (code, sentence)


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("pin", "verify", "digital-signature"), 39, NO_PASSWORD),
        (("cert", "show", "digital-signature"), 39, NO_PASSWORD),
        (("cert", "show", "digital-signature-ca"), 41, NO_CERTIFICATE),
    ],
)
def test_a_command_says_what_a_childs_card_does_not_have(
    words: tuple[str, ...], code: int, sentence: str, tmp_path: Path
) -> None:
    (pin := tmp_path / "pin").write_text("ABC123")
    outcome = run(*words, "-r", "sim:@under-15", "--pin-file", pin)
    assert (outcome.code, outcome.complaint) == (code, sentence)


@pytest.mark.parametrize(
    ("persona", "recommended"),
    [
        ("mid-term-resident", [SIGN, PERSONAL]),
        ("under-15", [LOG_IN, PERSONAL]),
        ("missing-certificate", [LOG_IN, PERSONAL]),
        ("pin-less", [PERSONAL]),
        ("blocked-pins", [PERSONAL]),
        ("expired", [PERSONAL]),
        ("iphone", [SIGN]),
        ("android-phone", [SIGN]),
    ],
)
def test_info_recommends_only_what_can_work(persona: str, recommended: list[str]) -> None:
    shown = run("info", "-r", f"sim:@{persona}")
    assert shown.code == 0
    assert shown.out.splitlines()[-1] == "Next: " + " ".join(recommended)
    assert run("info", "-r", f"sim:@{persona}", "--json").json["next"] == " ".join(recommended)
