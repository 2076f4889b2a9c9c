"""The second half of ``mynacard demo``: an application goes to a receiver on this machine, and is accepted."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from mynacard import Pin, storage, verified_session
from mynacard.cli.language import _
from mynacard.doors.disk import create_file
from mynacard.japan import day_in_tokyo
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION, KeyPair
from mynacard.opening import SIMULATED
from mynacard.portal import Receiver, Store, served
from mynacard.portal.simulated import simulated_receiver
from mynacard.simulator.individual.contents import DEFAULT_PINS
from mynacard.submission import draft
from mynacard.submission.applicant import Applicant
from mynacard.submission.application import Kind, Role
from mynacard.submission.card_signer import CardSigner
from mynacard.submission.client import Client
from mynacard.submission.draft import DraftFile
from mynacard.submission.outbox import Outbox
from mynacard.trust import load_certificate

__all__ = ["missing_extra", "the_whole_way"]

_NEEDED: Final = ("pyhanko", "httpx2", "rfc8785", "starlette", "uvicorn")

Say = Callable[[int, str], object]
"""Takes the step's number and a sentence; number 0 continues the step before."""


def missing_extra() -> bool:
    """Whether a package that this half needs is not installed."""
    return any(find_spec(name) is None for name in _NEEDED)


def the_whole_way(say: Say, first: int) -> None:
    """Register, apply for an extension with a photo and two documents, be accepted: steps numbered from *first* on."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        create_file(folder / "card.json")
        card = f"{SIMULATED}{folder / 'card.json'}"
        signer = CardSigner.with_pins(_pin(USER_AUTHENTICATION), _pin(DIGITAL_SIGNATURE), name=card)
        store = Store(folder / "portal")
        receiver = simulated_receiver(store, approve_at_once=False)
        with served(receiver) as url, Client(url, Outbox(folder / "outbox")) as client:
            sender = Applicant(client, signer)
            say(first, _("Register with a receiver on this machine: both keys answer its challenge."))
            account = sender.register()
            say(0, _("Registration {state}; the office approves it.").format(state=_(account.state)))
            receiver.approve(account.account)
            _apply(say, first, sender, card, receiver, folder)
        store.close()


def _pin(pair: KeyPair) -> Pin:
    return Pin(DEFAULT_PINS[pair.name])


def _certificate(card: str) -> x509.Certificate:
    with verified_session(DIGITAL_SIGNATURE, _pin(DIGITAL_SIGNATURE), name=card) as session:
        return load_certificate(session.certificate_der(DIGITAL_SIGNATURE))


def _apply(say: Say, first: int, sender: Applicant, card: str, receiver: Receiver, folder: Path) -> None:
    say(first + 1, _("Begin an application for an extension, prefilled from the card; attach three files."))
    today = day_in_tokyo(datetime.now(UTC))
    begun, prefilled = draft.begin(Kind.EXTENSION, signing=_certificate(card))
    say(0, _("From the card: {places}.").format(places=", ".join(value.place for value in prefilled if value.used)))
    application, paths = draft.finish(_filled_in(begun, today, folder), folder)
    say(first + 2, _("Log in, and have the receiver check it before it is signed."))
    answer = sender.check(application)
    say(0, _("Acceptable, by the rules of {version}: {yes}.").format(version=answer.rules, yes=answer.acceptable))
    say(first + 3, _("Sign it, put the package into the outbox, and send it."))
    entry = sender.client.submit(sender.sign(application, paths))
    if entry.status is None:
        raise AssertionError("an entry that was sent has a receipt")
    number = entry.status.provisional_number
    say(
        0,
        _("{size} bytes; {state}, provisional number {number}.").format(
            size=entry.size, state=_(entry.status.state), number=number
        ),
    )
    for remark in entry.status.report:
        say(0, f"{remark.field}: {remark.message_en}")
    receiver.accept(number)
    status = sender.client.status(number)
    say(0, _("The office: {state}, number {number}.").format(state=_(status.state), number=status.number))


def _filled_in(begun: draft.Draft, today: date, folder: Path) -> draft.Draft:
    """*begun* as an applicant would complete it; all of the details are made up."""
    storage.create_file(folder / "photo.jpg", files("mynacard.cli").joinpath("demo-photo.jpg").read_bytes())
    for name in ("employment.pdf", "taxes.pdf"):
        storage.create_file(folder / name, _pdf(f"A simulated document: {name}"))
    application: Any = dict(begun.application)
    application["person"] |= {
        "nationality": "USA",
        "sex": "female",
        "married": False,
        "occupation": "Engineer",
        "home_town": "ＮＥＷ　ＹＯＲＫ",
        "mobile": "09000000000",
    }
    application["person"]["address"]["postcode"] = "1000001"
    application |= {
        "wanted": {"reason": "I go on working as before.", "period": "3 years"},
        "contact": {"email": "alex@made-up.example", "email_again": "alex@made-up.example"},
        "stay": {
            "status": "engineer_humanities_international",
            "expires": (today + timedelta(days=60)).isoformat(),
            "months": 36,
            "card_number": "AB12345678CD",
        },
        "passport": {"number": "X1234567", "expires": (today + timedelta(days=900)).isoformat()},
        "criminal_record": {"exists": False},
        "intent_confirmed": True,
        "content_is_true": True,
    }
    attached = (
        DraftFile("photo.jpg", Role.PHOTO, today - timedelta(days=20)),
        DraftFile("employment.pdf", Role.DOCUMENT),
        DraftFile("taxes.pdf", Role.DOCUMENT),
    )
    return draft.Draft(begun.format, application, attached)


def _pdf(text: str) -> bytes:
    """A PDF file: one page with a line of text."""
    content = b"BT /F1 12 Tf 72 720 Td (%s) Tj ET" % text.encode("ascii")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    document, offsets = b"%PDF-1.7\n", list[int]()
    for number, part in enumerate(parts, 1):
        offsets.append(len(document))
        document += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    end = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(parts) + 1, len(document))
    return document + b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(parts) + 1, table) + end
