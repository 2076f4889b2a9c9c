"""Contracts to attack: small PDF files written by hand, so that an attack can name each object, and signed.

An object is the text between ``obj`` and ``endobj``. The numbers are constants, and all objects are of generation 0.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from mynacard.signing import cades, pades
from tests.signing import tsa
from tests.trust.authorities import authority, der, holder, key

_NAME: Any = generic.pdf_name
_PDF: Any = generic

CA: Final = authority(end=tsa.END)
SIGNER: Final = holder(CA, end=tsa.END)
SECOND: Final = holder(CA, "somebody", end=tsa.END, serial=0x705D991)

CATALOG, PAGES, PAGE, PAGE_2, TEXT, FORM, FONT, PREPARED, HIDDEN, FIRST, AMOUNT, REMARK = range(1, 13)
NO_VIEW, STAMP, METADATA, OVERLAY, SHADOW, OTHER_CATALOG, OTHER_PAGES, OTHER_PAGE, OTHER_TEXT, COPIES = range(13, 23)
INFO, EMPTY, STAMP_LOOK = range(23, 26)
NEW: Final = 90
"""The first number that neither a contract nor its signature uses."""
MISSING: Final = 80
"""A number to which some contracts refer, and which no object has."""

OVER_THE_TEXT: Final = "[60 680 560 740]"


def stream(data: str, entries: str = "") -> str:
    """A stream object."""
    return f"<< /Length {len(data)} {entries} >>\nstream\n{data}\nendstream"


def drawn(text: str) -> str:
    """A form XObject that covers what is under it with white, and shows *text*."""
    resources = f"/Resources << /Font << /F1 {FONT} 0 R >> >>"
    return stream(
        f"1 g 0 0 500 60 re f 0 g BT /F1 24 Tf 12 20 Td ({text}) Tj ET",
        f"/Type /XObject /Subtype /Form /BBox [0 0 500 60] {resources}",
    )


def widget(name: str, rectangle: str, flags: float = 4, more: str = "", kind: str = "/Sig", page: int = PAGE) -> str:
    """A field that is its own widget."""
    return (
        f"<< /Type /Annot /Subtype /Widget /FT {kind} /T ({name}) /Rect {rectangle} /F {flags} /P {page} 0 R {more} >>"
    )


def page(contents: str, annotations: str = "", parent: int = PAGES) -> str:
    resources = f"/Resources << /Font << /F1 {FONT} 0 R >> >>"
    return (
        f"<< /Type /Page /Parent {parent} 0 R /MediaBox [0 0 595 842] {resources} /Contents {contents} "
        f"/Annots [{annotations}] >>"
    )


def references(*numbers: int) -> str:
    return " ".join(f"{number} 0 R" for number in numbers)


def xmp(title: str) -> str:
    return stream(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:t="urn:t"><t:title>{title}</t:title></rdf:Description>'
        "</rdf:RDF></x:xmpmeta>",
        "/Type /Metadata /Subtype /XML",
    )


SIGNATURE_FIELDS: Final = (FIRST, PREPARED, HIDDEN, NO_VIEW)
DEFAULTS: Final = f"/DA (/F1 24 Tf 0 g) /DR << /Font << /F1 {FONT} 0 R >> >>"
OTHER_PAGE_TEXT: Final = page(f"{OTHER_TEXT} 0 R", references(*SIGNATURE_FIELDS, STAMP))
OTHER_CATALOG_TEXT: Final = f"<< /Type /Catalog /Pages {OTHER_PAGES} 0 R /AcroForm {FORM} 0 R >>"
EXTENSIONS: Final = "/Extensions << /ESIC << /Type /DeveloperExtensions /BaseVersion /1.7 /ExtensionLevel 1 >> >>"
OBJECTS: Final[dict[int, str]] = {
    CATALOG: f"<< /Type /Catalog /Pages {PAGES} 0 R /AcroForm {FORM} 0 R /Metadata {METADATA} 0 R {EXTENSIONS} >>",
    PAGES: f"<< /Type /Pages /Kids [{references(PAGE, PAGE_2)}] /Count 2 >>",
    PAGE: page(f"{TEXT} 0 R", references(*SIGNATURE_FIELDS, STAMP)),
    PAGE_2: page(f"{EMPTY} 0 R"),
    TEXT: stream("BT /F1 24 Tf 72 700 Td (A pays B 1000 yen) Tj ET"),
    FORM: f"<< /Fields [{references(*SIGNATURE_FIELDS)}] /SigFlags 3 {DEFAULTS} >>",
    FONT: "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    PREPARED: widget("Prepared", "[300 40 500 100]"),
    HIDDEN: widget("Hidden", OVER_THE_TEXT, flags=6),
    NO_VIEW: widget("NoView", OVER_THE_TEXT, flags=32),
    FIRST: widget("First", "[0 0 0 0]", flags=132),
    STAMP: (
        "<< /Type /Annot /Subtype /Stamp /Rect [400 760 560 820] /F 4 /Contents (draft: not binding) "
        f"/AP << /N {STAMP_LOOK} 0 R >> >>"
    ),
    METADATA: xmp("contract"),
    OVERLAY: drawn("A pays B 9000000 yen"),
    SHADOW: widget("Shadow", OVER_THE_TEXT, more=f"/AP << /N {OVERLAY} 0 R >>"),  # no object refers to it
    OTHER_CATALOG: OTHER_CATALOG_TEXT,
    OTHER_PAGES: f"<< /Type /Pages /Kids [{references(OTHER_PAGE, PAGE_2)}] /Count 2 >>",
    OTHER_PAGE: page(f"{OTHER_TEXT} 0 R", references(*SIGNATURE_FIELDS), OTHER_PAGES),
    OTHER_TEXT: stream("BT /F1 24 Tf 72 700 Td (A pays B 9000000 yen) Tj ET"),
    COPIES: stream(
        f"\n{PAGE} 0 obj {OTHER_PAGE_TEXT} endobj\n{CATALOG} 0 obj {OTHER_CATALOG_TEXT} endobj\n"
    ),
    INFO: "<< /Title (contract) >>",
    EMPTY: stream("BT ET"),
    STAMP_LOOK: drawn("not binding"),
}  # fmt: skip


LOCK: Final = "/Lock << /Type /SigFieldLock /Action /Include /Fields [(amount)] >>"
FINAL: Final = "/Lock << /Type /SigFieldLock /Action /All /P 1 >>"


def with_form(defaults: str = DEFAULTS, amount: str = "", first: str = "") -> dict[int, str]:
    """The contract with two text fields; *amount* and *first* are entries of the fields amount and First."""
    text_fields = references(AMOUNT, REMARK)
    return OBJECTS | {
        FORM: f"<< /Fields [{references(*SIGNATURE_FIELDS)} {text_fields}] /SigFlags 3 {defaults} >>",
        PAGE: page(f"{TEXT} 0 R", f"{references(*SIGNATURE_FIELDS, STAMP)} {text_fields}"),
        AMOUNT: widget("amount", "[280 600 460 640]", more=f"/V (1000) {amount}", kind="/Tx"),
        REMARK: widget("remark", "[280 540 460 580]", more="/V ()", kind="/Tx"),
        FIRST: widget("First", "[0 0 0 0]", flags=132, more=first),
    }


def file_of(objects: Mapping[int, str]) -> bytes:
    """A PDF file of *objects*, with a cross-reference table."""
    return update(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", objects, f"/Root {CATALOG} 0 R /Info {INFO} 0 R")


def update(
    data: bytes, objects: Mapping[int, str], trailer: str = "", *, free: Iterable[int] = (), generation: int = 0,
    at: Mapping[int, int] | None = None,
) -> bytes:  # fmt: skip
    """*data* with an incremental update, written by hand (ISO 32000-2 §7.5.6).

    Args:
        trailer: entries of the trailer in place of those of *data*.
        free: numbers of objects that the update frees.
        generation: of all *objects*.
        at: objects that the update does not hold, and where they begin in *data*.
    """
    body, rows = bytearray(data), {0: "0000000000 65535 f"}
    rows |= dict.fromkeys(free, "0000000000 00001 f")
    rows |= {number: f"{offset:010} 00000 n" for number, offset in (at or {}).items()}
    for number, text in objects.items():
        rows[number] = f"{len(body):010} {generation:05} n"
        body += f"{number} {generation} obj\n{text}\nendobj\n".encode("latin-1")
    sections = "".join(f"{number} 1\n{row} \n" for number, row in sorted(rows.items()))
    entries = trailer_of(data) | dict(_ENTRY.findall(trailer))
    entries["/Size"] = str(max(int(entries.get("/Size", 0)), *(number + 1 for number in rows)))
    text = " ".join(f"{name} {value}" for name, value in entries.items())
    return bytes(body) + f"xref\n{sections}trailer\n<< {text} >>\nstartxref\n{len(body)}\n%%EOF\n".encode()


_ENTRY: Final = re.compile(r"(/\w+) (\[.*?\]|[^/\n]+)", re.DOTALL)


def trailer_of(data: bytes) -> dict[str, str]:
    """The entries for the trailer of the next update of *data*."""
    if b"trailer" not in data:
        return {}
    last = data[data.rindex(b"trailer") :].decode("latin-1")
    entries = {name: value.strip(" >\n") for name, value in _ENTRY.findall(last[: last.index("startxref")])}
    return entries | {"/Prev": re.findall(r"startxref\s+(\d+)", last)[-1]}


def compressed() -> bytes:
    """A file whose font lies in an object stream, with a cross-reference stream; signed in First."""
    made: Any = writer.PdfFileWriter(stream_xrefs=True)
    inside = made.prepare_object_stream()
    names = {"/Type": "/Font", "/Subtype": "/Type1", "/BaseFont": "/Helvetica"}
    font = _PDF.DictionaryObject({_NAME(name): _NAME(value) for name, value in names.items()})
    font = made.add_object(font, obj_stream=inside)
    resources = _PDF.DictionaryObject({_NAME("/Font"): _PDF.DictionaryObject({_NAME("/F1"): font})})
    contents = made.add_object(_PDF.StreamObject(stream_data=b"BT ET"))
    made.insert_page(writer.PageObject(contents=contents, media_box=(0, 0, 595, 842), resources=resources))
    output = io.BytesIO()
    made.write(output)
    return pades.sign(output.getvalue(), SIGNER, key("holder"), field="First")


def text_of(data: bytes, number: int) -> str:
    """The object *number*, as the last update of *data* has it."""
    return re.findall(rf"(?<=\n){number} 0 obj\n(.*?)\nendobj", data.decode("latin-1"), re.DOTALL)[-1]


def listed(data: bytes, fields: tuple[int, ...], annotations: tuple[int, ...], on: int = PAGE) -> dict[int, str]:
    """The form and the page, which list more fields and annotations than before."""
    form, page = text_of(data, FORM), text_of(data, on)
    made = {}
    if fields:
        made[FORM] = form.replace("/Fields [", f"/Fields [{references(*fields)} ", 1)
    if annotations:
        made[on] = re.sub(r"(/Annots \[.*?)\]", rf"\1 {references(*annotations)}]", page, count=1)
    return made


# --- signers ---


def signed(objects: Mapping[int, str]) -> bytes:
    """A file of *objects*, signed in the invisible field First as PAdES."""
    return signed_file(file_of(objects))


def signed_file(data: bytes) -> bytes:
    return pades.sign(data, SIGNER, key("holder"), field="First")


def by_second(data: bytes, field: str, change: Callable[[Any], None] | None = None, **options: Any) -> bytes:
    """*data*, signed in *field* by another person with pyHanko, in one update with *change*."""
    return signed_by_pyhanko(data, SECOND, "somebody", field, change, **options)


def by_hand(data: bytes, field: str, more: str = "") -> bytes:
    """*data*, signed by another person in the new and invisible *field* with the entries *more*, without pyHanko."""
    value, widget_of_it, room = NEW + 8, NEW + 9, 8000
    dictionary = (
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached "
        f"/ByteRange [0 {'1' * 8} {'2' * 8} {'3' * 8}] /Contents <{'0' * room}> >>"
    )
    made = update(
        data,
        {value: dictionary, widget_of_it: widget(field, "[0 0 0 0]", 132, f"/V {value} 0 R {more}")}
        | listed(data, (widget_of_it,), (widget_of_it,)),
    )
    start = made.rindex(b"/Contents <0") + len(b"/Contents ")
    end = start + room + 2
    head = made[:start]
    for digits, number in (("1", start), ("2", end), ("3", len(made) - end)):
        at = head.rindex(digits.encode() * 8)
        head = head[:at] + f"{number:<8}".encode() + head[at + 8 :]
    signature = cades.sign(head + made[end:], SECOND, key("somebody")).hex().encode()
    return head + b"<" + signature.ljust(room, b"0") + b">" + made[end:]


def certified(objects: Mapping[int, str], level: fields.MDPPerm) -> bytes:
    """A file of *objects*, which its signer certified: *level* says which changes are allowed."""
    return signed_by_pyhanko(file_of(objects), SIGNER, "holder", "First", certify=True, docmdp_permissions=level)


def signed_by_pyhanko(
    data: bytes, certificate: x509.Certificate, key_name: str, field: str,
    change: Callable[[Any], None] | None = None, **options: Any,
) -> bytes:  # fmt: skip
    private = key(key_name).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    simple: Any = signers.SimpleSigner
    signer = simple(
        signing_cert=asn1_x509.Certificate.load(der(certificate)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private), cert_registry=SimpleCertificateStore(),
    )  # fmt: skip
    metadata = signers.PdfSignatureMetadata(
        field_name=field, subfilter=fields.SigSeedSubFilter.PADES, md_algorithm="sha256", **options
    )
    made: Any = IncrementalPdfFileWriter(io.BytesIO(data))
    if change is not None:
        change(made)
    output: Any = _Signer(metadata, signer).sign_pdf(made)
    return bytes(output.getbuffer())


class _Signer(signers.PdfSigner):
    """Signs what was certified as final, too."""

    def _enforce_certification_constraints(self, reader: Any) -> None:
        del reader


class _Stamper(TimeStamper):
    """The tests' authority, as pyHanko asks one."""

    async def async_request_tsa_response(self, req: Any) -> Any:
        response: Any = tsp.TimeStampResp
        return response.load(tsa.answered(req.dump()))


def time_stamped(data: bytes, field: str | None = None, change: Callable[[Any], None] | None = None) -> bytes:
    """*data*, time-stamped as a whole in *field*, else in a new one that is invisible."""
    stamper: Any = signers.PdfTimeStamper(_Stamper(), field_name=field)
    made: Any = IncrementalPdfFileWriter(io.BytesIO(data))
    if change is not None:
        change(made)
    output: Any = stamper.timestamp_pdf(made, "sha256")
    return bytes(output.getbuffer())
