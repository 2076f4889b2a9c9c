"""The ways in which an application can be wrong: for each a stable code, and a sentence in English and in Japanese."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.texts import N_, Sentence, catalogue

__all__ = ["MESSAGES", "Severity", "Violation", "error", "warning"]


class Severity(StrEnum):
    """Whether a violation stops an application. One that is not certain only warns."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which an application breaks a rule, or does not have its form.

    Attributes:
        code: stable; a key of :data:`MESSAGES`.
        field: where, as a JSON pointer into the application (RFC 6901); empty for all of it.
        severity: whether it stops the application.
        details: the values for the sentence. No personal data.
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
        """An entry of a problem's ``report``, in JSON."""
        return {
            "field": self.field,
            "code": self.code,
            "severity": self.severity.value,
            "message_en": self.english,
            "message_ja": self.japanese,
        }


def error(code: str, field: str, /, **details: object) -> Violation:
    """A violation that stops an application."""
    return _violation(code, field, Severity.ERROR, details)


def warning(code: str, field: str, /, **details: object) -> Violation:
    """A violation that does not stop an application."""
    return _violation(code, field, Severity.WARNING, details)


def _violation(code: str, field: str, severity: Severity, details: Mapping[str, object]) -> Violation:
    return Violation(code, field, severity, tuple((name, str(value)) for name, value in details.items()))


MESSAGES: Final[Mapping[str, str]] = {
    # --- the form ---
    "form/json": N_("This is not an application: it is not JSON (line {line}, column {column})."),
    "form/too-long": N_("This is longer than an application can be ({most} bytes)."),
    "form/missing": N_("This is required."),
    "form/unknown-field": N_("There is no such item."),
    "form/repeated-field": N_("This item is given twice."),
    "form/type": N_("This must be {wanted}."),
    "form/choice": N_("This must be one of: {choices}."),
    "form/date": N_("This must be a calendar date, written as in 2026-12-31."),
    "form/canonical": N_("It is not in the canonical form (RFC 8785)."),
    "form/too-many": N_("At most {most} of these are accepted."),
    # --- texts ---
    "text/empty": N_("This must be filled in."),
    "text/too-long": N_("At most {most} characters are accepted."),
    "text/half-width": N_("Only half-width characters (ASCII) are accepted."),
    "text/full-width": N_("Only full-width characters are accepted."),
    "text/name": N_("The name must be in basic Latin capitals, as in the passport."),
    "text/digits": N_("This must be {count} digits without a hyphen."),
    "text/telephone": N_("A telephone number has only digits, without a hyphen."),
    "text/card-number": N_("A residence card's number has two letters, eight digits and two letters."),
    "text/email": N_("This is not an e-mail address."),
    "text/control": N_("It contains characters that cannot be printed."),
    "contact/differs": N_("The two e-mail addresses differ."),
    "contact/no-telephone": N_("A telephone or mobile telephone number is required."),
    "declaration/missing": N_("This must be declared."),
    "representative/missing": N_("The details of the representative or intermediary are required."),
    "delivery/email": N_("Only the certificate of eligibility is delivered by e-mail."),
    "criminal-record/detail": N_("The details of the criminal record are required."),
    # --- who may apply for what ---
    "rider/not-with-kind": N_(
        "{rider}: it can be applied for only along with a change, an extension or an acquisition."
    ),
    "rider/twice": N_("This is applied for twice."),
    "rider/reentry-kind": N_("State whether it is for one re-entry or for several."),
    "actor/not-allowed": N_("This actor cannot apply for this online."),
    "actor/condition": N_(
        "A relative can apply only for a person who is under 16, or who cannot apply because of illness or the like."
    ),
    "actor/condition-unknown": N_(
        "It is not known here whether a relative can apply for this: ask before you rely on it."
    ),
    "actor/self-impossible": N_(
        "Holders of this status cannot apply in person: they are not issued an Individual Number Card."
    ),
    "actor/too-young": N_("A person under 15 has no signing certificate, and cannot apply in person."),
    "actor/not-approved": N_("This actor needs the agency's approval before applying online."),
    "actor/not-requested": N_("The accepting organisation's request is needed."),
    "actor/abroad": N_("A person who is outside Japan cannot apply for this."),
    "status/unknown": N_("There is no such status of residence."),
    "status/missing": N_("The status of residence is required."),
    "status/not-online": N_("Applications for this status cannot be made online."),
    "status/permanent-not-online": N_("Permanent residence cannot be applied for online."),
    "status/only-supervising-organisation": N_("For this status, only the supervising organisation can apply."),
    "status/per-notice": N_(
        "It depends on the notice's number whether it can be applied for online; this is not known here."
    ),
    "status/follows-sponsor": N_(
        "An organisation can apply for a dependent only if it can apply for the person who supports them."
    ),
    "status/organisation-may-be-needed": N_(
        "Some work statuses require an organisation in Japan; it is not known here which ones."
    ),
    "status/same": N_("The requested status is the current one: apply for an extension instead."),
    # --- when ---
    "timing/no-end": N_("The last day of the period of stay is required."),
    "timing/early": N_("Extensions are accepted from about {day}, three months before the period ends."),
    "timing/last-day": N_("On the last day of the period ({day}) nothing is accepted online: go to the office today."),
    "timing/expired": N_("The period of stay ended on {day}. Contact the office at once."),
    "timing/tomorrow": N_("Today is the last day for applying online: the period ends tomorrow ({day})."),
    "timing/event-missing": N_("The day of birth, or of the loss of nationality, is required."),
    "timing/event-in-future": N_("This day is in the future."),
    "timing/acquisition-late": N_("An acquisition must be applied for within 30 days; they ended on {day}."),
    "timing/acquisition-last-day": N_(
        "Today is the thirtieth day; it is not known here whether it still counts. Ask the office today."
    ),
    "timing/passport-expired": N_("The passport has expired."),
    # --- attachments ---
    "attachment/too-many": N_("At most {most} files are accepted."),
    "attachment/too-large": N_("All files together can have at most {most} bytes; these have {size}."),
    "attachment/empty": N_("The file is empty."),
    "attachment/type": N_("A document must be a PDF file, and a photo a JPEG file."),
    "attachment/name": N_("An attached file cannot have this name."),
    "attachment/twice": N_("Two files have this name."),
    "attachment/digest": N_("This is not a SHA-256 value."),
    "attachment/changed": N_("The file is not the one that was listed: its size or content differs."),
    "attachment/not-readable": N_("The file is not of the listed type, or is encrypted."),
    "attachment/encrypted": N_(
        "The file seems to be encrypted, or to forbid printing or copying: such files are not accepted."
    ),
    "photo/missing": N_("A photo is needed."),
    "photo/maybe-missing": N_(
        "It is not known here whether a photo is needed; without one, you may be asked for it later."
    ),
    "photo/several": N_("Only one photo is accepted."),
    "photo/old": N_("The photo was taken before {day}, more than six months ago."),
    "photo/no-day": N_("The day on which the photo was taken is required."),
    "photo/large": N_("The photo has more than {most} bytes, the old system's limit; the new one's is not known."),
    # --- the form beside the certificate ---
    "holder/unknown": N_("The signing certificate does not say this in a known form, so it was not compared."),
    "holder/birth-date-differs": N_("The signing certificate has a different birth date."),
    "holder/sex-differs": N_("The signing certificate has a different sex."),
    "holder/name-differs": N_("The signing certificate has a different name, or writes it differently."),
    "holder/address-differs": N_("The signing certificate has a different address, or writes it differently."),
    # --- before the last step ---
    "ready/no-certificate": N_("The card does not have this certificate: the municipality issues it."),
    "ready/certificate-expired": N_("The certificate expired on {day}: the municipality renews it."),
    "ready/certificate-not-yet": N_("The certificate is not valid yet: check this computer's clock."),
    "ready/certificate-ends-soon": N_("The certificate ends on {day}: renew it before you rely on it."),
    "ready/pin-blocked": N_("It is blocked: the municipality sets a new one."),
    "ready/pin-last-try": N_("One try is left: a wrong entry blocks it."),
    "ready/pin-unknown": N_("The number of tries left is not known."),
    "ready/other-card-number": N_("The residence card has a different number."),
    "ready/other-end-of-stay": N_("The residence card has a different last day of the period of stay."),
    "ready/other-birth-date": N_("The residence card has a different birth date."),
    "ready/card-expired": N_("The residence card expired on {day}."),
    "ready/extension-pending": N_("The residence card says that an application is pending."),
    # --- rules of two versions ---
    "rules/older-client": N_(
        "It was checked by older rules ({theirs}) before it was sent; here it was checked by {ours}."
    ),
    "rules/newer-client": N_(
        "It was checked by newer rules ({theirs}) before it was sent; here it was checked by {ours}, which decide."
    ),
}
"""The sentences by code, in English; the catalogue has them in Japanese."""
