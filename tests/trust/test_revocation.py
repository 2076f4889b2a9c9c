"""Revocation by what the caller hands in: good, revoked, and in every other case not checked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from hypothesis import given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.trust.revocation import EVIDENCE_MAX, TOLERANCE, RevocationEvidence, revocation
from mynacard.verdict import Step, Verdict
from tests.extent import examples
from tests.trust.authorities import DOCUMENT, NOW, Authority, authority, holder, key, name_of

CA = authority()
CERTIFICATE = holder(CA)
OTHER_CA = authority("another ca")
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
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
    produced: datetime | None = None,
    certificate: x509.Certificate = CERTIFICATE,
    issuer: x509.Certificate = CA.certificate,
    signed_by: str = "ca 3",
    responder: x509.Certificate = CA.certificate,
    carries: Sequence[x509.Certificate] = (),
    named_by: hashes.HashAlgorithm = SHA256,
) -> bytes:
    """An OCSP response, in DER."""
    gone = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        certificate, issuer, named_by, status, made, until, NOW - 2 * DAY if gone else None,
        Reason.superseded if gone else None,
    ).responder_id(ocsp.OCSPResponderEncoding.HASH, responder)  # fmt: skip
    builder = builder.certificates(carries) if carries else builder
    made_now = builder.sign(key(signed_by), hashes.SHA256()).public_bytes(Encoding.DER)
    return signed_again(made_now, signed_by, produced or made)


def signed_again(answer_der: bytes, signed_by: str, produced: datetime, *more: bytes) -> bytes:
    """The answer as if produced at this time, which cryptography takes from the clock; with the contents of *more*."""
    parts: Any = asn1_ocsp.OCSPResponse.load(answer_der)
    basic = parts["response_bytes"]["response"].parsed
    data = basic["tbs_response_data"]
    data["produced_at"] = produced
    for other in more:
        others: Any = asn1_ocsp.OCSPResponse.load(other)
        data["responses"].append(others.response_data["responses"][0])
    basic["signature"] = key(signed_by).sign(data.dump(force=True), PKCS1v15(), hashes.SHA256())
    parts["response_bytes"]["response"] = basic
    return bytes(parts.dump(force=True))


def found(
    *crls: bytes,
    ocsps: Sequence[bytes] = (),
    at: datetime = NOW,
    now: datetime = NOW,
    of: x509.Certificate = CERTIFICATE,
) -> Step:
    """What all data say, read for this question; loaded before it, they say the same."""
    step = revocation(of, CA.certificate, RevocationEvidence(tuple(crls), tuple(ocsps)), at=at, now=now)
    loaded = RevocationEvidence.load(crls, ocsps, issuers=[OTHER_CA.certificate, CA.certificate])
    assert revocation(of, CA.certificate, loaded, at=at, now=now) == step
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


def test_a_responder_of_another_ca_is_not_believed() -> None:
    use = (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]), False)
    extensions = [*DOCUMENT, use, (x509.OCSPNoCheck(), False)]
    for issuer in (OTHER_CA, Authority(CERTIFICATE, "holder")):
        responder = holder(issuer, "responder", serial=77, extensions=extensions)
        for status in (ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED):
            said = answer(status, signed_by="responder", responder=responder, carries=[responder])
            assert found(ocsps=[said]).code == "revocation/silent"


@pytest.mark.parametrize("status", [ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED])
@pytest.mark.parametrize(
    "other",
    [{"certificate": holder(CA, serial=0x1234)}, {"issuer": OTHER_CA.certificate}],
    ids=["another serial number", "another issuer's key"],
)
def test_an_answer_about_another_certificate_is_not_used(status: ocsp.OCSPCertStatus, other: dict[str, Any]) -> None:
    said = answer(status, **other)
    assert found(ocsps=[said]).code == "revocation/silent"
    assert found(ocsps=[said, answer()]).code == "revocation/good"


def test_an_answer_that_contradicts_itself_says_revoked() -> None:
    good, revoked = answer(), answer(ocsp.OCSPCertStatus.REVOKED)
    for first, second in ((good, revoked), (revoked, good)):
        both = signed_again(first, "ca 3", NOW - DAY, second)
        assert found(ocsps=[both]).code == "revocation/revoked"


def test_an_answer_about_several_certificates_counts_for_each() -> None:
    of_another = answer(ocsp.OCSPCertStatus.REVOKED, certificate=holder(CA, serial=0x1234))
    assert found(ocsps=[signed_again(of_another, "ca 3", NOW - DAY, answer())]).code == "revocation/good"


# --- data of the future, and of the past ---

LATEST = NOW + TOLERANCE
REVOKED = [(CERTIFICATE.serial_number, NOW - 5 * DAY, Reason.key_compromise)]
GONE = ocsp.OCSPCertStatus.REVOKED


@pytest.mark.parametrize(("made", "used"), [(LATEST, True), (LATEST + SECOND, False), (NOW + 9 * DAY, False)])
def test_what_is_dated_in_the_future_is_not_used(made: datetime, used: bool) -> None:
    when = {"made": made, "until": NOW + 10 * DAY}
    good, revoked = ("revocation/good", "revocation/revoked") if used else ("revocation/future",) * 2
    for at in (NOW, NOW - 4 * DAY):
        assert found(crl(**when), at=at).code == good
        assert found(crl(REVOKED, **when), at=at).code == revoked
        assert found(ocsps=[answer(**when)], at=at).code == good
        assert found(ocsps=[answer(produced=made)], at=at).code == good
    assert found(ocsps=[answer(GONE, **when)]).code == revoked
    assert found(crl(), crl(REVOKED, **when)).code == (revoked if used else "revocation/good")


def test_a_list_of_today_tells_of_the_past_and_a_list_of_the_past_is_used_at_its_time() -> None:
    today = crl(made=NOW, until=NOW + DAY)
    assert found(today, at=NOW - 30 * DAY).code == "revocation/good"
    assert found(today, at=NOW - 30 * DAY, now=NOW - 30 * DAY).code == "revocation/future"
    assert found(crl(), at=NOW, now=NOW + 365 * DAY).code == "revocation/good"


def test_without_a_present_time_this_computer_s_clock_counts() -> None:
    now = datetime.now(UTC)
    certificate = holder(CA, start=now - 30 * DAY, end=now + 90 * DAY)
    for made, code in ((now, "revocation/good"), (now + DAY, "revocation/future")):
        evidence = RevocationEvidence((crl(made=made, until=now + 9 * DAY),))
        assert revocation(certificate, CA.certificate, evidence, at=now).code == code


@pytest.mark.parametrize("reason", [None, Reason.key_compromise, Reason.superseded])
def test_what_is_revoked_stays_revoked_in_stale_data(reason: x509.ReasonFlags | None) -> None:
    named = crl([(CERTIFICATE.serial_number, NOW - 5 * DAY, reason)])
    for data in ({"crls": (named,)}, {"crls": (named, crl(made=NOW + 29 * DAY, until=NOW + 31 * DAY))}):
        evidence = RevocationEvidence(**data)
        later = NOW + 30 * DAY
        assert revocation(CERTIFICATE, CA.certificate, evidence, at=later, now=later).code == "revocation/revoked"
    assert found(ocsps=[answer(GONE)], at=NOW + 30 * DAY).code == "revocation/revoked"


def test_a_suspension_in_stale_data_may_have_been_lifted() -> None:
    held = crl([(CERTIFICATE.serial_number, NOW - 5 * DAY, Reason.certificate_hold)])
    assert found(held).code == "revocation/revoked"
    assert found(held, at=NOW + 30 * DAY).code == "revocation/stale"


def test_what_a_stale_list_names_was_good_before() -> None:
    later = crl([(CERTIFICATE.serial_number, NOW + 2 * DAY, Reason.superseded)])
    assert found(later, at=NOW + 30 * DAY).code == "revocation/stale", "it was to be revoked after this list's end"


def test_what_was_made_after_the_certificate_s_end_counts_only_if_it_says_revoked() -> None:
    gone = holder(CA, end=NOW - 2 * DAY)
    assert found(crl(REVOKED), of=gone, at=NOW - 3 * DAY).code == "revocation/revoked"
    assert found(ocsps=[answer(GONE, made=NOW - DAY)], of=gone, at=NOW - 3 * DAY).code == "revocation/silent"
    assert found(ocsps=[answer(GONE, made=NOW - DAY)], of=gone, at=NOW).code == "revocation/revoked"


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
    with pytest.raises(errors.UsageError, match="present"):
        found(crl(), now=datetime(2026, 7, 1))


def test_the_list_or_answer_that_cannot_be_used_is_named() -> None:
    with pytest.raises(errors.CertificateFileError, match=r"^Revocation list 2 cannot be used: This is neither"):
        found(crl(), b"nonsense", b"nonsense")
    with pytest.raises(errors.CertificateFileError, match=r"^OCSP response 1 cannot be used: This OCSP response says"):
        found(crl(), ocsps=[REFUSAL.public_bytes(Encoding.DER)])


@pytest.mark.parametrize("date", [b"20260630000000", b"00000101000000Z"], ids=["without a zone", "year 0"])
def test_a_list_with_a_date_that_is_none_is_an_error(date: bytes) -> None:
    parts: Any = asn1_crl.CertificateList.load(crl())
    parts["tbs_cert_list"]["this_update"] = asn1_x509.Time.load(bytes((0x18, len(date))) + date)
    with pytest.raises(errors.CertificateFileError, match="damaged"):
        found(parts.dump())


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


FOR_ANSWERS = (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]), False)
RESPONDER = holder(CA, "responder", serial=77, extensions=[*DOCUMENT, FOR_ANSWERS, (x509.OCSPNoCheck(), False)])
DELEGATED = {"signed_by": "responder", "responder": RESPONDER, "carries": [RESPONDER]}
RSA, SHA256_RSA = bytes.fromhex("06092a864886f70d010101"), bytes.fromhex("06092a864886f70d01010b")
ANSWERS = [answer(GONE), answer(GONE, **DELEGATED)]
PSS, UNKNOWN = bytes.fromhex("06092a864886f70d01010a"), bytes.fromhex("0609608648016503040211")


@pytest.mark.parametrize("other", [PSS, UNKNOWN], ids=["PSS", "unknown"])
@pytest.mark.parametrize("usual", [RSA, SHA256_RSA], ids=["key", "signature"])
def test_an_answer_with_an_algorithm_that_does_not_fit_is_not_checked(usual: bytes, other: bytes) -> None:
    data = answer(**DELEGATED)
    assert found(ocsps=[data]).code == "revocation/good"
    places = [place for place in range(len(data)) if data.startswith(usual, place)]
    assert places
    for place in places:
        changed = data[:place] + other + data[place + len(usual) :]
        assert found(ocsps=[changed]).code == "revocation/silent"


@settings(max_examples=examples(300))
@given(st.data())
def test_a_damaged_answer_is_never_good_and_never_another_error(data: Any) -> None:
    content = bytearray(data.draw(st.sampled_from(ANSWERS)))
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
