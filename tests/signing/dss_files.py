"""Files for DSS to judge: signed here, changed, and attacked as it lets pass."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from pyhanko.pdf_utils import generic, writer
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import DummyTimeStamper

from tests.signing import tsa
from tests.signing.documents import CA, CERTIFICATE
from tests.signing.pdfs import written
from tests.signing.test_timestamp import revocation_list
from tests.trust.authorities import NOW, Authority, der, key

_PDF: Any = generic
_NAME: Any = generic.pdf_name
_WRITER: Any = writer


def _authority() -> Any:
    private = key("time").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate: Any = asn1_x509.Certificate.load(der(tsa.CERTIFICATE))
    return DummyTimeStamper(certificate, asn1_keys.PrivateKeyInfo.load(private), fixed_dt=NOW)


STAMPER: Final[Any] = _authority()


def answered(request: bytes) -> bytes:
    """The answer of a time-stamping authority whose clock stands still."""
    return bytes(STAMPER.request_tsa_response(tsp.TimeStampReq.load(request)).dump())


def lay_out(
    folder: Path,
    files: Mapping[str, bytes],
    authorities: Sequence[Authority] = (CA, tsa.CA),
    at: datetime = NOW,
    revoked: Sequence[int] = (),
) -> None:
    """Write *files*, and with them what DSS needs: the authorities' certificates, their lists at *at*, and a signer."""
    holder = pkcs12.serialize_key_and_certificates(
        b"holder", key("holder"), CERTIFICATE, [CA.certificate], BestAvailableEncryption(b"dss")
    )
    beside = {"holder.p12": holder}
    for number, authority in enumerate(authorities):
        beside[f"{number}.crt"] = der(authority.certificate)
        beside[f"{number}.crl"] = revocation_list(authority, *revoked, when=at - timedelta(hours=1))
    for name, data in (dict(files) | beside).items():
        (folder / name).write_bytes(data)


def contract() -> bytes:
    """A page with a sentence, whose amount is a form field without an appearance of its own."""
    made = _WRITER.PdfFileWriter(stream_xrefs=False)
    fonts = _dictionary(F1=made.add_object(_font()))
    text = _PDF.StreamObject(stream_data=b"BT /F1 24 Tf 60 720 Td (A pays B, in yen:) Tj ET\n")
    resources = _dictionary(Font=fonts)
    page = _WRITER.PageObject(contents=made.add_object(text), media_box=(0, 0, 595, 842), resources=resources)
    place = made.insert_page(page)
    amount = made.add_object(_dictionary(
        Type=_NAME("/Annot"), Subtype=_NAME("/Widget"), FT=_NAME("/Tx"), T=_PDF.TextStringObject("amount"),
        V=_PDF.TextStringObject("1000"), F=_PDF.NumberObject(4), Rect=_numbers(280, 710, 460, 745), P=place,
    ))  # fmt: skip
    page["/Annots"] = _PDF.ArrayObject([amount])
    made.root["/AcroForm"] = made.add_object(_dictionary(
        Fields=_PDF.ArrayObject([amount]), NeedAppearances=_PDF.BooleanObject(True),
        DA=_PDF.TextStringObject("/F1 24 Tf 0 g"), DR=resources,
    ))  # fmt: skip
    return written(made)


def white_on_white(made: Any) -> None:
    """Change the colour in which the form's fields are written to that of the page."""
    form = made.root["/AcroForm"]
    form["/DA"] = _PDF.TextStringObject("/F1 24 Tf 1 g")
    made.update_container(form)


def covered(signed: bytes, *, visible: bool = True) -> bytes:
    """*signed* with a document time stamp; a visible one puts another sentence over the signed one."""
    made: Any = IncrementalPdfFileWriter(io.BytesIO(signed))
    if visible:
        fields.append_signature_field(made, fields.SigFieldSpec("Stamp", box=(50, 710, 270, 745)))
        field = made.root["/AcroForm"]["/Fields"][-1]
        field["/AP"] = _dictionary(N=made.add_object(_cover(made.add_object(_font()))))
        made.update_container(field)
    return bytes(signers.PdfTimeStamper(STAMPER, field_name="Stamp").timestamp_pdf(made, "sha256").getbuffer())


def _cover(font: Any) -> Any:
    drawn = b"1 g 0 0 220 35 re f 0 g BT /F1 24 Tf 10 10 Td (B pays A, in yen:) Tj ET\n"
    form = _dictionary(
        Type=_NAME("/XObject"), Subtype=_NAME("/Form"), BBox=_numbers(0, 0, 220, 35),
        Resources=_dictionary(Font=_dictionary(F1=font)),
    )  # fmt: skip
    return _PDF.StreamObject(dict_data=form, stream_data=drawn)


def _font() -> Any:
    return _dictionary(Type=_NAME("/Font"), Subtype=_NAME("/Type1"), BaseFont=_NAME("/Helvetica"))


def _numbers(*values: int) -> Any:
    return _PDF.ArrayObject(map(_PDF.NumberObject, values))


def _dictionary(**entries: Any) -> Any:
    return _PDF.DictionaryObject({_NAME(f"/{name}"): value for name, value in entries.items()})
