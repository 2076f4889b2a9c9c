"""An application to the Immigration Services Agency, as values: what part 1 of its forms asks for, and its common tail.

The forms' other parts differ with the status of residence and are a profile's business (:attr:`Application.extra`).
Nothing here is checked against any rule: :func:`mynacard.submission.checking.check` does. All of it is personal, and
nothing of it is in a ``repr``.

Source: forms 30 and 30-2 (別記第三十号様式, 第三十号の二様式) of the ordinance under the Immigration Control Act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

__all__ = [
    "Actor",
    "Address",
    "Application",
    "Attachment",
    "Circumstances",
    "Contact",
    "CriminalRecord",
    "Delivery",
    "FamilyMember",
    "Intermediary",
    "Kind",
    "Passport",
    "Person",
    "Reentry",
    "Representative",
    "Rider",
    "Role",
    "Sex",
    "Stay",
    "Wanted",
]


class Kind(StrEnum):
    """What is applied for first of all; one of these to an application."""

    COE = "coe"  # 在留資格認定証明書交付申請
    CHANGE = "change"  # 在留資格変更許可申請
    EXTENSION = "extension"  # 在留期間更新許可申請
    ACQUISITION = "acquisition"  # 在留資格取得許可申請
    WORK_CERTIFICATE = "work_certificate"  # 就労資格証明書交付申請


class Rider(StrEnum):
    """What may be applied for along with some of the kinds, and never alone online."""

    REENTRY = "reentry"  # 再入国許可申請
    EXTRA_ACTIVITY = "extra_activity"  # 資格外活動許可申請


class Actor(StrEnum):
    """Who applies."""

    SELF = "self"
    LEGAL_REPRESENTATIVE = "legal_representative"
    RELATIVE = "relative"
    PROFESSIONAL = "professional"  # lawyer or administrative scrivener, 弁護士・行政書士
    ORGANISATION = "organisation"  # staff of the accepting organisation, 所属機関等の職員
    SUPPORT_ORGANISATION = "support_organisation"  # 公益法人・登録支援機関の職員


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"


class Delivery(StrEnum):
    """How the result is to come."""

    MAIL = "mail"
    COUNTER = "counter"
    EMAIL = "email"  # the certificate of eligibility alone


class Reentry(StrEnum):
    SINGLE = "single"
    MULTIPLE = "multiple"


class Role(StrEnum):
    """What an attached file is."""

    PHOTO = "photo"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Address:
    """In Japan. *postcode* has seven digits and no hyphen."""

    postcode: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about. The name is in capitals of the basic alphabet, as in the passport: family name first."""

    name: str = field(repr=False)
    nationality: str = field(repr=False)
    birth_date: date = field(repr=False)
    sex: Sex = field(repr=False)
    married: bool = field(repr=False)
    occupation: str = field(repr=False)
    home_town: str = field(repr=False)
    address: Address | None = field(default=None, repr=False)
    telephone: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)
    place_of_birth: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Passport:
    number: str = field(repr=False)
    expires: date = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stay:
    """What is held now. *status* is one of the rules' own names; *expires* the last day of the period."""

    status: str
    expires: date | None = field(default=None, repr=False)
    months: int | None = None
    card_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is applied for."""

    reason: str = field(repr=False)
    status: str | None = None
    period: str = ""


@dataclass(frozen=True, slots=True)
class CriminalRecord:
    exists: bool = field(repr=False)
    detail: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """In Japan, or living together."""

    relationship: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    nationality: str = field(repr=False)
    living_together: bool = field(repr=False)
    workplace: str = field(default="", repr=False)
    card_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Representative:
    """Who acts by law for the person, or the relative who applies."""

    name: str = field(repr=False)
    relation: str = field(repr=False)
    address: Address = field(repr=False)
    telephone: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Intermediary:
    """The professional, or the organisation's member of staff, who applies."""

    name: str = field(repr=False)
    organisation: str = field(repr=False)
    address: Address = field(repr=False)
    telephone: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """Where notices go. The address is asked for twice."""

    email: str = field(repr=False)
    email_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the rules want to know beside the forms.

    Attributes:
        abroad: the person is outside of Japan.
        cannot_apply: the person cannot apply, because of illness or the like.
        supervising: the organisation that applies is the one that supervises the technical intern.
        organisation_in_japan: whether the person belongs to an organisation in Japan; None: not said.
        approved: the organisation, or the professional, has been approved for applying online.
        requested: the person's organisation has asked the support organisation to apply.
        event: of an acquisition, the day of birth or of the loss of nationality.
        reentry: which permission the rider is about.
    """

    abroad: bool = False
    cannot_apply: bool = False
    supervising: bool = False
    organisation_in_japan: bool | None = None
    approved: bool = False
    requested: bool = False
    event: date | None = field(default=None, repr=False)
    reentry: Reentry | None = None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes along.

    Attributes:
        name: the file's own, without a folder.
        role: what it is.
        media_type: ``application/pdf`` or ``image/jpeg``.
        size: bytes.
        sha256: of its content, in small hexadecimal digits.
        taken: of a photo, the day.
    """

    name: str = field(repr=False)
    role: Role
    media_type: str
    size: int
    sha256: str = field(repr=False)
    taken: date | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """All of it.

    Attributes:
        extra: what a profile's forms ask for beyond, as JSON.
    """

    kind: Kind
    actor: Actor
    person: Person
    wanted: Wanted
    contact: Contact
    delivery: Delivery
    intent_confirmed: bool
    content_is_true: bool
    riders: tuple[Rider, ...] = ()
    passport: Passport | None = None
    stay: Stay | None = None
    criminal_record: CriminalRecord | None = None
    family: tuple[FamilyMember, ...] = ()
    representative: Representative | None = None
    intermediary: Intermediary | None = None
    circumstances: Circumstances = Circumstances()
    remarks: str = field(default="", repr=False)
    attachments: tuple[Attachment, ...] = ()
    extra: Mapping[str, object] = field(default_factory=dict[str, object], repr=False)
