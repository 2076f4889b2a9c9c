"""A signature field filled in with pyHanko: what is written before the key signs, and what goes in afterwards.

Source: ISO 32000-2 §12.7.5.5 (fields and their locks), §12.8.1 (signatures); pyHanko 0.38, ``PdfCMSEmbedder``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from mynacard._dataclasses import dataclass
from mynacard.hashes import HashAlgorithm
from mynacard.signing.appearing import PlacedAt
from mynacard.signing.streams import PIECE, Continued
from mynacard.trust import asn1, pyhanko

__all__ = ["Addition", "Prepared", "clean", "prepared"]

_updating: Final[Any] = asn1.OnUse("mynacard.signing.updating")


_USED: Final = frozenset({"/AcroForm", "/Annots", "/Fields", "/FT", "/Kids", "/Lock", "/SV", "/T", "/V"})
"""What pyHanko looks at when it fills in a field."""


@dataclass(frozen=True, slots=True)
class Addition:
    """What is to be added to a file.

    Attributes:
        field: the full name of the field.
        new: pyHanko's description of the field, if it does not exist.
        sub_filter: the kind of signature.
        name: the signer's name, to be written into the file; None for none.
        hash_: the hash function for the content.
        appearance: what draws it (:class:`mynacard.signing.appearing.PlacedAt`); None if it is invisible.
        moment: the signing time.
        digits: the room for the signature, in hexadecimal digits.
    """

    field: str
    new: Any
    sub_filter: Any
    name: str | None
    hash_: HashAlgorithm
    appearance: PlacedAt | None
    moment: datetime
    digits: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file with room for its signature.

    Attributes:
        digest: the hash of what the signature covers.
    """

    digest: bytes
    _output: Continued
    _steps: Any

    def filled(self, signature: Any) -> Continued:
        """The file with *signature*, a CMS signature in asn1crypto's type, in what was added to it."""
        self._steps.send(signature)
        return self._output


def prepared(reader: Any, addition: Addition) -> Prepared:
    """The file of *reader*, whose objects are changed, with *addition*. It raises pyHanko's exceptions."""
    embedder = pyhanko.cms_embedder
    page = 0 if addition.new is None else addition.new.on_page
    _without_nulls(reader.find_page_for_modification(page)[0].get_object())
    writer = _updating.update(reader, addition.moment)
    if addition.sub_filter == pyhanko.fields.SigSeedSubFilter.PADES:
        writer.ensure_output_version(version=(1, 7))
        if writer.output_version < (2, 0):
            writer.register_extension(pyhanko.constants.ESIC_EXTENSION_1)
    steps = embedder.PdfCMSEmbedder(addition.new).write_cms(addition.field, writer)
    lock = _lock(next(steps).get_object(), addition.hash_)
    value = pyhanko.pdf_byterange.SignatureObject(
        addition.moment, addition.sub_filter, addition.name, bytes_reserved=addition.digits
    )
    steps.send(embedder.SigObjSetup(value, lock, addition.appearance))
    output = Continued(reader.file)
    prepared_digest, _ = steps.send(embedder.SigIOSetup(addition.hash_.value, chunk_size=PIECE, output=output))
    return Prepared(prepared_digest.document_digest, output, steps)


def _lock(field: Any, hash_: HashAlgorithm) -> Any:
    """What the lock of *field* forbids after signing, which goes into the signature."""
    if "/Lock" not in field:
        return pyhanko.cms_embedder.SigMDPSetup(hash_.value)
    lock = field["/Lock"]
    permissions = pyhanko.fields.MDPPerm(lock["/P"]) if "/P" in lock else None
    fields = pyhanko.fields.FieldMDPSpec.from_pdf_object(lock)
    return pyhanko.cms_embedder.SigMDPSetup(hash_.value, field_lock=fields, docmdp_perms=permissions)


def clean(reader: Any) -> None:
    """Leave out what is null of the form of *reader*, whose objects are changed.

    pyHanko takes a reference to null as a value.
    """
    root = _without_nulls(reader.root)
    if "/AcroForm" in root:
        pending, known = _listed(_without_nulls(root["/AcroForm"]), "/Fields"), set[Any]()
        while pending:
            reference = pending.pop()
            if reference.reference in known or _is_null(reference):
                continue
            known.add(reference.reference)
            field = reference.get_object()
            if isinstance(field, pyhanko.generic.DictionaryObject):
                pending += _listed(_without_nulls(field), "/Kids")


def _listed(dictionary: Any, key: str) -> list[Any]:
    """The references in the array *key* of *dictionary*; an array that is absent is empty."""
    entries = dictionary[key] if key in dictionary else ()  # noqa: SIM401  # get does not follow references
    return [entry for entry in entries if isinstance(entry, pyhanko.generic.IndirectObject)]


def _without_nulls(dictionary: Any) -> Any:
    """*dictionary*, changed: without :data:`_USED` entries that refer to null (ISO 32000-2 §7.3.9, §7.3.10)."""
    for key in _USED & dictionary.keys():
        if _is_null(dictionary.raw_get(key)):
            del dictionary[key]
    return dictionary


def _is_null(entry: Any) -> bool:
    """Whether *entry* is null, or refers to null or to an object that the file does not have."""
    if isinstance(entry, pyhanko.generic.IndirectObject):
        return entry.get_pdf_handler().xrefs[entry.reference] is None or _is_null(entry.get_object())
    return isinstance(entry, pyhanko.generic.NullObject)
