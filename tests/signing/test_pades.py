"""Signed PDF files: one card signature each, accepted by poppler and pyHanko; and the attacks that others fell for."""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from mynacard import errors, texts
from mynacard.hashes import HashAlgorithm
from mynacard.signing import pdf as reading
from mynacard.signing import pdf_file
from mynacard.signing.pades import Appearance, PdfSignature, check_signable, read, sign
from mynacard.trust import Verdict, explain
from tests.extent import examples
from tests.rig.pcscd import program
from tests.signing.documents import CA, CERTIFICATE, OTHER
from tests.signing.pdfs import bomb, fill_in, other_page, pdf, updated
from tests.signing.test_cms import OnCard
from tests.trust.authorities import NOW, der, key

PLAIN = pdf(2)
SIGNED = sign(PLAIN, CERTIFICATE, key("holder"))
TWICE = sign(SIGNED, OTHER, key("somebody"), HashAlgorithm.SHA512, field="Second", appearance=Appearance(page=2))

GOOD, BAD, OPEN = Verdict.GOOD, Verdict.BAD, Verdict.NOT_CHECKED


def verdicts(found: PdfSignature) -> tuple[Verdict, Verdict]:
    for step in (found.signature, found.rest):
        assert "{" not in step.text()
        assert step.text().endswith(".")
    return found.signature.verdict, found.rest.verdict


def judged(data: bytes) -> list[tuple[Verdict, Verdict]]:
    return [verdicts(found) for found in read(data)]


# --- what is made ---


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_one_document_costs_one_signature_of_the_card(hash_: HashAlgorithm) -> None:
    card = OnCard(key("holder"))
    signed = sign(PLAIN, CERTIFICATE, card, hash_)
    assert card.signatures == 1
    assert signed.startswith(PLAIN)
    (found,) = read(signed)
    assert verdicts(found) == (GOOD, GOOD)
    assert found.cms is not None
    assert (found.field, found.kind) == ("Signature1", "ETSI.CAdES.detached")
    assert (found.cms.certificate, found.cms.hash, found.cms.names_certificate) == (CERTIFICATE, hash_, True)
    assert found.claimed_time is not None


def test_another_signature_leaves_the_first_one_good() -> None:
    assert TWICE.startswith(SIGNED)
    first, second = read(TWICE)
    assert (verdicts(first), verdicts(second)) == ((GOOD, OPEN), (GOOD, GOOD))
    assert "Second (page 2, rectangle 36 36 256 76)" in first.rest.text(), "a new visible field may cover the text"
    assert "whole file." in second.rest.text()
    first, second = read(sign(SIGNED, OTHER, key("somebody")))
    assert (verdicts(first), verdicts(second)) == ((GOOD, GOOD), (GOOD, GOOD))
    assert ("later signatures" in first.rest.text(), "whole file." in second.rest.text()) == (True, True)
    assert [found.field for found in read(TWICE)] == ["Signature1", "Second"]
    assert (check_signable(PLAIN), check_signable(TWICE)) == (0, 2)


def test_an_empty_field_of_the_file_can_be_signed() -> None:
    def with_field(made: Any) -> None:
        fields.append_signature_field(made, fields.SigFieldSpec("Here", on_page=0, box=(10, 10, 200, 60)))

    prepared = updated(PLAIN, with_field)
    (found,) = read(sign(prepared, CERTIFICATE, key("holder"), field="Here"))
    assert (found.field, verdicts(found)) == ("Here", (GOOD, GOOD))
    (found,) = read(sign(prepared, CERTIFICATE, key("holder"), field="Here", appearance=Appearance()))
    assert verdicts(found) == (GOOD, GOOD)


def test_nothing_of_the_holder_is_to_be_seen_of_it() -> None:
    texts = re.findall(rb"\(([^)]*)\) ?Tj", TWICE)
    assert any(b"Individual Number Card" in text for text in texts)
    name = str(OTHER.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value).encode()
    assert not any(name in text for text in texts)


# --- others read it ---


def pdfsig(folder: Path, data: bytes) -> str:
    path = folder / "signed.pdf"
    path.write_bytes(data)
    done = subprocess.run([program("pdfsig"), "-nocert", path], capture_output=True, check=False, timeout=60)
    return done.stdout.decode()


def test_poppler_finds_both_of_two(tmp_path: Path) -> None:
    said = pdfsig(tmp_path, TWICE)
    assert (said.count("Signature is Valid."), said.count("Not total document signed")) == (2, 1), said


def test_pyhanko_s_validator_takes_both_of_two_to_the_end() -> None:
    root: Any = asn1_x509.Certificate.load(der(CA.certificate))
    reader = PdfFileReader(io.BytesIO(TWICE))
    for embedded in reader.embedded_signatures:
        context = ValidationContext(trust_roots=[root], allow_fetching=False, moment=NOW, best_signature_time=NOW)
        status = validate_pdf_signature(embedded, context)
        assert status.bottom_line, status.pretty_print_details()


# --- what others make ---


def theirs(data: bytes, subfilter: fields.SigSeedSubFilter, *, strict: bool = True, **options: Any) -> bytes:
    """*data*, signed by pyHanko with a key of its own."""
    private = key("holder").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    simple: Any = signers.SimpleSigner
    signer = simple(
        signing_cert=asn1_x509.Certificate.load(der(CERTIFICATE)),
        signing_key=asn1_keys.PrivateKeyInfo.load(private), cert_registry=SimpleCertificateStore(),
    )  # fmt: skip
    metadata = signers.PdfSignatureMetadata(
        field_name="Theirs", subfilter=subfilter, **{"md_algorithm": "sha256", **options}
    )
    writer: Any = IncrementalPdfFileWriter(io.BytesIO(data), strict=strict)
    output: Any = signers.sign_pdf(writer, metadata, signer)
    return bytes(output.getbuffer())


@pytest.mark.parametrize("kind", ["PADES", "ADOBE_PKCS7_DETACHED"])
@pytest.mark.parametrize("hash_", ["sha256", "sha384", "sha512"])
def test_what_pyhanko_signs_is_good_here(kind: str, hash_: str) -> None:
    (found,) = read(theirs(PLAIN, fields.SigSeedSubFilter[kind], md_algorithm=hash_))
    assert verdicts(found) == (GOOD, GOOD)
    assert found.kind == fields.SigSeedSubFilter[kind].value.removeprefix("/")


def test_sha1_is_not_good() -> None:
    (found,) = read(theirs(PLAIN, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED, md_algorithm="sha1"))
    assert (found.cms, found.signature.verdict) == (None, BAD)


def test_a_file_that_was_signed_as_final_takes_no_further_signature() -> None:
    final = theirs(PLAIN, fields.SigSeedSubFilter.PADES, certify=True, docmdp_permissions=fields.MDPPerm.NO_CHANGES)
    card = OnCard(key("holder"))
    with pytest.raises(errors.PdfFileError, match="final"):
        sign(final, CERTIFICATE, card)
    assert card.signatures == 0


# --- the attacks ---


def test_bytes_appended_after_the_signed_ones_are_seen() -> None:
    """GHSA-rxpx-26p9-4xvr of another library: its ByteRange was never held against the file."""
    tail = SIGNED[SIGNED.rindex(b"startxref") :]
    for more in (b"x", b"\n", b"%%EOF", b"<< /Evil true >>\n" + tail, tail):
        try:
            found = judged(SIGNED + more)
        except errors.PdfFileError:
            continue
        assert [rest for _, rest in found] == [BAD], more


def test_every_signature_is_looked_at() -> None:
    """GHSA-g258-q5gf-7hvx of another library: only the first one was."""
    digits = [match.span(1) for match in re.finditer(rb"/Contents ?<([0-9a-fA-F]{1000,}?)0*>", TWICE)]
    for (_, end), expected in zip(digits, ([BAD, BAD], [GOOD, BAD]), strict=True):  # the second is about the first, too
        at = end - 9  # in the signature value, which stands at the end
        changed = TWICE[:at] + (b"0" if TWICE[at : at + 1] != b"0" else b"1") + TWICE[at + 1 :]
        assert [signature for signature, _ in judged(changed)] == expected


def test_a_page_that_was_replaced_after_signing_is_seen() -> None:
    changed = updated(SIGNED, other_page)
    assert changed.startswith(SIGNED)
    assert judged(changed) == [(GOOD, BAD)]
    later = sign(changed, OTHER, key("somebody"))
    assert judged(later) == [(GOOD, BAD), (GOOD, GOOD)]


def test_a_form_that_was_filled_in_after_signing_is_said_and_never_good() -> None:
    filled = updated(sign(pdf(form=True), CERTIFICATE, key("holder")), fill_in)
    (found,) = read(filled)
    assert (verdicts(found), "remark" in found.rest.text()) == ((GOOD, OPEN), True)


def test_an_unknown_kind_is_bad_and_never_merely_unchecked() -> None:
    """Else whoever accepts what was checked but for revocation would accept anything."""
    for kind in (b"/ETSI.CAdES.detachex", b"/adbe.pkcs7.sha1    ", b"/adbe.x509.rsa_sha1 "):
        (found,) = read(SIGNED.replace(b"/ETSI.CAdES.detached", kind))
        assert (found.kind, found.cms, found.signature.verdict) == (kind.decode().strip("/ "), None, BAD)
    at = TWICE.rindex(b"/ETSI.CAdES.detached")
    second = TWICE[:at] + b"/ETSI.CAdES.detachex" + TWICE[at + 20 :]
    assert [signature for signature, _ in judged(second)] == [GOOD, BAD]


def test_a_time_stamp_is_no_signature() -> None:
    private = key("holder").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    authority: Any = DummyTimeStamper(
        asn1_x509.Certificate.load(der(CERTIFICATE)), asn1_keys.PrivateKeyInfo.load(private)
    )

    def stamped(data: bytes) -> bytes:
        writer: Any = IncrementalPdfFileWriter(io.BytesIO(data))
        return bytes(signers.PdfTimeStamper(authority).timestamp_pdf(writer, "sha256").getbuffer())

    with pytest.raises(errors.PdfFileError, match="no signature"):
        read(stamped(PLAIN))
    assert judged(stamped(SIGNED)) == [(GOOD, GOOD), (OPEN, GOOD)]


def test_a_byte_range_with_another_gap_is_bad() -> None:
    match = re.search(rb"/ByteRange \[0 (\d+) (\d+) (\d+) *\]", SIGNED)
    assert match is not None
    a, b, c = (int(number) for number in match.groups())
    for numbers in (
        (a - 10, b, c),
        (a, b + 10, c - 10),
        (a, b, c - 1),
        (a, b, c + 1),
        (a + 2, b + 2, c - 2),
        (a, a, c),
    ):
        text = "/ByteRange [0 {} {} {}".format(*numbers).encode()
        changed = SIGNED.replace(match.group(0), text.ljust(len(match.group(0)) - 1) + b"]")
        assert len(changed) == len(SIGNED)
        assert judged(changed)[0][0] is BAD, numbers


@settings(max_examples=examples(80), deadline=None)
@given(st.data())
def test_no_changed_byte_leaves_all_good(data: Any) -> None:
    at = data.draw(st.integers(0, len(SIGNED) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = SIGNED[:at] + bytes([byte]) + SIGNED[at + 1 :]
    before, after = SIGNED[at : at + 1], bytes([byte])
    if before.lower() == after.lower():
        return  # the digits of the signature itself may be capitals
    try:
        found = judged(changed)
    except errors.PdfFileError:
        return
    assert found != [(GOOD, GOOD)]


# --- bad input ---


@pytest.mark.parametrize(
    "data",
    [b"", b"%PDF-1.7\n", b"\x00" * 2000, SIGNED[:-9], SIGNED[: len(SIGNED) // 2], PLAIN.replace(b"xref", b"xreg")],
    ids=range(6),
)
def test_what_is_no_pdf_is_an_error(data: bytes) -> None:
    card = OnCard(key("holder"))
    with pytest.raises(errors.PdfFileError):
        read(data)
    with pytest.raises(errors.PdfFileError):
        sign(data, CERTIFICATE, card)
    assert card.signatures == 0


def test_an_encrypted_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for call in (read, check_signable):
        with pytest.raises(errors.PdfFileError, match="encrypted"):
            call(pdf(password="secret"))
    monkeypatch.setattr(pdf_file, "PDF_MAX", 100)
    with pytest.raises(errors.PdfFileError, match="longer than 100 bytes"):
        read(PLAIN)


def test_more_signatures_or_versions_than_are_read_in_bounded_time_are_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reading, "SIGNATURES_MAX", 1)
    assert judged(SIGNED) == [(GOOD, GOOD)]
    with pytest.raises(errors.PdfFileError, match="2 signatures in 3 versions"):
        read(TWICE)
    monkeypatch.setattr(reading, "SIGNATURES_MAX", 2)
    monkeypatch.setattr(reading, "REVISIONS_MAX", 2)
    with pytest.raises(errors.PdfFileError, match="3 versions"):
        read(TWICE)
    assert check_signable(TWICE) == 2, "it can be signed all the same"


def test_a_number_that_is_none_makes_a_bad_signature() -> None:
    """pyHanko lets decimal's own exception out."""
    assert judged(SIGNED.replace(b"/ByteRange [0", b"/ByteRange [.", 1)) == [(BAD, OPEN)]


def test_a_file_without_signatures_is_an_error() -> None:
    with pytest.raises(errors.PdfFileError, match="no signature"):
        read(PLAIN)


@pytest.mark.parametrize(
    "options",
    [
        {"field": "Second"}, {"field": ""}, {"field": "a.b"}, {"field": "x" * 101}, {"field": "a\n"},
        {"appearance": Appearance(page=0)}, {"appearance": Appearance(page=3)},
        {"appearance": Appearance(box=(10, 10, 10, 20))}, {"appearance": Appearance(text="署名")},
        {"appearance": Appearance(text="a\rb")},
    ],
    ids=range(10),
)  # fmt: skip
def test_what_cannot_be_placed_is_refused_before_anything_is_signed(options: Any) -> None:
    card = OnCard(key("holder"))
    with pytest.raises(errors.UsageError):
        sign(TWICE, CERTIFICATE, card, **options)
    with pytest.raises(errors.UsageError):
        check_signable(TWICE, **options)
    assert card.signatures == 0


def test_a_field_of_another_kind_is_not_signed() -> None:
    card = OnCard(key("holder"))
    form = pdf(form=True)
    with pytest.raises(errors.UsageError, match="not a signature field"):
        check_signable(form, field="remark")
    with pytest.raises(errors.UsageError, match="not a signature field"):
        sign(form, CERTIFICATE, card, field="remark")
    assert (card.signatures, check_signable(form)) == (0, 0)


def test_a_percent_sign_in_the_text_stays_one() -> None:
    assert judged(sign(PLAIN, CERTIFICATE, key("holder"), appearance=Appearance(text="100% %(ts)s"))) == [(GOOD, GOOD)]


def test_it_is_not_made_in_an_event_loop_nor_with_another_s_certificate() -> None:
    async def in_a_loop() -> None:
        sign(PLAIN, CERTIFICATE, key("holder"))

    with pytest.raises(errors.UsageError, match="event loop"):
        asyncio.run(in_a_loop())
    with pytest.raises(errors.UsageError, match="another key"):
        sign(PLAIN, OTHER, key("holder"))


def test_it_is_read_in_an_event_loop_too() -> None:
    async def in_a_loop() -> list[tuple[Verdict, Verdict]]:
        return judged(TWICE)

    assert asyncio.run(in_a_loop()) == [(GOOD, OPEN), (GOOD, GOOD)]
    assert (
        explain(read(SIGNED)[0].steps).splitlines()[1] == "rest of the file: good. The signature covers the whole file."
    )


@pytest.mark.thorough("files of hundreds of megabytes, and processes whose memory is measured")
def test_objects_that_unfold_to_hundreds_of_megabytes_are_refused() -> None:
    tracemalloc.start()
    with pytest.raises(errors.PdfFileError):
        read(bomb(300_000_000))
    assert tracemalloc.get_traced_memory()[1] < 100_000_000
    tracemalloc.stop()
    assert len(bomb(300_000_000)) < 400_000


def test_what_the_card_raises_comes_through() -> None:
    class Gone(OnCard):
        def sign(self, *_arguments: Any) -> bytes:
            raise errors.SignatureMismatchError(texts.N_("Gone."))

    with pytest.raises(errors.SignatureMismatchError):
        sign(PLAIN, CERTIFICATE, Gone(key("holder")))
