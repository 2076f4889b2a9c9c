"""Honest PDF files for tests, made by several programs: steps that take a file, and return it with more at its end."""

from __future__ import annotations

import asyncio
import io
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs12
from pyhanko import stamp
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers, timestamps
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from mynacard.signing import pades
from tests.rig.pcscd import program
from tests.signing import tsa
from tests.signing.pdfs import pdf, updated, written
from tests.trust.authorities import authority, der, holder, key

Step = Callable[[bytes], bytes]
Change = Callable[[Any], None]
"""Changes a file through pyHanko's writer of incremental updates."""
Box = tuple[int, int, int, int]

_NAME: Any = generic.pdf_name
_PDF: Any = generic
_WRITER: Any = writer
_STAMPER: Any = timestamps.TimeStamper

PEOPLE: Final = ("first", "second")
CA: Final = authority("honest ca", end=tsa.END)  # pdfsig and pyHanko take the time of the machine
BOX: Final[Box] = (50, 50, 250, 110)
UPPER: Final[Box] = (50, 150, 250, 210)
TEXT_BOX: Final[Box] = (50, 300, 250, 320)


@cache
def certificate(person: str) -> x509.Certificate:
    """Everyone has a name of their own: NSS takes two certificates of one name for two of one person."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{person} person")])
    return holder(CA, person, subject=name, end=tsa.END, serial=0x100 + PEOPLE.index(person))


def trusting() -> ValidationContext:
    roots: Any = [asn1_x509.Certificate.load(der(root.certificate)) for root in (CA, tsa.CA)]
    return ValidationContext(trust_roots=roots, allow_fetching=False)


def made(data: bytes, *steps: Step) -> bytes:
    return reduce(lambda file, step: step(file), steps, data)


# --- programs that sign ---


def us(field: str, person: str = "first", *, box: Box | None = None, page: int = 1) -> Step:
    """mynacard signs. *field* is an existing one, or a new one, visible in *box*."""

    def sign(data: bytes) -> bytes:
        appearance = None if box is None else pades.Appearance(page=page, box=box)
        return pades.sign(data, certificate(person), key(person), field=field, appearance=appearance)

    return sign


def pyhanko(
    field: str,
    person: str = "first",
    *,
    box: Box | None = None,
    page: int = 1,
    change: Change | None = None,
    **options: Any,
) -> Step:
    """pyHanko signs, after *change* in the same update. *field* is an existing one, or a new one, visible in *box*."""

    def sign(data: bytes) -> bytes:
        output: Any = IncrementalPdfFileWriter(io.BytesIO(data))
        if change is not None:
            change(output)
        known = {name for name, _, _ in fields.enumerate_sig_fields(output)}
        new = None if field in known else fields.SigFieldSpec(field, on_page=page - 1, box=box)
        metadata = signers.PdfSignatureMetadata(
            **{"field_name": field, "md_algorithm": "sha256", "subfilter": fields.SigSeedSubFilter.PADES, **options}
        )
        pdf_signer = signers.PdfSigner(
            metadata, _signer(person), timestamper=Stamper() if "use_pades_lta" in options else None,
            new_field_spec=new, stamp_style=stamp.TextStampStyle(stamp_text="Signed\n%(ts)s"),
        )  # fmt: skip
        done: Any = pdf_signer.sign_pdf(output)
        return bytes(done.getbuffer())

    return sign


def pdfsig(field: str, person: str = "first", *words: str) -> Step:
    """Poppler's pdfsig signs. *field* is an existing one, or a new one without area."""

    def sign(data: bytes) -> bytes:
        known = {name for name, _, _ in fields.enumerate_sig_fields(PdfFileReader(io.BytesIO(data), strict=False))}
        into = ["-sign", field] if field in known else ["-add-signature", "-new-signature-field-name", field]
        with TemporaryDirectory() as folder:
            Path(folder, "in.pdf").write_bytes(data)
            for name, content in _nss_database().items():
                Path(folder, name).write_bytes(content)
            _run(folder, "pdfsig", "-nssdir", "sql:.", *into, "-nick", person, *words, "in.pdf", "out.pdf")
            return Path(folder, "out.pdf").read_bytes()

    return sign


@cache
def _nss_database() -> dict[str, bytes]:
    """The files of a database with everyone's keys, which has no password."""
    with TemporaryDirectory() as folder:
        _run(folder, "certutil", "-N", "-d", "sql:.", "--empty-password")
        for person in PEOPLE:
            packed = pkcs12.serialize_key_and_certificates(
                person.encode(), key(person), certificate(person), [CA.certificate], NoEncryption()
            )
            Path(folder, "key.p12").write_bytes(packed)
            _run(folder, "pk12util", "-i", "key.p12", "-d", "sql:.", "-W", "", "-K", "")
        return {path.name: path.read_bytes() for path in Path(folder).glob("*.[dt][bx]*")}


def _run(folder: str, name: str, *words: str) -> None:
    done = subprocess.run([program(name), *words], cwd=folder, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, (done.stdout, done.stderr)


def _signer(person: str) -> Any:
    private = key(person).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    registry: Any = SimpleCertificateStore()
    registry.register(asn1_x509.Certificate.load(der(CA.certificate)))
    simple: Any = signers.SimpleSigner
    return simple(
        signing_cert=asn1_x509.Certificate.load(der(certificate(person))),
        signing_key=asn1_keys.PrivateKeyInfo.load(private), cert_registry=registry,
    )  # fmt: skip


class Stamper(_STAMPER):
    """The tests' time-stamping authority, asked by pyHanko."""

    async def async_request_tsa_response(self, req: Any) -> Any:
        return tsp.TimeStampResp.load(tsa.answered(req.dump()))


LONG_TERM: Final[dict[str, Any]] = {"use_pades_lta": True, "embed_validation_info": True}
"""pyHanko's options for PAdES B-LTA: a time stamp in the signature; then a DSS, and a time stamp on the file."""


def long_term(field: str, person: str = "first", **options: Any) -> Step:
    return pyhanko(field, person, **LONG_TERM, validation_context=trusting(), **options)


def stamped(data: bytes) -> bytes:
    """*data* with a time stamp on the file, by pyHanko, and no DSS."""
    output: Any = IncrementalPdfFileWriter(io.BytesIO(data))
    return bytes(signers.PdfTimeStamper(Stamper()).timestamp_pdf(output, "sha256").getbuffer())


def renewed(data: bytes) -> bytes:
    """*data* with another DSS and another time stamp on the file, as pyHanko renews a chain of them."""
    stamper: Any = signers.PdfTimeStamper(Stamper())
    output: Any = asyncio.run(
        stamper.async_update_archival_timestamp_chain(PdfFileReader(io.BytesIO(data)), trusting(), in_place=False)
    )
    return bytes(output.getbuffer())


# --- other programs, and files before they are signed ---


def qpdf(*words: str) -> Step:
    """qpdf saves the file anew, with the options *words*."""

    def save(data: bytes) -> bytes:
        with TemporaryDirectory() as folder:
            Path(folder, "in.pdf").write_bytes(data)
            _run(folder, "qpdf", "--deterministic-id", *words, "in.pdf", "out.pdf")
            return Path(folder, "out.pdf").read_bytes()

    return save


def changed(*changes: Change) -> Step:
    """An incremental update with *changes*."""

    def change(file: Any) -> None:
        for one in changes:
            one(file)

    return lambda data: updated(data, change)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A change: an empty signature field on page *page*.

    Attributes:
        bare: whether it has no /AP, and the form no /SigFlags, as some programs leave them.
        flags: those of its widget (ISO 32000-2 §12.5.3), if they are not the usual ones.
        options: more of pyHanko's for a field.
    """

    field: str
    box: Box | None = BOX
    page: int = 1
    bare: bool = False
    flags: int | None = None
    options: Mapping[str, Any] | None = None

    def __call__(self, file: Any) -> None:
        spec = fields.SigFieldSpec(self.field, on_page=self.page - 1, box=self.box, **(self.options or {}))
        fields.append_signature_field(file, spec)
        form = file.root["/AcroForm"]
        field = form["/Fields"][-1]
        if self.bare:
            field.pop("/AP", None)
            form.pop("/SigFlags", None)
            file.update_container(form)
        if self.flags is not None:
            field["/F"] = _PDF.NumberObject(self.flags)


@dataclass(frozen=True, slots=True)
class SigFlags:
    """A change: the form's /SigFlags are *flags* (ISO 32000-2 §12.7.3)."""

    flags: int

    def __call__(self, file: Any) -> None:
        form = file.root["/AcroForm"]
        form["/SigFlags"] = _PDF.NumberObject(self.flags)
        file.update_container(form)


def direct_form(file: Any) -> None:
    """A change: the form is no object of its own, but lies in the catalog."""
    file.root["/AcroForm"] = _PDF.DictionaryObject(file.root["/AcroForm"])
    file.update_root()


def separate_annotations(file: Any) -> None:
    """A change: the array of the first page's annotations is an object of its own."""
    page = file.root["/Pages"]["/Kids"][0]
    page["/Annots"] = file.add_object(_PDF.ArrayObject(page.get("/Annots", ())))
    file.update_container(page)


def null_values(file: Any) -> None:
    """A change: the fields of the form have the value null, which is none (ISO 32000-2 §7.3.9)."""
    for reference in file.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        field["/V"] = _PDF.NullObject()
        file.update_container(field)


def text_field(file: Any) -> None:
    """A change: the visible text field "amount" on page 1."""
    page = file.root["/Pages"]["/Kids"][0]
    field = file.add_object(_PDF.DictionaryObject({
        _NAME("/FT"): _NAME("/Tx"), _NAME("/T"): _PDF.TextStringObject("amount"), _NAME("/F"): _PDF.NumberObject(4),
        _NAME("/Type"): _NAME("/Annot"), _NAME("/Subtype"): _NAME("/Widget"), _NAME("/P"): _reference(page),
        _NAME("/Rect"): _PDF.ArrayObject(map(_PDF.NumberObject, TEXT_BOX)),
    }))  # fmt: skip
    page["/Annots"] = _PDF.ArrayObject([field])
    file.update_container(page)
    file.root["/AcroForm"] = file.add_object(_PDF.DictionaryObject({_NAME("/Fields"): _PDF.ArrayObject([field])}))
    file.update_root()


def filled_in(file: Any) -> None:
    """A change: "amount" says 100, and shows it."""
    field = file.root["/AcroForm"]["/Fields"][0]
    field["/V"] = _PDF.TextStringObject("100")
    field["/AP"] = _PDF.DictionaryObject({_NAME("/N"): file.add_object(_appearance((0, 0, 200, 20), b"0 0 9 9 re f"))})
    file.update_container(field)


def unseen_appearance(file: Any) -> None:
    """A change: the last field has an appearance; nothing shows it if the field has no area."""
    field = file.root["/AcroForm"]["/Fields"][-1]
    field["/AP"] = _PDF.DictionaryObject({_NAME("/N"): file.add_object(_appearance((0, 0, 0, 0), b"0 0 9 9 re f"))})
    file.update_container(field)


def _appearance(box: Box, content: bytes) -> Any:
    return _PDF.StreamObject(
        {
            _NAME("/Type"): _NAME("/XObject"),
            _NAME("/Subtype"): _NAME("/Form"),
            _NAME("/BBox"): _PDF.ArrayObject(map(_PDF.NumberObject, box)),
        },
        stream_data=content,
    )


def form_defaults(file: Any) -> None:
    """A change: a font for the form, as programs add it that could fill in fields."""
    form = file.root["/AcroForm"]
    font = _PDF.DictionaryObject(
        {_NAME("/Type"): _NAME("/Font"), _NAME("/Subtype"): _NAME("/Type1"), _NAME("/BaseFont"): _NAME("/Helvetica")}
    )
    form["/DR"] = _PDF.DictionaryObject(
        {_NAME("/Font"): _PDF.DictionaryObject({_NAME("/Helv"): file.add_object(font)})}
    )
    form["/DA"] = _PDF.TextStringObject("/Helv 0 Tf 0 g")
    file.update_container(form)


def more_resources(file: Any) -> None:
    """A change: another font beside the form's first one."""
    fonts = file.root["/AcroForm"]["/DR"]["/Font"]
    fonts["/Cour"] = file.add_object(
        _PDF.DictionaryObject(
            {_NAME("/Type"): _NAME("/Font"), _NAME("/Subtype"): _NAME("/Type1"), _NAME("/BaseFont"): _NAME("/Courier")}
        )
    )
    file.update_container(fonts)


@dataclass(frozen=True, slots=True)
class Metadata:
    """A change: XMP metadata with *title*, in a new object, or in the one that they had; and so in /Info."""

    title: str
    replaced: bool = False

    def __call__(self, file: Any) -> None:
        xmp = (
            '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
            'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
            'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title><rdf:Alt><rdf:li xml:lang="x-default">'
            f"{self.title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
        )
        stream = _PDF.StreamObject(
            {_NAME("/Type"): _NAME("/Metadata"), _NAME("/Subtype"): _NAME("/XML")}, stream_data=xmp.encode()
        )
        if not self.replaced:
            file.root["/Metadata"] = file.add_object(stream)
            file.update_root()
        file.document_meta.title = self.title  # pyHanko writes this object once more, with no title but this
        file.set_info(_PDF.DictionaryObject({_NAME("/Title"): _PDF.TextStringObject(self.title)}))


def higher_version(file: Any) -> None:
    """A change: PDF 2.0, and an extension of it (ISO 32000-2 §7.2.2, §7.12)."""
    extension = {_NAME("/BaseVersion"): _NAME("/2.0"), _NAME("/ExtensionLevel"): _PDF.NumberObject(32002)}
    file.root["/Version"] = _NAME("/2.0")
    file.root["/Extensions"] = _PDF.DictionaryObject({_NAME("/ISO_"): _PDF.DictionaryObject(extension)})
    file.update_root()


def lost_object(file: Any) -> None:
    """A change: an object that nothing refers to."""
    file.add_object(_appearance((0, 0, 100, 100), b"0 0 100 100 re f"))


def all_again(file: Any) -> None:
    """A change: pages, form and catalog are written once more as they are."""
    page = file.root["/Pages"]["/Kids"][0]
    for one in (page, file.root["/Pages"], file.root["/AcroForm"], file.root):
        file.mark_update(one.container_ref)


def in_a_tree(file: Any) -> None:
    """A change: all pages but the first are in a node of their own in the page tree."""
    root = file.root["/Pages"]
    first, *others = (page.get_object() for page in root["/Kids"])
    node = _PDF.DictionaryObject({
        _NAME("/Type"): _NAME("/Pages"), _NAME("/Parent"): _reference(root),
        _NAME("/Count"): _PDF.NumberObject(len(others)), _NAME("/Kids"): _PDF.ArrayObject(map(_reference, others)),
    })  # fmt: skip
    node_reference = file.add_object(node)
    for other in others:
        other["/Parent"] = node_reference
        file.update_container(other)
    root["/Kids"] = _PDF.ArrayObject([_reference(first), node_reference])
    file.update_container(root)


def _reference(value: Any) -> Any:
    return _PDF.IndirectObject(value.container_ref.idnum, 0, value.container_ref.pdf)


@cache
def plain(pages: int = 2) -> bytes:
    return pdf(pages, 50)


def with_bookmarks(count: int) -> bytes:
    """A file with *count* bookmarks (ISO 32000-2 §12.3.3)."""
    file = _WRITER.PdfFileWriter(stream_xrefs=False)
    stream = file.add_object(_PDF.StreamObject(stream_data=b"%\n"))
    page = file.insert_page(_WRITER.PageObject(contents=stream, media_box=(0, 0, 595, 842)))
    outlines = _PDF.DictionaryObject({_NAME("/Type"): _NAME("/Outlines"), _NAME("/Count"): _PDF.NumberObject(count)})
    parent = file.add_object(outlines)
    items = [_bookmark(number, parent, page) for number in range(count)]
    references = [file.add_object(item) for item in items]
    for item, before in zip(items[1:], references, strict=False):
        item["/Prev"] = before
    for item, after in zip(items, references[1:], strict=False):
        item["/Next"] = after
    outlines["/First"], outlines["/Last"] = references[0], references[-1]
    file.root["/Outlines"] = parent
    return written(file)


def _bookmark(number: int, parent: Any, page: Any) -> Any:
    return _PDF.DictionaryObject({
        _NAME("/Title"): _PDF.TextStringObject(f"Clause {number}"), _NAME("/Parent"): parent,
        _NAME("/Dest"): _PDF.ArrayObject([page, _NAME("/Fit")]),
    })  # fmt: skip
