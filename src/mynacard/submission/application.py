"""An application to the Immigration Services Agency, as values: what part 1 of its forms asks for, and its common tail.

The forms' other parts differ with the status of residence and are a profile's business (:attr:`Application.extra`).
Nothing here is checked against any rule: :func:`mynacard.submission.checking.check` does that. All of it is personal,
and none of it appears in a ``repr``.

Source: forms 30 and 30-2 (別記第三十号様式, 第三十号の二様式) of the ordinance under the Immigration Control Act.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from enum import StrEnum

from mynacard._dataclasses import dataclass

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
    """The main subject of an application, which has exactly one."""

    COE = "coe"  # 在留資格認定証明書交付申請
    CHANGE = "change"  # 在留資格変更許可申請
    EXTENSION = "extension"  # 在留期間更新許可申請
    ACQUISITION = "acquisition"  # 在留資格取得許可申請
    WORK_CERTIFICATE = "work_certificate"  # 就労資格証明書交付申請


class Rider(StrEnum):
    """A permission that can be applied for along with some of the kinds, and online never by itself."""

    REENTRY = "reentry"  # 再入国許可申請
    EXTRA_ACTIVITY = "extra_activity"  # 資格外活動許可申請


class Actor(StrEnum):
    """The party that applies."""

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
    """How the result is delivered."""

    MAIL = "mail"
    COUNTER = "counter"
    EMAIL = "email"  # only the certificate of eligibility


class Reentry(StrEnum):
    SINGLE = "single"
    MULTIPLE = "multiple"


class Role(StrEnum):
    """The kind of an attached file."""

    PHOTO = "photo"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True)
class Address:
    """An address in Japan. *postcode* has seven digits and no hyphen."""

    postcode: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Person:
    """The person concerned. The name is in basic Latin capitals, as in the passport: family name first."""

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
    """The present stay. *status* is one of the rules' own names; *expires* is the last day of the period."""

    status: str
    expires: date | None = field(default=None, repr=False)
    months: int | None = None
    card_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The status and period applied for, and the reason."""

    reason: str = field(repr=False)
    status: str | None = None
    period: str = ""


@dataclass(frozen=True, slots=True)
class CriminalRecord:
    exists: bool = field(repr=False)
    detail: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FamilyMember:
    """A family member in Japan, or a person in the same household."""

    relationship: str = field(repr=False)
    name: str = field(repr=False)
    birth_date: date = field(repr=False)
    nationality: str = field(repr=False)
    living_together: bool = field(repr=False)
    workplace: str = field(default="", repr=False)
    card_number: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Representative:
    """The person's legal representative, or the relative who applies."""

    name: str = field(repr=False)
    relation: str = field(repr=False)
    address: Address = field(repr=False)
    telephone: str = field(default="", repr=False)
    mobile: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Intermediary:
    """The professional, or the member of an organisation's staff, who applies."""

    name: str = field(repr=False)
    organisation: str = field(repr=False)
    address: Address = field(repr=False)
    telephone: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Contact:
    """The e-mail address for notices, which the form asks for twice."""

    email: str = field(repr=False)
    email_again: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Facts that the rules depend on and the forms do not ask for.

    Attributes:
        abroad: the person is outside Japan.
        cannot_apply: the person cannot apply, because of illness or the like.
        supervising: the organisation that applies is the one that supervises the technical intern.
        organisation_in_japan: whether the person belongs to an organisation in Japan; None: not stated.
        approved: the organisation, or the professional, has been approved for applying online.
        requested: the person's organisation has asked the support organisation to apply.
        event: for an acquisition, the day of birth or of the loss of nationality.
        reentry: which re-entry permission the rider asks for.
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
    """A file attached to an application.

    Attributes:
        name: the file's own, without a folder.
        role: photo or document.
        media_type: ``application/pdf`` or ``image/jpeg``.
        size: in bytes.
        sha256: of its content, in lowercase hexadecimal.
        taken: for a photo, the day on which it was taken.
    """

    name: str = field(repr=False)
    role: Role
    media_type: str
    size: int
    sha256: str = field(repr=False)
    taken: date | None = None


@dataclass(frozen=True, slots=True)
class Application:
    """A complete application.

    Attributes:
        extra: the further fields of a profile's forms, as JSON.
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
