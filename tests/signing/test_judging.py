"""A program asks once: whatever the document is, one call says what is to be said of all its signatures."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, pades
from mynacard.signing.judging import Judgement, Judgements, TimeSource, judge
from mynacard.trust import Anchor, RevocationEvidence, Verdict
from mynacard.trust.primitive import HASHES
from mynacard.verdict import good
from tests.signing import tsa
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER, SIGNATURE
from tests.signing.pdfs import other_page, pdf, updated
from tests.signing.test_timestamp import STAMPED, STAMPED_FILE, revocation_list, time_stamped_file
from tests.trust.authorities import NOW, key

GOOD, BAD, OPEN = Verdict.GOOD, Verdict.BAD, Verdict.NOT_CHECKED
ANCHORS: Final = (Anchor(CA.certificate),)
TODAY: Final = datetime.now(UTC)
OPAQUE: Final = cms.sign(DATA, CERTIFICATE, key("holder"), detached=False)
SIGNED: Final = pades.sign(pdf(), CERTIFICATE, key("holder"))


def trust(at: datetime = NOW, *revoked: int, **more: Any) -> dict[str, Any]:
    """Arguments of a caller who has the CA's list of *at*, and the time authority's of today."""
    lists = (revocation_list(CA, *revoked, when=at), revocation_list(tsa.CA, when=TODAY))
    return {"anchors": ANCHORS, "at": at, "evidence": RevocationEvidence(lists), "now": max(at, TODAY), **more}


def raw(hash_: HashAlgorithm) -> bytes:
    return key("holder").sign(DATA, PKCS1v15(), HASHES[hash_])


def names(judged: Judgement) -> list[str]:
    return [name for name, _ in judged.steps]


class Pieces(io.BufferedIOBase):
    """A file that can be read in pieces only, and remembers the longest."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)
        self.longest = 0

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._data.seek(offset, whence)

    def readinto(self, buffer: Any, /) -> int:
        self.longest = max(self.longest, len(buffer))
        return self._data.readinto(buffer)


@pytest.mark.parametrize(
    ("document", "how"),
    [
        (DATA, {"signature": SIGNATURE}),
        (DATA, {"signature": OPAQUE}),
        (DATA, {"signature": raw(HashAlgorithm.SHA256), "certificate": CERTIFICATE}),
        (DATA, {"signature": raw(HashAlgorithm.SHA512), "certificate": CERTIFICATE, "hash_": HashAlgorithm.SHA512}),
        (OPAQUE, {}),
        (SIGNED, {}),
    ],
    ids=["beside", "beside and inside", "raw", "raw SHA-512", "inside", "PDF"],
)
def test_one_call_is_enough_for_every_format(document: bytes, how: dict[str, Any]) -> None:
    for given in (document, io.BytesIO(document)):
        judgement = judge(given, **trust(), **how)
        assert (judgement.overall, judgement.simulated) == (GOOD, False)
        (judged,) = judgement.signatures
        assert (judged.require().certificate, judged.overall, judged.proof) == (CERTIFICATE, GOOD, None)
        assert names(judged)[:5] == ["signature", "issuer", "validity", "key usage", "revocation"]


def test_what_a_signature_holds_comes_along() -> None:
    assert judge(OPAQUE, **trust()).content == DATA
    assert judge(DATA, **trust(), signature=SIGNATURE).content is None
    assert judge(SIGNED, **trust()).content is None
    assert DATA not in repr(judge(OPAQUE, **trust())).encode()


def test_a_document_beside_its_signature_is_read_in_pieces() -> None:
    long = bytes(5_000_000)
    stream = Pieces(long)
    assert judge(stream, **trust(), signature=cms.sign(long, CERTIFICATE, key("holder"))).overall is GOOD
    assert 0 < stream.longest < 1_000_000


def test_a_stream_is_read_from_its_beginning() -> None:
    stream = io.BytesIO(OPAQUE)
    stream.seek(100)
    assert judge(stream, **trust()).overall is GOOD


def test_what_was_not_checked_is_not_good() -> None:
    assert judge(DATA, anchors=ANCHORS, at=NOW, signature=SIGNATURE).overall is OPEN
    assert judge(DATA, anchors=(), at=NOW, signature=SIGNATURE).overall is OPEN
    assert Judgements(()).overall is OPEN


@pytest.mark.parametrize(
    ("document", "trusted", "step"),
    [
        (DATA + b"\n", trust(), "signature"),
        (DATA, {"anchors": (Anchor(tsa.CA.certificate),), "at": NOW}, "issuer"),
        (DATA, trust(datetime(2032, 1, 1, tzinfo=UTC)), "validity"),
        (DATA, trust(policies=("1.2.3",)), "key usage"),
        (DATA, trust(NOW, CERTIFICATE.serial_number), "revocation"),
    ],
)
def test_one_bad_step_makes_the_whole_bad(document: bytes, trusted: dict[str, Any], step: str) -> None:
    judgement = judge(document, **trusted, signature=SIGNATURE)
    assert judgement.overall is BAD
    assert dict(judgement.signatures[0].steps)[step].verdict is BAD


def test_a_simulated_signer_is_told_of() -> None:
    assert judge(DATA, SIGNATURE, anchors=(Anchor(CA.certificate, simulated=True),), at=NOW).simulated


# --- the time that counts ---


@pytest.mark.parametrize(("document", "how"), [(DATA, {"signature": STAMPED}), (STAMPED_FILE, {})], ids=["CMS", "PDF"])
def test_the_certificate_is_held_against_the_time_that_a_time_stamp_proves(
    document: bytes, how: dict[str, bytes]
) -> None:
    later = datetime(2032, 1, 1, tzinfo=UTC)  # the signer's certificate has expired
    lists = (revocation_list(CA, when=TODAY), revocation_list(tsa.CA, when=later))
    evidence, stampers = RevocationEvidence(lists), (Anchor(tsa.CA.certificate),)
    trusted = {"anchors": ANCHORS, "at": later, "evidence": evidence, "now": later}
    (judged,) = judge(document, **trusted, time_anchors=stampers, **how)
    assert (judged.overall, names(judged)[-1]) == (GOOD, "time stamp")
    assert judged.proof is not None
    assert judged.proof.time is not None
    assert abs(judged.proof.time - TODAY) < timedelta(minutes=5)
    unproven = judge(document, **trusted, **how)
    assert dict(unproven[0].steps)["validity"].verdict is BAD


def test_a_time_stamp_on_a_pdf_file_has_its_authority_in_place_of_a_signer() -> None:
    both = time_stamped_file()
    trusted = trust(datetime.now(UTC), time_anchors=(Anchor(tsa.CA.certificate),))
    judgements = judge(both, **trusted)
    (signed,), (on_file,) = judgements, judgements.time_stamps
    assert (signed.require().certificate, on_file.signer, on_file.report) == (CERTIFICATE, None, None)
    assert names(on_file) == ["rest of the file", "time stamp"]
    assert judge(both, **trusted).overall is GOOD
    unknown = judge(both, **trust(datetime.now(UTC))).time_stamps[0]
    assert unknown.overall is OPEN


_TOKEN_TYPE: Final = bytes.fromhex("060b2a864886f70d0109100104")  # id-ct-TSTInfo, which says what a token holds


@pytest.mark.parametrize(
    ("document", "how"),
    [
        (DATA, {"signature": STAMPED.replace(_TOKEN_TYPE, _TOKEN_TYPE[:-1] + b"\x05")}),
        (STAMPED_FILE.replace(_TOKEN_TYPE.hex().encode(), _TOKEN_TYPE.hex().encode()[:-1] + b"5"), {}),
    ],
    ids=["CMS", "PDF"],
)
def test_beside_an_unreadable_time_stamp_the_signature_is_judged(document: bytes, how: dict[str, bytes]) -> None:
    (judged,) = judge(document, **trust(TODAY, time_anchors=(Anchor(tsa.CA.certificate),)), **how)
    codes = [step.code for _, step in judged.steps]
    assert codes[-1] == "time-stamp/unreadable"
    assert [step.verdict for _, step in judged.steps[:-1]] == [GOOD] * (len(codes) - 1)
    with pytest.raises(errors.SignatureNotAccepted):
        judged.require(accept_unchecked={"time-stamp"})


def test_a_time_stamp_on_another_pdf_file_is_bad() -> None:
    changed = time_stamped_file().replace(b"595 842", b"595 841", 1)
    (on_file,) = judge(changed, **trust(TODAY, time_anchors=(Anchor(tsa.CA.certificate),))).time_stamps
    assert dict(on_file.steps)["time stamp"].code == "time-stamp/other"


# --- files with several ---


def test_one_bad_signature_of_a_pdf_file_makes_the_whole_bad() -> None:
    changed = pades.sign(updated(SIGNED, other_page), OTHER, key("somebody"))
    judgement = judge(changed, **trust())
    assert [judged.overall for judged in judgement.signatures] == [BAD, GOOD]
    assert judgement.overall is BAD


def test_of_an_unreadable_signature_the_pdf_file_s_steps_are_there() -> None:
    unread = pades.PdfSignature("field", "kind", None, good("s/x", "x"), good("s/y", "y"))
    assert names(Judgement(good("s/x", "x"), pdf=unread)) == ["signature", "rest of the file"]


# --- what a program asks ---


def test_require_returns_the_signer_of_a_good_signature() -> None:
    (signer,) = judge(DATA, SIGNATURE, **trust()).require()
    assert (signer.certificate, signer.simulated) == (CERTIFICATE, False)
    assert "見本" not in repr(signer)
    assert signer.holder is not None
    assert signer.holder.name is not None
    assert signer.holder.name.value == "見本"


def test_require_raises_for_whatever_is_not_good_and_carries_all_steps() -> None:
    forged = judge(DATA + b"x", SIGNATURE, **trust())
    for ask in (forged.require, forged[0].require):
        with pytest.raises(errors.SignatureNotAccepted) as refused:
            ask({"revocation", "rest", "time-stamp"})
        assert refused.value.steps == forged[0].steps
    assert dict(forged[0].steps)["signature"].code == "signature/changed"


def test_unchecked_revocation_is_accepted_only_by_a_caller_who_says_so() -> None:
    unchecked = judge(DATA, SIGNATURE, anchors=ANCHORS, at=NOW)
    with pytest.raises(errors.SignatureNotAccepted):
        unchecked.require()
    assert unchecked.require({"revocation"})[0].certificate == CERTIFICATE
    with pytest.raises(errors.UsageError):
        unchecked.require({"issuer"})


def test_a_file_with_one_bad_signature_lets_no_signer_out() -> None:
    changed = judge(pades.sign(updated(SIGNED, other_page), OTHER, key("somebody")), **trust())
    assert changed[1].require().certificate == OTHER
    with pytest.raises(errors.SignatureNotAccepted):
        changed.require({"rest"})


def test_nothing_takes_a_judgement_for_a_yes() -> None:
    judgements = judge(DATA + b"x", SIGNATURE, **trust())
    for value in (judgements, judgements[0], judgements.overall, judgements[0].report):
        with pytest.raises(TypeError, match="truth value"):
            bool(value)
    assert (len(judgements), list(judgements)) == (1, [judgements[0]])


def test_the_signing_time_is_the_signer_s_claim_unless_a_time_stamp_proves_one() -> None:
    claimed = judge(DATA, SIGNATURE, **trust())[0].signed_at
    assert claimed is not None
    assert claimed.source is TimeSource.SIGNER
    assert judge(DATA, raw(HashAlgorithm.SHA256), certificate=CERTIFICATE, **trust())[0].signed_at is None
    proven = judge(DATA, STAMPED, time_anchors=(Anchor(tsa.CA.certificate),), **trust(TODAY))[0].signed_at
    assert proven is not None
    assert proven.source is TimeSource.TIME_STAMP


# --- one signature, one meaning ---


def test_the_value_of_a_cms_signature_is_not_a_raw_signature_of_its_attributes() -> None:
    parsed = cms.parse(SIGNATURE)
    for attributes in (parsed.signed_attributes, b"\x31\x80" + parsed.signed_attributes[2:] + b"\x00\x00"):
        for document in (attributes, io.BytesIO(attributes)):
            (judged,) = judge(document, parsed.value, certificate=CERTIFICATE, **trust())
            assert (judged.signature.verdict, judged.signature.code) == (BAD, "signature/two-meanings")
            assert judged.overall is BAD


def test_the_signed_attributes_of_a_signature_may_be_the_document_of_another() -> None:
    attributes = cms.parse(SIGNATURE).signed_attributes
    assert judge(attributes, cms.sign(attributes, CERTIFICATE, key("holder")), **trust()).overall is GOOD


# --- what is refused ---


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: judge(DATA, **trust(), signature=bytes(256)), errors.CertificateFileError),
        (lambda: judge(DATA, **trust(), signature=b"\x30\x00"), errors.CertificateFileError),
        (lambda: judge(DATA, **trust(), certificate=CERTIFICATE), errors.UsageError),
        (lambda: judge(SIGNATURE, **trust()), errors.UsageError),
        (lambda: judge(DATA, **trust()), errors.PdfFileError),
        (lambda: judge(pdf(), **trust()), errors.PdfFileError),
        (lambda: judge(OPAQUE, anchors=ANCHORS, at=datetime(2026, 7, 1)), errors.UsageError),  # on purpose
    ],
    ids=["raw without certificate", "no CMS", "no signature", "content missing", "no PDF", "unsigned", "no zone"],
)
def test_what_cannot_be_judged_is_refused(call: Callable[[], object], error: type[errors.MynacardError]) -> None:
    with pytest.raises(error):
        call()


def test_a_stream_without_end_is_not_read_to_it() -> None:
    class Endless(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert 0 < size <= pades.PDF_MAX + 1
            return bytes(size)

    with pytest.raises(errors.PdfFileError, match="longer"):
        judge(Endless(), **trust())
