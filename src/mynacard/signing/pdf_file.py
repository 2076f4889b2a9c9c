"""A PDF file as pyHanko reads it: opened within bounds, its signature fields, and why it cannot be read.

Source: ISO 32000-2 §7.5 (structure of a file), §12.7 (forms).
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import BufferedIOBase, RawIOBase
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.arguments import BYTES, check_type
from mynacard.errors import MynacardError, PdfFileError
from mynacard.signing.budget import Budget
from mynacard.signing.streams import Stream, part, size_of, stream_of
from mynacard.texts import N_
from mynacard.trust import asn1, pyhanko

__all__ = ["PDF_MAX", "SignatureField", "irregular", "opened", "reading", "reason", "signature_fields"]

PDF_MAX: Final = 0x1000_0000
"""The most bytes of a PDF file, which its readers hold in memory."""
_HEADER_WITHIN: Final = 1024
"""Readers accept other bytes before the header, if it begins within these (ISO 32000-1 Annex H.3, note 13)."""
_NAME_MAX: Final = 10_000
_REASON_MAX: Final = 200
_bounded: Final[Any] = asn1.OnUse("mynacard.signing.bounded")


@dataclass(frozen=True, slots=True)
class SignatureField:
    """A signature field: its name, pyHanko's reference to it, and its value there; None if it is empty."""

    name: str
    reference: Any
    value: Any


def signature_fields(reader: Any) -> dict[str, SignatureField]:
    """The signature fields by their names."""
    with reading(reader):
        return {field.name: field for field in _fields(reader)}


def _fields(reader: Any) -> Iterator[SignatureField]:
    """The signature fields. A field that the form lists twice counts once (ISO 32000-2 §12.7.4)."""
    form = reader.root.get("/AcroForm", pyhanko.generic.DictionaryObject()).get_object()
    known: set[Any] = set()
    pending = [(field, "", None) for field in reversed(_listed(form, "/Fields"))]
    while pending:
        reference, parent, kind = pending.pop()
        field = reference.get_object()
        if reference.reference in known or not isinstance(field, pyhanko.generic.DictionaryObject) or "/T" not in field:
            continue
        known.add(reference.reference)
        name, kind = f"{parent}.{field['/T']}" if parent else str(field["/T"]), field.get("/FT", kind)
        if len(name) > _NAME_MAX:
            raise pyhanko.misc.PdfReadError("The name of a form field is too long")
        if kind == "/Sig":
            yield SignatureField(name, reference, _present(reader, field.get("/V")))
        pending += [(kid, name, kind) for kid in reversed(_listed(field, "/Kids"))]


def _listed(dictionary: Any, key: str) -> list[Any]:
    """The references in the array *key* of *dictionary*; an array that is absent is empty."""
    entries = dictionary.get(key, pyhanko.generic.ArrayObject()).get_object()
    return [entry for entry in entries if isinstance(entry, pyhanko.generic.IndirectObject)]


def _present(reader: Any, value: Any) -> Any:
    """*value*, or None if it is null, which is the same as absent (ISO 32000-2 §7.3.9). It may be unreadable."""
    try:
        with reading(reader):
            return None if value is None or isinstance(value.get_object(), pyhanko.generic.NullObject) else value
    except PdfFileError as error:
        reason(error)
        return value


def opened(pdf: bytes | Stream, budget: Budget | None = None, *, strict: bool = True) -> Any:
    """pyHanko's reader of *pdf*; a stream is read where pyHanko looks, and must stay open and unchanged.

    Raises:
        MissingExtraError: pyHanko is not installed.
        PdfFileError: *pdf* is not a PDF file, is damaged, encrypted or too long; or is irregular, if *strict*.
    """
    budget = budget or Budget()
    check_type(pdf, *BYTES, BufferedIOBase, RawIOBase, wanted="bytes")
    pyhanko.check_installed()
    file = stream_of(pdf)
    if size_of(file) > PDF_MAX:
        raise PdfFileError(N_("This PDF file is longer than {most} bytes."), most=PDF_MAX)
    start = part(file, 0, _HEADER_WITHIN).find(b"%PDF-")
    if start < 0:
        raise PdfFileError(N_("This is not a PDF file."))
    if start > 0:
        raise irregular(N_("other bytes stand before its header"))
    with reading(budget=budget):
        reader = _bounded.Reader(pdf, budget, strict=strict)
        encrypted = "/Encrypt" in reader.trailer
        _ = reader.root["/Pages"]
    if encrypted:
        raise PdfFileError(N_("This PDF file is encrypted: it can be neither signed nor read here."))
    if strict and reader.xrefs.hybrid_xrefs_present:
        raise irregular(N_("it is a hybrid cross-reference file"))
    return reader


@contextmanager
def reading(reader: Any = None, budget: Budget | None = None) -> Generator[None]:
    """Turns pyHanko's exceptions for a file that it cannot read into a PdfFileError, which gives the reason.

    Raises:
        PdfFileError: also if the budget, or that of *reader*, was exceeded, whatever became of it meanwhile.
    """
    counted: Budget = budget or (Budget() if reader is None else reader.budget)
    try:
        yield
    except MynacardError:  # the card's, and our own
        counted.check()
        raise
    except pyhanko.misc.PdfDecodeLimitError as error:
        text = N_("Compressed parts of this PDF file unfold to more than is read here: {limit}")
        raise PdfFileError(text, limit=str(error)) from None
    except (pyhanko.misc.PdfError, *pyhanko.UNREADABLE) as error:
        counted.check()
        raise irregular(_said(error)) from None
    counted.check()


def _said(error: Exception) -> str:
    """What an exception of pyHanko's says of the file; its other exceptions say nothing that is worth reading."""
    if isinstance(error, RecursionError):
        return N_("its objects are nested too deeply")
    if not isinstance(error, pyhanko.misc.PdfError):
        return N_("its structure is damaged")
    return str(error.args[0])[:_REASON_MAX].rstrip(". \n")


def irregular(reason: str) -> PdfFileError:
    """The error for a file that is damaged or irregular, with the *reason* and a cure."""
    text = N_(
        "This PDF file is damaged or irregular: {reason}. The command 'qpdf in.pdf out.pdf' repairs many such files."
    )
    return PdfFileError(text, reason=reason)


def reason(error: PdfFileError) -> str:
    """Why a file, or a part of it, cannot be read. Raises *error* again if it is about something else: a bound."""
    if "reason" not in error.details:
        raise error
    return str(error.details["reason"])
