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
from mynacard.signing.judging import Judged, Judgement, Trust, judge
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


def trust(at: datetime = NOW, *revoked: int, **more: Any) -> Trust:
    """Somebody who has the CA's list of *at*, and the time authority's of today."""
    lists = (revocation_list(CA, *revoked, when=at), revocation_list(tsa.CA, when=TODAY))
    return Trust(ANCHORS, at, evidence=RevocationEvidence(lists), **more)


def raw(hash_: HashAlgorithm) -> bytes:
    return key("holder").sign(DATA, PKCS1v15(), HASHES[hash_])


def names(judged: Judged) -> list[str]:
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
        judgement = judge(given, trust(), **how)
        assert (judgement.overall, judgement.simulated) == (GOOD, False)
        (judged,) = judgement.signatures
        assert (judged.signer, judged.overall, judged.proof) == (CERTIFICATE, GOOD, None)
        assert names(judged)[:5] == ["signature", "issuer", "validity", "key usage", "revocation"]


def test_what_a_signature_holds_comes_along() -> None:
    assert judge(OPAQUE, trust()).content == DATA
    assert judge(DATA, trust(), signature=SIGNATURE).content is None
    assert judge(SIGNED, trust()).content is None
    assert DATA not in repr(judge(OPAQUE, trust())).encode()


def test_a_document_beside_its_signature_is_read_in_pieces() -> None:
    long = bytes(5_000_000)
    stream = Pieces(long)
    assert judge(stream, trust(), signature=cms.sign(long, CERTIFICATE, key("holder"))).overall is GOOD
    assert 0 < stream.longest < 1_000_000


def test_a_stream_is_read_from_its_beginning() -> None:
    stream = io.BytesIO(OPAQUE)
    stream.seek(100)
    assert judge(stream, trust()).overall is GOOD


def test_what_was_not_checked_is_not_good() -> None:
    assert judge(DATA, Trust(ANCHORS, NOW), signature=SIGNATURE).overall is OPEN
    assert judge(DATA, Trust((), NOW), signature=SIGNATURE).overall is OPEN
    assert Judgement(()).overall is OPEN
    assert Judged(None, None).overall is OPEN


@pytest.mark.parametrize(
    ("document", "trusted", "step"),
    [
        (DATA + b"\n", trust(), "signature"),
        (DATA, Trust((Anchor(tsa.CA.certificate),), NOW), "issuer"),
        (DATA, trust(datetime(2032, 1, 1, tzinfo=UTC)), "validity"),
        (DATA, trust(policies=("1.2.3",)), "key usage"),
        (DATA, trust(NOW, CERTIFICATE.serial_number), "revocation"),
    ],
)
def test_one_bad_step_makes_the_whole_bad(document: bytes, trusted: Trust, step: str) -> None:
    judgement = judge(document, trusted, signature=SIGNATURE)
    assert judgement.overall is BAD
    assert dict(judgement.signatures[0].steps)[step].verdict is BAD


def test_a_simulated_signer_is_told_of() -> None:
    assert judge(DATA, Trust((Anchor(CA.certificate, simulated=True),), NOW), signature=SIGNATURE).simulated


# --- the time that counts ---


@pytest.mark.parametrize(("document", "how"), [(DATA, {"signature": STAMPED}), (STAMPED_FILE, {})], ids=["CMS", "PDF"])
def test_the_certificate_is_held_against_the_time_that_a_time_stamp_proves(
    document: bytes, how: dict[str, bytes]
) -> None:
    later = datetime(2032, 1, 1, tzinfo=UTC)  # the signer's certificate has expired
    lists = (revocation_list(CA, when=TODAY), revocation_list(tsa.CA, when=later))
    proving = Trust(ANCHORS, later, (tsa.CA.certificate,), RevocationEvidence(lists))
    (judged,) = judge(document, proving, **how).signatures
    assert (judged.overall, names(judged)[-1]) == (GOOD, "time stamp")
    assert judged.proof is not None
    assert judged.proof.time is not None
    assert abs(judged.proof.time - TODAY) < timedelta(minutes=5)
    unproven = judge(document, Trust(ANCHORS, later, evidence=RevocationEvidence(lists)), **how)
    assert dict(unproven.signatures[0].steps)["validity"].verdict is BAD


def test_a_time_stamp_on_a_pdf_file_has_its_authority_in_place_of_a_signer() -> None:
    both = time_stamped_file()
    trusted = trust(datetime.now(UTC), time_authorities=(tsa.CA.certificate,))
    signed, on_file = judge(both, trusted).signatures
    assert (signed.signer, on_file.signer, on_file.report) == (CERTIFICATE, None, None)
    assert names(on_file) == ["rest of the file", "time stamp"]
    assert judge(both, trusted).overall is GOOD
    unknown = judge(both, trust(datetime.now(UTC))).signatures[1]
    assert unknown.overall is OPEN


# --- files with several ---


def test_one_bad_signature_of_a_pdf_file_makes_the_whole_bad() -> None:
    changed = pades.sign(updated(SIGNED, other_page), OTHER, key("somebody"))
    judgement = judge(changed, trust())
    assert [judged.overall for judged in judgement.signatures] == [BAD, GOOD]
    assert judgement.overall is BAD


def test_of_an_unreadable_signature_the_pdf_file_s_steps_are_there() -> None:
    unread = pades.PdfSignature("field", "kind", None, good("x"), good("y"))
    assert names(Judged(None, None, None, unread)) == ["signature", "rest of the file"]


# --- what is refused ---


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: judge(DATA, trust(), signature=bytes(256)), errors.CertificateFileError),
        (lambda: judge(DATA, trust(), signature=b"\x30\x00"), errors.CertificateFileError),
        (lambda: judge(DATA, trust(), certificate=CERTIFICATE), errors.UsageError),
        (lambda: judge(SIGNATURE, trust()), errors.UsageError),
        (lambda: judge(DATA, trust()), errors.PdfFileError),
        (lambda: judge(pdf(), trust()), errors.PdfFileError),
        (lambda: judge(OPAQUE, Trust(ANCHORS, datetime(2026, 7, 1))), errors.UsageError),  # on purpose
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
        judge(Endless(), trust())
