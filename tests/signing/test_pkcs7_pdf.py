"""``adbe.pkcs7.detached``, as registration authorities ask for it: named and dated, with three signed attributes."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext

from mynacard.hashes import HashAlgorithm
from mynacard.signing.making import Format, Making, add_time_stamp
from mynacard.signing.pades import Appearance, Kind, read, sign
from mynacard.signing.stand_in import stand_in
from mynacard.verdict import Verdict
from tests.signing import tsa
from tests.signing.desk import Desk, desk
from tests.signing.documents import CA, CERTIFICATE
from tests.signing.pdfs import pdf
from tests.signing.test_cms import OnCard
from tests.signing.test_pades import pdfsig
from tests.signing.written import seeded
from tests.trust.authorities import NOW, der, key

__all__ = ["desk"]

VISIBLE: Any = [None, Appearance()]


def embedded(data: bytes) -> Any:
    (signature,) = PdfFileReader(io.BytesIO(data)).embedded_signatures
    return signature


def covered(data: bytes) -> bytes:
    start, length, start_2, length_2 = (int(number) for number in embedded(data).byte_range)
    return data[start : start + length] + data[start_2 : start_2 + length_2]


@pytest.mark.parametrize("appearance", VISIBLE, ids=["invisible", "visible"])
@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_it_has_three_signed_attributes_a_name_and_a_time(hash_: HashAlgorithm, appearance: Any) -> None:
    card = OnCard(key("holder"))
    signed = sign(pdf(), CERTIFICATE, card, hash_, kind=Kind.PKCS7, appearance=appearance)
    (signature,) = read(signed)
    assert (signature.kind, signature.signature.verdict, card.signatures) == (Kind.PKCS7, Verdict.GOOD, 1)
    dictionary = embedded(signed).sig_object
    assert dictionary["/SubFilter"] == "/adbe.pkcs7.detached"
    assert dictionary["/Name"] == "見本", "as the certificate has it"
    assert re.fullmatch(r"D:\d{14}(Z|[-+]\d\d'\d\d')", str(dictionary["/M"]))
    info: Any = embedded(signed).signer_info
    attributes = {str(attribute["type"].native) for attribute in info["signed_attrs"]}
    assert attributes == {"content_type", "message_digest", "signing_time"}
    assert signature.claimed_time is not None
    assert abs(signature.claimed_time - datetime.now(UTC)) < timedelta(minutes=1)


def test_the_name_is_the_subject_where_the_certificate_has_no_holder_s() -> None:
    signed = sign(pdf(), stand_in().certificate, stand_in().key, kind=Kind.PKCS7)
    assert embedded(signed).sig_object["/Name"] == "CN=stand-in"


@pytest.mark.parametrize("appearance", VISIBLE, ids=["invisible", "visible"])
@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_poppler_pyhanko_and_openssl_take_it(hash_: HashAlgorithm, appearance: Any, desk: Desk) -> None:
    signed = Making(Format.PDF, hash_, appearance=appearance).sign(pdf(), CERTIFICATE, key("holder"))
    said = pdfsig(desk.path, signed)
    for line in ("Signature is Valid.", "adbe.pkcs7.detached", "Total document signed"):
        assert line in said, said
    root: Any = asn1_x509.Certificate.load(der(CA.certificate))
    context = ValidationContext(trust_roots=[root], allow_fetching=False, moment=NOW, best_signature_time=NOW)
    status = validate_pdf_signature(embedded(signed), context)
    assert status.bottom_line, status.pretty_print_details()
    info: Any = asn1_cms.ContentInfo.load(embedded(signed).pkcs7_content)
    assert desk.verifies(info.dump(), covered(signed))
    assert not desk.verifies(info.dump(), covered(signed) + b"x")


def test_a_field_that_requires_it_takes_it() -> None:
    making = Making(Format.PDF, field="Here")
    data = seeded(b"/Ff 2/SubFilter[/adbe.pkcs7.detached]")
    assert making.check(data) == ()
    (signature,) = read(making.sign(data, CERTIFICATE, key("holder")))
    assert signature.signature.verdict is Verdict.GOOD


def test_it_takes_a_time_stamp() -> None:
    signed = Making(Format.PDF, time_stamped=True).sign(pdf(), CERTIFICATE, key("holder"))
    (signature,) = read(add_time_stamp(signed, tsa.answered))
    assert (signature.signature.verdict, len(signature.time_stamps)) == (Verdict.GOOD, 1)
