"""An application that is being filled in: JSON that a person or a form writes, and the files that go along.

A draft is never changed here. What the cards say is put into a new one, and it is told which of them said what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from cryptography import x509

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
    """A file that goes along: its path from the draft's own folder, what it is, and of a photo the day."""

    path: str = field(repr=False)
    role: Role
    taken: date | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been filled in: an application's members, as JSON, without its attachments."""

    format: str
    application: Mapping[str, object] = field(repr=False)
    files: tuple[DraftFile, ...] = ()


class Source(StrEnum):
    """Which card says something."""

    SIGNING_CERTIFICATE = "signing certificate"
    RESIDENCE_CARD = "residence card"


@dataclass(frozen=True, slots=True)
class ResidenceFacts:
    """What a residence card says that an application asks for; None: not, or not in a form that is known.

    Attributes:
        number: the card's.
        stay_expires: the last day of the period of stay.
        card_expires: of the card itself.
        birth_date: of its holder.
        address: as it was last added; of generation 1 alone.
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
    """A value that was found, where it goes, and which card says so. *used*: it is in the draft."""

    place: str
    value: object = field(repr=False)
    source: Source
    used: bool


def load(document: bytes) -> Draft:
    """The draft in *document*.

    Raises:
        FormError: it is none.
    """
    found = codec.loads(Draft, document)
    if found.format != FORMAT:
        raise FormError([error("form/choice", "/format", choices=FORMAT)])
    return found


def finish(draft: Draft, folder: Path) -> tuple[Application, tuple[Path, ...]]:
    """The application that *draft* is, with its files, which are read from *folder*.

    Raises:
        FormError: something is missing or wrong; all of it is named, by its place in the application.
        OSError: a file cannot be read.
    """
    if "attachments" in draft.application:
        raise FormError([error("form/unknown-field", "/attachments")])
    paths = tuple(folder / each.path for each in draft.files)
    attachments = [
        package.attachment(path, each.role, taken=each.taken) for path, each in zip(paths, draft.files, strict=True)
    ]
    whole = {**draft.application, "attachments": codec.encode(attachments)}
    try:
        return codec.decode(Application, whole), paths
    except FormError as mistakes:  # what is wrong with the texts that are there is told along
        raise FormError([*mistakes.violations, *check_texts(draft.application, current().texts)]) from None


def read(path: Path) -> tuple[Application, tuple[Path, ...]]:
    """The application that the draft at *path* is, with its files, which are read from the same folder.

    Raises:
        FormError: it is not a draft, or something in it is missing or wrong.
        OSError: it, or a file that goes along, cannot be read.
    """
    with path.open("rb") as stream:
        document = stream.read(codec.DOCUMENT_MAX + 1)
    return finish(load(document), path.parent)


def encrypted(paths: Sequence[Path]) -> list[Violation]:
    """Which of the files seem to be encrypted: a warning for each."""
    return [
        warning("attachment/encrypted", f"/attachments/{number}")
        for number, path in enumerate(paths)
        if package.seems_encrypted(path)
    ]


def begin(
    kind: Kind, *, signing: x509.Certificate | None = None, residence: ResidenceFacts | None = None
) -> tuple[Draft, tuple[Prefilled, ...]]:
    """A draft with all that has to be filled in, and what the cards say in its place.

    Where both say something, the residence card's is used, for the office holds the form against that; the other is
    told as well. A name that is not written as the form wants it is told and not used.
    """
    application: dict[str, Any] = _empty(kind)
    found = list[Prefilled]()
    used: dict[str, object] = {}
    for place, value, source in [*_of_residence_card(residence), *_of_certificate(signing)]:
        fits = place not in used and _put(application, place, value)
        if fits:
            used[place] = value
        same = not fits and compare_texts(str(used.get(place, "")), str(value)) is not Match.DIFFERS
        if not same:
            found.append(Prefilled(place, value, source, fits))
    return Draft(FORMAT, application), tuple(found)


def facts_of(contents: Contents, number: CardNumber | None = None) -> ResidenceFacts:
    """What of a residence card's *contents* an application asks for. Whether it is genuine is asked elsewhere.

    Args:
        contents: as they were read.
        number: by which the card was read; one of generation 1 does not say it.
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
    found: list[tuple[str, object | None]] = [
        ("/stay/card_number", facts.number),
        ("/stay/expires", facts.stay_expires and facts.stay_expires.isoformat()),
        ("/person/birth_date", facts.birth_date and facts.birth_date.isoformat()),
        ("/person/address/text", facts.address),
    ]
    return [(place, value, Source.RESIDENCE_CARD) for place, value in found if value]


def _of_certificate(certificate: x509.Certificate | None) -> list[tuple[str, object, Source]]:
    try:
        holder = holder_of(certificate) if certificate is not None else None
    except CertificateFileError:
        holder = None
    if holder is None:
        return []
    born = holder.birth_date.date if holder.birth_date is not None else None
    sex = SEXES.get(holder.sex) if holder.sex is not None else None
    found: list[tuple[str, object | None]] = [
        ("/person/name", holder.name and holder.name.value),
        ("/person/birth_date", born and born.isoformat()),
        ("/person/sex", sex and sex.value),
        ("/person/address/text", holder.address and holder.address.value),
    ]
    return [(place, value, Source.SIGNING_CERTIFICATE) for place, value in found if value]


def _put(application: dict[str, Any], place: str, value: object) -> bool:
    """Put *value* there, if there is such a place and a text has the form that is wanted; whether it was put."""
    rule = current().texts.get(place, TextRule(TextForm.ANY, 1000))
    if isinstance(value, str) and list(text_violations(place, value, rule)):
        return False
    *above, name = place.split("/")[1:]
    inside = application
    for each in above:
        if each not in inside:
            return False
        inside = inside[each]
    inside[name] = value
    return True


def _empty(kind: Kind) -> dict[str, Any]:
    """What has to be filled in for *kind*; ``null`` and empty texts are mistakes until something stands there."""
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
    found: dict[str, Any] = {
        "kind": kind.value, "actor": "self", "person": person, "wanted": wanted,
        "contact": {"email": "", "email_again": ""}, "delivery": "counter", "intent_confirmed": False,
        "content_is_true": False,
    }  # fmt: skip
    if rule.status.holds:
        found["stay"] = {"status": "", "expires": None, "months": None, "card_number": ""}
    if "/passport" in rule.required:
        found["passport"] = {"number": "", "expires": None}
    if "/criminal_record" in rule.required:
        found["criminal_record"] = {"exists": None}
    if rule.event:
        found["circumstances"] = {"event": None}
    return found
