"""An application that is being filled in: JSON that a person or a form writes, and the attached files.

A draft is never changed here. Values from the cards go into a new one, with a list of which card each comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cryptography import x509

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_member, check_type
from mynacard.errors import CertificateFileError
from mynacard.residence.contents import Contents, FirstContents
from mynacard.residence.number import CardNumber
from mynacard.residence.values import Presence
from mynacard.submission import codec, package
from mynacard.submission.application import Application, Kind, Role
from mynacard.submission.checking import check_texts, text_violations
from mynacard.submission.codec import FormError
from mynacard.submission.holder_match import SEXES, Match, compare_texts
from mynacard.submission.messages import Violation, error, warning
from mynacard.submission.rules import TextForm, TextRule, current
from mynacard.texts import unmarked
from mynacard.trust.holder import holder_of

__all__ = [
    "FORMAT",
    "Draft",
    "DraftFile",
    "Prefilled",
    "ResidenceFacts",
    "Source",
    "begin",
    "encrypted",
    "facts_of",
    "finish",
    "load",
    "read",
]

FORMAT: Final = "mynacard-draft/1"


@dataclass(frozen=True, slots=True)
class DraftFile:
    """An attached file: its path from the draft's own folder, its role, and for a photo the day it was taken."""

    path: str = field(repr=False)
    role: Role
    taken: date | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """The values filled in so far: an application's members, as JSON, without its attachments."""

    format: str
    application: Mapping[str, object] = field(repr=False)
    files: tuple[DraftFile, ...] = ()


class Source(StrEnum):
    """The card that a value comes from."""

    SIGNING_CERTIFICATE = "signing certificate"
    RESIDENCE_CARD = "residence card"


@dataclass(frozen=True, slots=True)
class ResidenceFacts:
    """The facts on a residence card that an application asks for; None: absent, or not in a known form.

    Attributes:
        number: the card's.
        stay_expires: the last day of the period of stay.
        card_expires: the last day of the card itself.
        birth_date: its holder's.
        address: as last added; only from generation 1.
        extension_pending: whether an application for an extension is noted on it.
    """

    number: str | None = field(default=None, repr=False)
    stay_expires: date | None = field(default=None, repr=False)
    card_expires: date | None = field(default=None, repr=False)
    birth_date: date | None = field(default=None, repr=False)
    address: str | None = field(default=None, repr=False)
    extension_pending: bool | None = None


@dataclass(frozen=True, slots=True)
class Prefilled:
    """A value from a card, its place, and the card. *used*: it is in the draft."""

    place: str
    value: object = field(repr=False)
    source: Source
    used: bool


def load(document: bytes) -> Draft:
    """The draft in *document*.

    Raises:
        FormError: it is not a draft.
    """
    draft = codec.loads(Draft, unmarked(document))
    if draft.format != FORMAT:
        raise FormError([error("form/choice", "/format", choices=FORMAT)])
    return draft


def finish(draft: Draft, folder: Path) -> tuple[Application, tuple[Path, ...]]:
    """The application in *draft*, with its files, which are read from *folder*.

    Raises:
        FormError: something is missing or wrong; everything is named, by its place in the application.
        OSError: a file cannot be read.
    """
    if "attachments" in draft.application:
        raise FormError([error("form/unknown-field", "/attachments")])
    paths = tuple(folder / file.path for file in draft.files)
    attachments = [
        package.attachment(path, file.role, taken=file.taken) for path, file in zip(paths, draft.files, strict=True)
    ]
    members = {**draft.application, "attachments": codec.encode(attachments)}
    try:
        return codec.decode(Application, members), paths
    except FormError as mistakes:  # report what is wrong with the texts, too
        raise FormError([*mistakes.violations, *check_texts(draft.application, current().texts)]) from None


def read(path: Path) -> tuple[Application, tuple[Path, ...]]:
    """The application in the draft at *path*, with its files, which are read from the same folder.

    Raises:
        FormError: it is not a draft, or something in it is missing or wrong.
        OSError: it, or an attached file, cannot be read.
    """
    check_type(path, Path)
    with path.open("rb") as stream:
        document = stream.read(codec.DOCUMENT_MAX + 1)
    return finish(load(document), path.parent)


def encrypted(paths: Sequence[Path]) -> list[Violation]:
    """A warning for each file that seems to be encrypted.

    Raises:
        OSError: a file cannot be read.
    """
    return [
        warning("attachment/encrypted", f"/attachments/{number}")
        for number, path in enumerate(paths)
        if package.seems_encrypted(path)
    ]


def begin(
    kind: Kind, *, signing: x509.Certificate | None = None, residence: ResidenceFacts | None = None
) -> tuple[Draft, tuple[Prefilled, ...]]:
    """A draft with everything that has to be filled in, and the cards' values in their places.

    Where both cards have a value, the residence card's is used, since the office compares the form with that one; the
    other is listed as well. A name that does not have the form that the application needs is listed, and not used.
    """
    check_member(kind, Kind)
    application: dict[str, Any] = _empty(kind)
    prefilled = list[Prefilled]()
    used: dict[str, object] = {}
    for place, value, source in [*_of_residence_card(residence), *_of_certificate(signing)]:
        fits = place not in used and _put(application, place, value)
        if fits:
            used[place] = value
        same = not fits and compare_texts(str(used.get(place, "")), str(value)) is not Match.DIFFERS
        if not same:
            prefilled.append(Prefilled(place, value, source, fits))
    return Draft(FORMAT, application), tuple(prefilled)


def facts_of(contents: Contents, number: CardNumber | None = None) -> ResidenceFacts:
    """The facts in a residence card's *contents* that an application asks for. Whether they are genuine is not checked.

    Args:
        contents: as read.
        number: the one with which the card was read; a card of generation 1 does not contain it.
    """
    pending = None
    if contents.extension_pending is not None and contents.extension_pending.known is not None:
        pending = contents.extension_pending.known is Presence.YES
    if isinstance(contents, FirstContents):
        address = contents.address.text if contents.address is not None else None
        text = number.reveal().decode("ascii") if number is not None else None
        return ResidenceFacts(text, address=address, extension_pending=pending)
    entries = contents.entries
    return ResidenceFacts(
        contents.number.reveal().decode("ascii"),
        stay_expires=entries.stay_expires.date if entries.stay_expires is not None else None,
        card_expires=entries.expires.date if entries.expires is not None else None,
        birth_date=entries.birth_date.date if entries.birth_date is not None else None,
        extension_pending=pending,
    )


def _of_residence_card(facts: ResidenceFacts | None) -> list[tuple[str, object, Source]]:
    if facts is None:
        return []
    values: list[tuple[str, object | None]] = [
        ("/stay/card_number", facts.number),
        ("/stay/expires", facts.stay_expires and facts.stay_expires.isoformat()),
        ("/person/birth_date", facts.birth_date and facts.birth_date.isoformat()),
        ("/person/address/text", facts.address),
    ]
    return [(place, value, Source.RESIDENCE_CARD) for place, value in values if value]


def _of_certificate(certificate: x509.Certificate | None) -> list[tuple[str, object, Source]]:
    try:
        holder = holder_of(certificate) if certificate is not None else None
    except CertificateFileError:
        holder = None
    if holder is None:
        return []
    born = holder.birth_date.date if holder.birth_date is not None else None
    sex = SEXES.get(holder.sex) if holder.sex is not None else None
    values: list[tuple[str, object | None]] = [
        ("/person/name", holder.name and holder.name.value),
        ("/person/birth_date", born and born.isoformat()),
        ("/person/sex", sex and sex.value),
        ("/person/address/text", holder.address and holder.address.value),
    ]
    return [(place, value, Source.SIGNING_CERTIFICATE) for place, value in values if value]


def _put(application: dict[str, Any], place: str, value: object) -> bool:
    """Put *value* at *place*, if that exists and a text has the form for it; return whether it was put there."""
    rule = current().texts.get(place, TextRule(TextForm.ANY, 1000))
    if isinstance(value, str) and list(text_violations(place, value, rule)):
        return False
    *above, name = place.split("/")[1:]
    inside = application
    for member in above:
        if member not in inside:
            return False
        inside = inside[member]
    inside[name] = value
    return True


def _empty(kind: Kind) -> dict[str, Any]:
    """The members to be filled in for *kind*; ``null`` and empty texts are mistakes until they are replaced."""
    rule = current().kinds[kind]
    person: dict[str, Any] = {
        "name": "",
        "nationality": "",
        "birth_date": None,
        "sex": None,
        "married": None,
        "occupation": "",
        "home_town": "",
        "address": {"postcode": "", "text": ""},
        "mobile": "",
    }
    if "/person/place_of_birth" in rule.required:
        person["place_of_birth"] = ""
    wanted: dict[str, Any] = {"reason": ""}
    if rule.status.wants:
        wanted["status"] = ""
    members: dict[str, Any] = {
        "kind": kind.value,
        "actor": "self",
        "person": person,
        "wanted": wanted,
        "contact": {"email": "", "email_again": ""},
        "delivery": "counter",
        "intent_confirmed": False,
        "content_is_true": False,
    }
    if rule.status.holds:
        members["stay"] = {"status": "", "expires": None, "months": None, "card_number": ""}
    if "/passport" in rule.required:
        members["passport"] = {"number": "", "expires": None}
    if "/criminal_record" in rule.required:
        members["criminal_record"] = {"exists": None}
    if rule.event:
        members["circumstances"] = {"event": None}
    return members
