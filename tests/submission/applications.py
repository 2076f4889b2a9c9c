"""A made-up person and their applications: one good one of each kind, and changes to it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

from mynacard.submission.application import (
    Actor,
    Address,
    Application,
    Attachment,
    Circumstances,
    Contact,
    CriminalRecord,
    Delivery,
    Intermediary,
    Kind,
    Passport,
    Person,
    Reentry,
    Representative,
    Rider,
    Role,
    Sex,
    Stay,
    Wanted,
)

NOW: Final = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # noon in Tokyo
HOME: Final = Address("1000001", "東京都千代田区千代田１番１号")
PERSON: Final = Person(
    name="MADEUP JANE", nationality="USA", birth_date=date(1990, 1, 31), sex=Sex.FEMALE, married=False,
    occupation="Engineer", home_town="ＮＥＷ　ＹＯＲＫ", address=HOME, mobile="09000000000", place_of_birth="NEW YORK",
)  # fmt: skip
PHOTO: Final = Attachment("photo.jpg", Role.PHOTO, "image/jpeg", 40_000, "a1" * 32, date(2026, 11, 1))
DOCUMENT: Final = Attachment("contract.pdf", Role.DOCUMENT, "application/pdf", 1_000_000, "b2" * 32)
STATUS: Final = "engineer_humanities_international"
EXTENSION: Final = Application(
    kind=Kind.EXTENSION, actor=Actor.SELF, person=PERSON, wanted=Wanted("I work on as before.", period="3 years"),
    contact=Contact("jane@made-up.example", "jane@made-up.example"), delivery=Delivery.COUNTER, intent_confirmed=True,
    content_is_true=True, passport=Passport("X1234567", date(2030, 1, 1)), criminal_record=CriminalRecord(False),
    stay=Stay(STATUS, date(2026, 12, 31), 36, "AB12345678CD"), attachments=(PHOTO, DOCUMENT),
)  # fmt: skip
REPRESENTATIVE: Final = Representative("見本　花子", "mother", HOME, mobile="09000000001")
INTERMEDIARY: Final = Intermediary("SAMPLE TARO", "Made-up Company", HOME)


def application(
    kind: str = "extension",
    riders: Any = (),
    actor: str = "self",
    current: str | None = STATUS,
    target: str | None = None,
    **circumstances: Any,
) -> Application:
    """A good application with the given values; everything else that it needs is there."""
    settings: dict[str, Any] = {
        "approved": True,
        "requested": True,
        "reentry": Reentry.SINGLE,
        "event": date(2026, 11, 20),
    }
    stay = None if current is None else replace(EXTENSION.stay or Stay(""), status=current)
    return replace(
        EXTENSION,
        kind=Kind(kind),
        riders=tuple(Rider(each) for each in sorted(riders)),
        actor=Actor(actor),
        stay=stay,
        wanted=Wanted("Reasons.", target),
        representative=REPRESENTATIVE,
        intermediary=INTERMEDIARY,
        circumstances=Circumstances(**(settings | circumstances)),
    )
