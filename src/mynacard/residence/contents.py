"""The contents of a residence card, as frozen values; one shape for each generation.

They are not checked here; :func:`mynacard.residence.check` does that. All of them are personal, and no value prints
them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import field
from typing import Final, TypeAlias

from mynacard._dataclasses import dataclass
from mynacard.apdu import tlv
from mynacard.arguments import check_type
from mynacard.ber import to_der
from mynacard.errors import CertificateFileError, PinFormError, TlvError, UsageError
from mynacard.images import Image, ImageKind
from mynacard.residence import forms
from mynacard.residence.forms import Row, data_error
from mynacard.residence.layout import LAYOUTS, CardType, File, First, Free, Second
from mynacard.residence.number import CardNumber
from mynacard.residence.values import (
    Coded,
    ComprehensivePermission,
    Day,
    PeriodOfStay,
    Presence,
    RawCode,
    Sex,
    WorkRestriction,
    coded,
    day,
    period,
)
from mynacard.texts import N_

__all__ = [
    "Address",
    "CardFiles",
    "Contents",
    "FirstContents",
    "OtherEntries",
    "Permissions",
    "PrintedEntries",
    "SecondContents",
    "card_type",
    "contents_of",
    "entries_row",
    "specification_version",
    "stored_certificate",
]


@dataclass(frozen=True, slots=True)
class CardFiles:
    """The files of one card, as read.

    Attributes:
        type: the type of card.
        content: whole files, byte for byte, without those that the card says it does not have.
    """

    type: CardType
    content: Mapping[File, bytes] = field(repr=False)

    def row(self, file: File) -> Row | None:
        """The content of *file*; None where the card does not have it.

        Raises:
            CardDataError: it does not have the known form.
        """
        return forms.read(file, self.content[file]) if file in self.content else None

    def needed(self, file: File) -> Row:
        """The same for a file that every such card has.

        Raises:
            CardDataError: the same, or the file is missing.
        """
        row = self.row(file)
        if row is None:
            raise data_error(file, N_("It is missing."))
        return row

    @property
    def missing(self) -> tuple[File, ...]:
        """The files of this type of card that this one does not have, or from which nothing was read."""
        return tuple(file for file in LAYOUTS[self.type] if file not in self.content)


@dataclass(frozen=True, slots=True)
class Address:
    """The address that was added last, on the back of the card; earlier ones are not on the chip.

    Attributes:
        added: when.
        municipality: the code of the municipality, six digits, as the card has it.
        text: the address.
    """

    added: Day | None
    municipality: str = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class FirstContents:
    """The contents of a first-generation card. Name, dates and status are only in the front image.

    Attributes:
        type: the type of card.
        version: of the specification that the card follows, such as '0001'.
        front_image: the front as printed, without photo and background; TIFF, with its filler.
        face_image: the photo, JPEG 2000, with its filler; None for holders under 16.
        address: None if none was ever added.
        comprehensive_permission: the text of the box on the back, empty where there is none; None on a special
            permanent resident certificate, which has no such box.
        individual_permission: the same.
        extension_pending: whether an application for extension or change is pending; None on such a certificate too.
        check_code: the signature, 256 bytes; None for holders under 16.
        certificate_der: the signer's certificate; None for holders under 16.
    """

    type: CardType
    version: str
    front_image: Image
    face_image: Image | None
    address: Address | None
    comprehensive_permission: str | None = field(repr=False)
    individual_permission: str | None = field(repr=False)
    extension_pending: Coded[Presence] | None
    check_code: bytes | None = field(repr=False)
    certificate_der: bytes | None = field(repr=False)

    @property
    def images(self) -> tuple[Image, ...]:
        """The images that are there."""
        return tuple(_there(self.front_image, self.face_image))


@dataclass(frozen=True, slots=True)
class PrintedEntries:
    """The entries printed on the front of a second-generation card; they are signed.

    Attributes:
        expires: the last day of the card.
        birth_date: of the holder.
        sex: of the holder.
        nationality: a code of three characters; its table is not public.
        status: the code of the status of residence; its table is not public.
        period_of_stay: how long the stay is.
        permission_kind: a code; its table is not public. None on a special permanent resident
            certificate, like the two after it.
        permission_date: when it was given.
        work: which work is allowed.
        stay_expires: the last day of the stay.
    """

    expires: Day | None
    birth_date: Day | None
    sex: Coded[Sex]
    nationality: RawCode
    status: RawCode
    period_of_stay: PeriodOfStay = field(repr=False)
    permission_kind: RawCode | None
    permission_date: Day | None
    work: Coded[WorkRestriction] | None
    stay_expires: Day | None


@dataclass(frozen=True, slots=True)
class Permissions:
    """Permissions to work that the status does not allow; not signed."""

    comprehensive: Coded[ComprehensivePermission]
    expires: Day | None
    individual: Coded[Presence]


@dataclass(frozen=True, slots=True)
class OtherEntries:
    """DF2/EF03: whether the agency's commissioner made an entry, and a reserved text."""

    entry_by_commissioner: Coded[Presence]
    reserved: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SecondContents:
    """The contents of a second-generation card. Name and address are images.

    Attributes:
        type: the type of card.
        version: of the specification that the card follows.
        number: the card's own number; not signed.
        entries: the printed entries.
        name_image: TIFF, with its filler.
        face_image: JPEG 2000, with its filler; None for small children.
        address_image: TIFF, with its filler.
        permissions: None on a special permanent resident certificate, like the next.
        extension_pending: whether an application for extension or change is pending.
        other: None where the card does not have the file.
        signature: None where there is none.
        certificate_der: the signer's certificate; None where there is none.
    """

    type: CardType
    version: str
    number: CardNumber
    entries: PrintedEntries
    name_image: Image
    face_image: Image | None
    address_image: Image
    permissions: Permissions | None
    extension_pending: Coded[Presence] | None
    other: OtherEntries | None
    signature: bytes | None = field(repr=False)
    certificate_der: bytes | None = field(repr=False)

    @property
    def images(self) -> tuple[Image, ...]:
        """The images that are there."""
        return tuple(_there(self.name_image, self.face_image, self.address_image))


Contents: TypeAlias = FirstContents | SecondContents


def _there(*images: Image | None) -> Iterator[Image]:
    return (image for image in images if image is not None)


def card_type(content: bytes) -> CardType:
    """The type that MF/EF02 reports.

    Raises:
        CardDataError: the type is unknown.
    """
    file = Free.TYPE_1 if len(content) == Free.TYPE_1.size else Free.TYPE_2
    raw = forms.read(file, content).text(0xC1)
    try:
        return CardType(raw)
    except ValueError:
        raise data_error(file, N_("It does not hold a known type of card.")) from None


def specification_version(content: bytes) -> str:
    """The version of the specification in MF/EF01.

    Raises:
        CardDataError: the file does not have the known form.
    """
    return forms.read(Free.COMMON, content).text(0xC0)


def contents_of(files: CardFiles) -> Contents:
    """The contents of *files*, parsed.

    Raises:
        CardDataError: one does not have the known form, or is missing.
        UsageError: no source describes the files of this type.
    """
    check_type(files, CardFiles)
    match files.type.generation, files.type.specified:
        case 1, _:
            return _first(files)
        case _, False:
            return _second(files)
        case _:
            raise UsageError(N_("The contents of a {card} are not public."), card=files.type.label)


# --- the first generation --------------------------------------------------------------------------------------


def _first(files: CardFiles) -> FirstContents:
    signature = files.needed(First.SIGNATURE)
    front = _image(files.needed(First.FRONT), 0xD0, N_("front image"), ImageKind.TIFF)
    if front is None:
        raise data_error(First.FRONT, N_("It is missing."))
    extension = files.row(First.EXTENSION)
    return FirstContents(
        type=files.type,
        version=_version(files),
        front_image=front,
        face_image=_image(files.needed(First.FACE), 0xD1, N_("face image"), ImageKind.JPEG_2000),
        address=_address(files.needed(First.ADDRESS)),
        comprehensive_permission=_text(files, First.COMPREHENSIVE_PERMISSION, 0xD5),
        individual_permission=_text(files, First.INDIVIDUAL_PERMISSION, 0xD6),
        extension_pending=None if extension is None else coded(Presence, extension.text(0xD7)),
        check_code=signature.values.get(0xDA),
        certificate_der=stored_certificate(signature, 0xDB),
    )


def _address(row: Row) -> Address | None:
    address = Address(day(row, 0xD2), row.text(0xD3), row.text(0xD4))
    return address if address.added or address.municipality or address.text else None


def _text(files: CardFiles, file: File, tag: int) -> str | None:
    row = files.row(file)
    return None if row is None else row.text(tag)


# --- the second generation -------------------------------------------------------------------------------------


def _second(files: CardFiles) -> SecondContents:
    signature, images, address = (files.needed(file) for file in (Second.SIGNATURE, Second.IMAGES, Second.ADDRESS))
    name = _image(images, 0xD0, N_("name image"), ImageKind.TIFF)
    address_image = _image(address, 0xDFD1, N_("address image"), ImageKind.TIFF)
    if name is None or address_image is None:
        raise data_error(Second.IMAGES if name is None else Second.ADDRESS, N_("An image is missing from it."))
    permissions, extension, other = (files.row(file) for file in (Second.PERMISSIONS, Second.EXTENSION, Second.OTHER))
    return SecondContents(
        type=files.type,
        version=_version(files),
        number=_number(files.needed(Second.NUMBER)),
        entries=_entries(entries_row(files)),
        name_image=name,
        face_image=_image(images, 0xD1, N_("face image"), ImageKind.JPEG_2000),
        address_image=address_image,
        permissions=None if permissions is None else _permissions(permissions),
        extension_pending=None if extension is None else coded(Presence, extension.text(0xD8)),
        other=None if other is None else _other(other),
        signature=signature.values.get(0xDC),
        certificate_der=stored_certificate(signature, 0xDD),
    )


def entries_row(files: CardFiles) -> Row:
    """The printed entries, as stored.

    Raises:
        CardDataError: the file does not have the known form, or is missing.
    """
    file = next(file for file in LAYOUTS[files.type] if file in _ENTRIES)
    return files.needed(file)


_ENTRIES: Final = (Second.ENTRIES, Second.ENTRIES_OF_SPECIAL)


def _entries(row: Row) -> PrintedEntries:
    of_residence_card = row.file == Second.ENTRIES
    return PrintedEntries(
        expires=day(row, 0xC5),
        birth_date=day(row, 0xC6),
        sex=coded(Sex, row.text(0xC7)),
        nationality=RawCode(row.text(0xC8)),
        status=RawCode(row.text(0xC9)),
        period_of_stay=period(row.text(0xCE)),
        permission_kind=RawCode(row.text(0xCA)) if of_residence_card else None,
        permission_date=day(row, 0xCB),
        work=coded(WorkRestriction, row.text(0xCC)) if of_residence_card else None,
        stay_expires=day(row, 0xCD),
    )


def _permissions(row: Row) -> Permissions:
    return Permissions(coded(ComprehensivePermission, row.text(0xD5)), day(row, 0xD6), coded(Presence, row.text(0xD7)))


def _other(row: Row) -> OtherEntries:
    return OtherEntries(coded(Presence, row.text(0xD9)), row.text(0xDE))


def _number(row: Row) -> CardNumber:
    try:
        return CardNumber(row.values.get(0xC2, b""))
    except PinFormError:
        raise data_error(row.file, N_("It does not hold a residence card number.")) from None


# --- of both ---------------------------------------------------------------------------------------------------


def _version(files: CardFiles) -> str:
    return files.needed(Free.COMMON).text(0xC0)


def _image(row: Row, tag: int, name: str, kind: ImageKind) -> Image | None:
    """The image in an object, with its filler, which is signed too; None where there is only filler."""
    content = row.values.get(tag, b"")
    return Image(name, kind, content) if content.strip(b"\x00") else None


def stored_certificate(row: Row, tag: int) -> bytes | None:
    """The certificate in DER, without its filler; None where there is none.

    It may be stored in BER: eringoio/zairyu-card-reader takes indefinite lengths, though no card was seen to have them.
    What is signed in it is its DER (RFC 5280 §4.1.1.3).
    """
    stored = row.values.get(tag, b"")
    if not stored.strip(b"\x00"):
        return None
    with suppress(TlvError):  # of an indefinite length, which to_der reads
        stored = stored[: tlv.outer_length(stored)]
    try:
        return to_der(stored, padded=True)
    except CertificateFileError:
        return stored  # not a certificate, as the check will say
