"""What is wrong with an application: a stable code, and a sentence for it, told in English and in Japanese."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from mynacard.texts import N_, Sentence, catalogue

__all__ = ["MESSAGES", "Severity", "Violation", "error", "warning"]


class Severity(StrEnum):
    """Whether it stops an application. What is not known for certain only warns."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that a rule, or the form, says against an application.

    Attributes:
        code: stable; a key of :data:`MESSAGES`.
        field: where, as a JSON pointer into the application (RFC 6901); empty for the whole.
        severity: whether it stops the application.
        details: what goes into the sentence. No personal data.
    """

    code: str
    field: str
    severity: Severity
    details: tuple[tuple[str, str], ...] = ()

    def text(self, translate: Callable[[str], str] = str) -> str:
        """The sentence, its template passed through *translate* (a ``gettext``) first."""
        return Sentence(MESSAGES[self.code], dict(self.details)).text(translate)

    @property
    def english(self) -> str:
        """The sentence in English."""
        return self.text()

    @property
    def japanese(self) -> str:
        """The sentence in Japanese."""
        return self.text(catalogue("ja").gettext)

    def document(self) -> dict[str, str]:
        """For the wire: an entry of a problem's ``report``."""
        return {
            "field": self.field,
            "code": self.code,
            "severity": self.severity.value,
            "message_en": self.english,
            "message_ja": self.japanese,
        }


def error(code: str, field: str, /, **details: object) -> Violation:
    """What stops an application."""
    return _violation(code, field, Severity.ERROR, details)


def warning(code: str, field: str, /, **details: object) -> Violation:
    """What does not."""
    return _violation(code, field, Severity.WARNING, details)


def _violation(code: str, field: str, severity: Severity, details: Mapping[str, object]) -> Violation:
    return Violation(code, field, severity, tuple((name, str(value)) for name, value in details.items()))


MESSAGES: Final[Mapping[str, str]] = {
    # --- the form ---
    "form/json": N_("This is no application: it is no JSON (line {line}, column {column})."),
    "form/too-long": N_("This is longer than an application can be ({most} bytes)."),
    "form/missing": N_("This has to be given."),
    "form/unknown-field": N_("There is no such item."),
    "form/repeated-field": N_("This item is given twice."),
    "form/type": N_("{wanted} is wanted here."),
    "form/choice": N_("One of these is wanted here: {choices}."),
    "form/date": N_("A day of the calendar is wanted here, as 2026-12-31."),
    "form/canonical": N_("It is not written in the one form that everybody writes alike (RFC 8785)."),
    "form/too-many": N_("At most {most} of these are taken."),
    # --- texts ---
    "text/empty": N_("This has to be filled in."),
    "text/too-long": N_("At most {most} characters are taken."),
    "text/half-width": N_("Half-width characters (ASCII) alone are taken."),
    "text/full-width": N_("Full-width characters alone are taken."),
    "text/name": N_("A name is written in capitals of the basic alphabet, as in the passport."),
    "text/digits": N_("{count} digits without a hyphen are wanted."),
    "text/telephone": N_("A telephone number has digits alone, no hyphen."),
    "text/card-number": N_("A residence card's number has two letters, eight digits, two letters."),
    "text/email": N_("This is no e-mail address."),
    "text/control": N_("It holds characters that cannot be printed."),
    "contact/differs": N_("The two e-mail addresses differ."),
    "contact/no-telephone": N_("One of telephone and mobile telephone has to be given."),
    "declaration/missing": N_("This has to be declared."),
    "representative/missing": N_("Who applies for the person has to be given."),
    "delivery/email": N_("By e-mail comes the certificate of eligibility alone."),
    "criminal-record/detail": N_("What it was has to be given."),
    # --- who may apply for what ---
    "rider/not-with-kind": N_("{rider}: it is applied for only along with a change, an extension or an acquisition."),
    "rider/twice": N_("This is applied for twice."),
    "rider/reentry-kind": N_("Whether for one re-entry or several has to be given."),
    "actor/not-allowed": N_("This actor cannot apply for this online."),
    "actor/condition": N_(
        "A relative applies only for somebody under 16, or who cannot because of illness or the like."
    ),
    "actor/condition-unknown": N_(
        "Whether a relative can apply for this is not known here: ask before you rely on it."
    ),
    "actor/self-impossible": N_("Who holds this status cannot apply in person: no Individual Number Card is issued."),
    "actor/too-young": N_("Who is under 15 has no signing certificate, and cannot apply in person."),
    "actor/not-approved": N_("This actor needs the agency's approval before applying online."),
    "actor/not-requested": N_("The accepting organisation's request is needed."),
    "actor/abroad": N_("Nobody who is outside of Japan can apply for this."),
    "status/unknown": N_("There is no such status of residence."),
    "status/missing": N_("The status of residence has to be given."),
    "status/not-online": N_("For this status nobody can apply online."),
    "status/permanent-not-online": N_("Permanent residence cannot be applied for online."),
    "status/only-supervising-organisation": N_("For this status the supervising organisation alone applies."),
    "status/per-notice": N_(
        "Whether it can be applied for online depends on the notice's number, and is not known here."
    ),
    "status/follows-sponsor": N_(
        "An organisation can apply for a dependent only where it can for the one who supports them."
    ),
    "status/organisation-may-be-needed": N_(
        "For some work statuses an organisation in Japan is needed; for which is not known here."
    ),
    "status/same": N_("The status that is wanted is the one that is held: then it is an extension."),
    # --- when ---
    "timing/no-end": N_("The last day of the period of stay has to be given."),
    "timing/early": N_("Extensions are taken from about {day} on, three months before the period ends."),
    "timing/last-day": N_("On the last day of the period ({day}) nothing is taken online: go to the office today."),
    "timing/expired": N_("The period of stay ended on {day}. Speak to the office at once."),
    "timing/tomorrow": N_("Today is the last day for applying online: the period ends tomorrow ({day})."),
    "timing/event-missing": N_("The day of birth, or of the loss of nationality, has to be given."),
    "timing/event-in-future": N_("This day has not come yet."),
    "timing/acquisition-late": N_("An acquisition is applied for within 30 days; they ended on {day}."),
    "timing/acquisition-last-day": N_(
        "Today is the thirtieth day; whether it still counts is not known here. Ask the office today."
    ),
    "timing/passport-expired": N_("The passport has expired."),
    # --- attachments ---
    "attachment/too-many": N_("At most {most} files are taken."),
    "attachment/too-large": N_("All files together have at most {most} bytes; these have {size}."),
    "attachment/empty": N_("The file is empty."),
    "attachment/type": N_("A document is a PDF file, and a photo a JPEG file."),
    "attachment/name": N_("This cannot be the name of a file that goes along."),
    "attachment/twice": N_("Two files have this name."),
    "attachment/digest": N_("This is no SHA-256 value."),
    "attachment/changed": N_("The file is not the one that was listed: its size or content differs."),
    "attachment/not-readable": N_("The file is not of the type that it is listed as, or is encrypted."),
    "attachment/encrypted": N_(
        "The file seems to be encrypted, or to forbid printing or copying: such files are not taken."
    ),
    "photo/missing": N_("A photo is needed."),
    "photo/maybe-missing": N_("Whether a photo is needed here is not known; without one you may be asked for it."),
    "photo/several": N_("One photo is taken, not several."),
    "photo/old": N_("The photo was taken before {day}, more than six months ago."),
    "photo/no-day": N_("The day on which the photo was taken has to be given."),
    "photo/large": N_(
        "The photo has more than {most} bytes, the limit of the old system; that of the new one is not known."
    ),
    # --- the form beside the certificate ---
    "holder/unknown": N_("The signing certificate does not say this in a known form, so it was not compared."),
    "holder/birth-date-differs": N_("The signing certificate has another birth date."),
    "holder/sex-differs": N_("The signing certificate has another sex."),
    "holder/name-differs": N_("The signing certificate has another name, or writes it otherwise."),
    "holder/address-differs": N_("The signing certificate has another address, or writes it otherwise."),
    # --- before the last step ---
    "ready/no-certificate": N_("The card does not have this certificate: the municipality issues it."),
    "ready/certificate-expired": N_("The certificate expired on {day}: the municipality renews it."),
    "ready/certificate-not-yet": N_("The certificate is not valid yet: look at this computer's clock."),
    "ready/certificate-ends-soon": N_("The certificate ends on {day}: renew it before you rely on it."),
    "ready/pin-blocked": N_("It is blocked: the municipality sets a new one."),
    "ready/pin-last-try": N_("One try is left: if that is wrong, it is blocked."),
    "ready/pin-unknown": N_("How many tries are left cannot be told."),
    "ready/other-card-number": N_("The residence card has another number."),
    "ready/other-end-of-stay": N_("The residence card has another last day of the period of stay."),
    "ready/other-birth-date": N_("The residence card has another birth date."),
    "ready/card-expired": N_("The residence card expired on {day}."),
    "ready/extension-pending": N_("The residence card says that an application is pending."),
    # --- rules of two versions ---
    "rules/older-client": N_("It was checked by older rules ({theirs}) before it was sent; here it was by {ours}."),
    "rules/newer-client": N_(
        "It was checked by newer rules ({theirs}) before it was sent; here it was by {ours}, which decide."
    ),
}
"""By code, in English; the catalogue has them in Japanese."""
