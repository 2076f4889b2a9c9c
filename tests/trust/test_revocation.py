"""Revocation by what the caller hands in: good, revoked, and in every other case not checked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.trust.revocation import EVIDENCE_MAX, RevocationEvidence, revocation
from mynacard.verdict import Step, Verdict
from tests.extent import examples
from tests.trust.authorities import DOCUMENT, NOW, authority, holder, key, name_of

CA = authority()
CERTIFICATE = holder(CA)
OTHER_CA = authority("another ca")
DAY = timedelta(days=1)
SHA256 = hashes.SHA256()
Reason = x509.ReasonFlags


def crl(
    revoked: Sequence[tuple[int, datetime, x509.ReasonFlags | None]] = (),
    *,
    made: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
    issuer: x509.Name = CA.certificate.subject,
    signed_by: str = "ca 3",
    extensions: Sequence[tuple[x509.ExtensionType, bool]] = (),
) -> bytes:
    """A list, in DER."""
    builder = x509.CertificateRevocationListBuilder(issuer, made, until)
    for serial, when, reason in revoked:
        entry = x509.RevokedCertificateBuilder(serial, when)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key(signed_by), hashes.SHA256()).public_bytes(Encoding.DER)


def answer(
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    *,
    made: datetime = NOW - DAY,
    until: datetime = NOW + DAY,
    certificate: x509.Certificate = CERTIFICATE,
    signed_by: str = "ca 3",
    responder: x509.Certificate = CA.certificate,
    carries: Sequence[x509.Certificate] = (),
    named_by: hashes.HashAlgorithm = SHA256,
) -> bytes:
    """An OCSP response, in DER."""
    gone = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        certificate, CA.certificate, named_by, status, made, until, NOW - 2 * DAY if gone else None,
        Reason.superseded if gone else None,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, responder)  # fmt: skip
    builder = builder.certificates(carries) if carries else builder
    return builder.sign(key(signed_by), hashes.SHA256()).public_bytes(Encoding.DER)


def found(*crls: bytes, ocsps: Sequence[bytes] = (), at: datetime = NOW, of: x509.Certificate = CERTIFICATE) -> Step:
    step = revocation(of, CA.certificate, RevocationEvidence(tuple(crls), tuple(ocsps)), at=at)
    assert "{" not in step.text()
    return step


def test_without_evidence_it_is_not_checked() -> None:
    assert found().verdict is Verdict.NOT_CHECKED
    assert "named by law" in found().text()


def test_a_list_that_does_not_name_it_is_good() -> None:
    assert found(crl()).verdict is Verdict.GOOD
    assert found(crl([(1, NOW - DAY, None)])).verdict is Verdict.GOOD


@pytest.mark.parametrize("reason", [None, Reason.affiliation_changed, Reason.key_compromise, Reason.certificate_hold])
def test_a_list_that_names_it_says_when_and_why(reason: x509.ReasonFlags | None) -> None:
    step = found(crl([(CERTIFICATE.serial_number, NOW - DAY, reason)]))
    assert step.verdict is Verdict.BAD
    assert "2026-06-30" in step.text()
    words = {Reason.affiliation_changed: "have changed", Reason.certificate_hold: "suspended"}
    assert words.get(reason, "") in step.text()  # type: ignore[arg-type]


def test_what_was_revoked_later_was_good_before() -> None:
    later = crl([(CERTIFICATE.serial_number, NOW, Reason.superseded)], made=NOW, until=NOW + 9 * DAY)
    assert found(later, at=NOW - 5 * DAY).verdict is Verdict.GOOD
    assert found(later, at=NOW + DAY).verdict is Verdict.BAD


def test_a_stale_list_is_not_checked() -> None:
    assert found(crl(), at=NOW + 30 * DAY).verdict is Verdict.NOT_CHECKED


@pytest.mark.parametrize(
    "other",
    [
        crl(signed_by="another ca"), crl(issuer=name_of("SOMEBODY"), signed_by="another ca"),
        crl(issuer=OTHER_CA.certificate.subject, signed_by="another ca"),
        crl(extensions=[(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)]),
        crl(extensions=[(x509.IssuingDistributionPoint(None, None, False, True, None, False, False), True)]),
    ],
    ids=["another-key", "another-name", "another-ca", "unknown-critical", "of-cas-alone"],
)  # fmt: skip
def test_a_list_that_is_not_the_issuer_s_whole_one_is_not_checked(other: bytes) -> None:
    assert found(other).verdict is Verdict.NOT_CHECKED
    assert found(other, crl()).verdict is Verdict.GOOD, "beside the right one it does not matter"


def test_an_answer_is_good_or_revoked() -> None:
    assert found(ocsps=[answer()]).verdict is Verdict.GOOD
    step = found(ocsps=[answer(ocsp.OCSPCertStatus.REVOKED)])
    assert (step.verdict, "took its place" in step.text()) == (Verdict.BAD, True)


@pytest.mark.parametrize(
    "other",
    [
        answer(ocsp.OCSPCertStatus.UNKNOWN), answer(certificate=holder(CA, serial=0x1234)),
        answer(signed_by="another ca", responder=OTHER_CA.certificate),
        answer(made=NOW - 30 * DAY, until=NOW - 20 * DAY),
    ],
    ids=["unknown", "of-another", "another-key", "stale"],
)  # fmt: skip
def test_an_answer_that_does_not_say_is_not_checked(other: bytes) -> None:
    assert found(ocsps=[other]).verdict is Verdict.NOT_CHECKED


def test_one_that_says_revoked_outweighs_the_rest() -> None:
    revoked = answer(ocsp.OCSPCertStatus.REVOKED)
    named = crl([(CERTIFICATE.serial_number, NOW - DAY, None)])
    for step in (found(crl(), ocsps=[answer(), revoked]), found(crl(), named), found(named, ocsps=[answer()])):
        assert step.verdict is Verdict.BAD


def test_a_delta_list_is_refused_and_its_base_stands_alone() -> None:
    delta = crl(extensions=[(x509.DeltaCRLIndicator(1), True)])
    with pytest.raises(errors.CertificateFileError, match="delta"):
        found(crl(), delta)
    elsewhere = x509.DistributionPoint([x509.UniformResourceIdentifier("http://x.invalid")], None, None, None)
    assert found(crl(extensions=[(x509.FreshestCRL([elsewhere]), False)])).verdict is Verdict.GOOD


def test_a_responder_to_whom_the_issuer_gave_the_right_is_believed_and_no_other() -> None:
    use = (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    no_check = (x509.OCSPNoCheck(), False)
    for extensions, verdict in (([*DOCUMENT, use, no_check], Verdict.GOOD), (DOCUMENT, Verdict.NOT_CHECKED)):
        responder = holder(CA, "responder", serial=77, extensions=extensions)
        said = answer(signed_by="responder", responder=responder, carries=[responder])
        assert found(ocsps=[said]).verdict is verdict


def test_what_was_made_after_the_certificate_s_end_need_not_speak_of_it() -> None:
    gone = holder(CA, end=NOW - 2 * DAY)
    assert found(crl(), of=gone, at=NOW - 3 * DAY).verdict is Verdict.NOT_CHECKED
    assert found(crl(made=NOW - 3 * DAY), of=gone, at=NOW - 3 * DAY).verdict is Verdict.GOOD


@pytest.mark.parametrize(
    "data",
    [b"", b"\x30\x00", b"nonsense", crl()[:-1], crl() + b"\0", answer(), bytes(EVIDENCE_MAX + 1)],
    ids=range(7),
)
def test_what_is_no_list_is_an_error(data: bytes) -> None:
    with pytest.raises(errors.CertificateFileError):
        found(data)


REFUSAL = ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED)


@pytest.mark.parametrize(
    "data", [b"", b"\x30\x00", crl(), answer()[:-1], REFUSAL.public_bytes(Encoding.DER)], ids=range(5)
)
def test_what_is_no_answer_is_an_error(data: bytes) -> None:
    with pytest.raises(errors.CertificateFileError):
        found(ocsps=[data])


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(errors.UsageError):
        found(crl(), at=datetime(2026, 7, 1))


def test_it_works_in_an_event_loop_too() -> None:
    async def in_a_loop() -> Step:
        return found(crl(), ocsps=[answer()])

    assert asyncio.run(in_a_loop()).verdict is Verdict.GOOD


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko_certvalidator", None)
    assert found().verdict is Verdict.NOT_CHECKED
    with pytest.raises(errors.MissingExtraError, match=r"mynacard\[pdf\]"):
        found(crl())


def test_an_answer_that_names_the_certificate_by_an_unknown_hash_is_not_checked() -> None:
    assert found(ocsps=[answer(named_by=hashes.SHA512())]).verdict is Verdict.NOT_CHECKED
    assert found(ocsps=[answer(named_by=hashes.SHA1())]).verdict is Verdict.GOOD, "that hash protects nothing"


@settings(max_examples=examples(300))
@given(st.data())
def test_a_damaged_answer_is_never_good_and_never_another_error(data: Any) -> None:
    content = bytearray(answer(ocsp.OCSPCertStatus.REVOKED))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255))
    try:
        step = found(ocsps=[bytes(content)])
    except errors.CertificateFileError:
        return
    assert step.verdict is not Verdict.GOOD


@settings(max_examples=examples(60))
@given(st.data())
def test_a_damaged_list_never_makes_a_revoked_certificate_good(data: Any) -> None:
    content = bytearray(crl([(CERTIFICATE.serial_number, NOW - DAY, Reason.superseded)]))
    at = data.draw(st.integers(0, len(content) * 8 - 1))
    content[at // 8] ^= 1 << at % 8
    try:
        step = found(bytes(content))
    except errors.CertificateFileError:
        return
    assert step.verdict is not Verdict.GOOD
