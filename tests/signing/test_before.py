"""What a file does not take shows before its holder types a password; nothing that it names is contacted or obeyed."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms
from mynacard.signing.making import Format, Making
from mynacard.signing.pades import Appearance, check_signable, examine, read, sign
from mynacard.signing.stand_in import CERTIFICATE_SIZE, stand_in
from mynacard.verdict import Verdict
from tests.rig.pcscd import program
from tests.signing.documents import CERTIFICATE, DATA
from tests.signing.pdfs import hybrid, irregular, pdf
from tests.signing.test_cms import OnCard
from tests.signing.written import field_of, pdf_of, seeded
from tests.trust.authorities import key

PADES = Making(Format.PADES, field="Here")
TSA = b"/TimeStamp<</URL(http://127.0.0.1:9/tsa?doc=123)/Ff %d>>"


def field_signed(data: bytes, field: str | None = "Here", **options: Any) -> str:
    """The field that is signed, with one signature of the card, which is good."""
    check_signable(data, field)
    card = OnCard(key("holder"))
    *_, signature = read(sign(data, CERTIFICATE, card, field=field, **options))
    assert (signature.signature.verdict, card.signatures) == (Verdict.GOOD, 1)
    return signature.field


def test_the_stand_in_is_a_key_like_a_card_s_with_a_certificate_of_2048_bytes() -> None:
    made = stand_in()
    assert (made.key.key_size, CERTIFICATE_SIZE) == (2048, 2048)
    assert len(made.certificate.public_bytes(Encoding.DER)) == CERTIFICATE_SIZE
    assert made.certificate.public_key() == made.key.public_key()
    assert stand_in() is made


# --- what fails, fails before the password ---


@pytest.mark.parametrize(
    ("seed", "said"),
    [
        (b"/Ff 64/DigestMethod[(SHA512)]", r"requires the hash function SHA512\. Choose it \(--hash\)"),
        (b"/Ff 8/Reasons[(I agree)]", "requires /Reasons I agree"),
        (b"/Ff 2/SubFilter[/adbe.pkcs7.detached]", "requires a signature of the kind adbe.pkcs7.detached"),
        (TSA % 1, r"requires a time stamp\. Name an authority \(--timestamp-url\); .*127.0.0.1.* is not asked"),
        (b"/Ff 1/Filter/Entrust.PPKEF", "requires /Filter Entrust.PPKEF"),
        (b"/Ff 4/V 4", "requires /V 4"),
        (b"/Ff 16/LegalAttestation[(None)]", "requires /LegalAttestation None"),
        (b"/Ff 32/AddRevInfo true", "requires /AddRevInfo"),
        (b"/Ff 128/LockDocument/true", "requires /LockDocument true"),
        (b"/Ff 256/AppearanceFilter(Seal)", "requires /AppearanceFilter Seal"),
        (b"/MDP<</P 2>>", "requires /MDP 2"),
        (b"/Cert<</Ff 2/Issuer[(x)]>>", r"accepts only certificates of its choice \(Issuer\)"),
    ],
)  # fmt: skip
def test_what_a_field_requires_and_cannot_have_is_refused_with_the_cure(seed: bytes, said: str) -> None:
    card = OnCard(key("holder"))
    for call in (
        lambda: PADES.check(seeded(seed)),
        lambda: check_signable(seeded(seed), "Here"),
        lambda: sign(seeded(seed), CERTIFICATE, card, field="Here"),
    ):
        with pytest.raises(errors.PdfFileError, match=said):
            call()
    assert card.signatures == 0


@pytest.mark.parametrize(
    ("seed", "making"),
    [
        (b"/Ff 64/DigestMethod[(SHA512)]", Making(Format.PADES, HashAlgorithm.SHA512, field="Here")),
        (b"/Ff 64/DigestMethod[(SHA-1)(SHA256)]", PADES),
        (b"/Ff 8/Reasons[(.)]", PADES),
        (b"/Ff 8/Reasons[]", PADES),
        (b"/Ff 2/SubFilter[/adbe.pkcs7.detached/ETSI.CAdES.detached]", PADES),
        (b"/Ff 1/Filter/Adobe.PPKLite", PADES),
        (b"/Ff 4/V 2", PADES),
        (b"/Ff 32/AddRevInfo false", PADES),
        (b"/Ff 128/LockDocument/false", PADES),
        (b"/MDP<</P 0>>", PADES),
    ],
)  # fmt: skip
def test_what_a_field_requires_and_has_is_signed_without_a_remark(seed: bytes, making: Making) -> None:
    assert making.check(seeded(seed)) == ()
    (signature,) = read(making.sign(seeded(seed), CERTIFICATE, key("holder")))
    assert (signature.signature.verdict, signature.rest.verdict) == (Verdict.GOOD, Verdict.GOOD)


def test_what_a_field_only_prefers_is_reported_and_not_obeyed() -> None:
    data = seeded(b"/DigestMethod[(SHA512)]/Reasons[(I agree)]/Cert<</Issuer[(x)]/URL(http://a.example)>>" + TSA % 0)
    said = [remark.text() for remark in PADES.check(data)]
    assert len(said) == 6
    assert said[0] == "The signature field Here prefers /Reasons I agree; this signature is made without it."
    assert all("prefers" in wish for wish in said[:4])
    assert said[4].endswith("names the address http://127.0.0.1:9/tsa?doc=123. It was not contacted.")
    (signature,) = read(PADES.sign(data, CERTIFICATE, key("holder")))
    assert signature.cms is not None
    assert (signature.cms.hash, signature.time_stamps) == (HashAlgorithm.SHA256, ())


def test_no_address_of_a_file_is_contacted(monkeypatch: pytest.MonkeyPatch) -> None:
    def contacted(*_: object) -> NoReturn:
        raise AssertionError

    monkeypatch.setattr(socket.socket, "connect", contacted)
    monkeypatch.setattr(socket, "getaddrinfo", contacted)
    making = Making(Format.PADES, field="Here", time_stamped=True)
    (remark,) = making.check(seeded(TSA % 1))
    assert "It was not contacted." in remark.text()
    making.sign(seeded(TSA % 1), CERTIFICATE, key("holder"))


@pytest.mark.parametrize("seed", [b"/Ff/x", b"/MDP 3", b"/SubFilter 7", b"/V(x)", b"/TimeStamp 1", b"/Cert null/Ff(a)"])
def test_seed_values_of_another_type_are_a_damaged_file(seed: bytes) -> None:
    with pytest.raises(errors.PdfFileError, match="damaged"):
        PADES.check(seeded(seed + b"/Reasons[(a)]"))


def test_a_lock_goes_into_the_signature() -> None:
    data = pdf_of(b"/Annots[5 0 R]", form=[field_of(b"/Lock<</Type/SigFieldLock/Action/All/P 1>>")])
    signed = sign(data, CERTIFICATE, key("holder"), field="Here")
    assert re.search(rb"/TransformMethod /FieldMDP.*/Action /All", signed, re.DOTALL)


# --- fields are found ---


def test_a_field_below_another_is_found_by_its_full_name() -> None:
    """Every form of Adobe LiveCycle has such names."""
    data = pdf_of(
        b"/Annots[6 0 R]",
        form=[b"<</T(topmostSubform[0])/Kids[6 0 R]>>", field_of(b"/Parent 5 0 R", b"Sig[0]")],
    )
    assert field_signed(data, "topmostSubform[0].Sig[0]") == "topmostSubform[0].Sig[0]"
    with pytest.raises(errors.UsageError, match="no signature field of this name"):
        check_signable(data, "topmostSubform[0].Sig[1]")


@pytest.mark.parametrize("name", ["a.b", "x" * 150, "署名"])
def test_a_field_of_any_name_is_signed(name: str) -> None:
    coded = b"\xfe\xff" + name.encode("utf-16-be")
    escaped = re.sub(rb"([()\\\\])", rb"\\\\\\1", coded)
    assert field_signed(pdf_of(b"/Annots[5 0 R]", form=[field_of(name=escaped)]), name) == name


# --- null is absent ---


@pytest.mark.parametrize("page", [b"/Annots null", b"/Annots 9 0 R", b"/Annots[]"], ids=["null", "missing", "empty"])
@pytest.mark.parametrize("appearance", [None, Appearance()], ids=["invisible", "visible"])
def test_annotations_that_are_null_are_absent(page: bytes, appearance: Appearance | None) -> None:
    assert field_signed(pdf_of(page), None, appearance=appearance) == "Signature1"


@pytest.mark.parametrize("entries", [b"/V null", b"/V 9 0 R/SV 9 0 R/Lock 9 0 R/Kids null", b"/SV null"])
def test_a_field_whose_value_is_null_is_empty(entries: bytes) -> None:
    assert field_signed(pdf_of(b"/Annots[5 0 R]", form=[field_of(entries)])) == "Here"


@pytest.mark.parametrize("catalogue", [b"/AcroForm null", b"/AcroForm 9 0 R", b"/AcroForm<</Fields 9 0 R>>"])
def test_a_form_that_is_null_is_absent(catalogue: bytes) -> None:
    assert field_signed(pdf_of(catalogue=catalogue), None) == "Signature1"


# --- irregular files ---


@pytest.mark.parametrize("made", [hybrid, irregular])
def test_poppler_takes_a_signature_in_an_irregular_file(made: Any, tmp_path: Path) -> None:
    path = tmp_path / "signed.pdf"
    path.write_bytes(sign(made(pdf()), CERTIFICATE, key("holder")))
    said = subprocess.run([program("pdfsig"), "-nocert", path], capture_output=True, check=False, timeout=60).stdout
    assert (b"Signature is Valid" in said, b"Total document signed" in said) == (True, True), said


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbf" + pdf(), b"junk\n" + pdf(), pdf() + b"\n" * 1500], ids=["mark", "junk", "long tail"]
)
def test_what_cannot_be_signed_as_it_is_says_what_is_wrong_and_what_mends_it(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(errors.PdfFileError, match="qpdf in.pdf out.pdf"):
        PADES.check(data)
    broken, mended = tmp_path / "in.pdf", tmp_path / "out.pdf"
    broken.write_bytes(data)
    subprocess.run([program("qpdf"), broken, mended], capture_output=True, check=False, timeout=60)
    assert field_signed(mended.read_bytes(), None) == "Signature1"


# --- time ---


@pytest.mark.parametrize("zone", ["JST-9", ":", "Nowhere/At_All", "<+09>-9", "Asia/Tokyo", "/etc/passwd"])
def test_the_time_is_ours_whatever_the_time_zone_is_called(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        for making in (Making(Format.CMS), Making(Format.CADES)):
            making.check(DATA)
            claimed = cms.parse(making.sign(DATA, CERTIFICATE, key("holder"))).claimed_time
            assert claimed is not None
            assert abs(claimed - datetime.now(UTC)) < timedelta(minutes=1)
        check_signable(pdf(), None, Appearance())
        (signature,) = read(sign(pdf(), CERTIFICATE, key("holder"), appearance=Appearance()))
        assert signature.claimed_time is not None
        assert abs(signature.claimed_time - datetime.now(UTC)) < timedelta(minutes=1)
    finally:
        monkeypatch.undo()
        time.tzset()


# --- the check itself ---


def test_it_is_checked_in_an_event_loop_too() -> None:
    async def in_a_loop() -> None:
        Making(Format.CADES).check(DATA)
        Making(Format.PADES).check(pdf())

    asyncio.run(in_a_loop())


def test_a_document_is_made_to_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of what fails late, too: here, the output."""

    def full(*_: object) -> NoReturn:
        raise ValueError

    monkeypatch.setattr("pyhanko.sign.signers.pdf_byterange.PdfSignedData.fill", full)
    with pytest.raises(errors.PdfFileError):
        examine(pdf())


def test_a_page_tree_in_a_circle_is_refused() -> None:
    data = pdf_of().replace(b"/Kids[3 0 R]/Count 1", b"/Kids[2 0 R]/Count 1")
    with pytest.raises(errors.PdfFileError):
        PADES.check(data)
