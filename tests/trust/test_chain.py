"""Good, bad, or not checked: never the one for the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import MynacardError, UsageError
from mynacard.simulator.individual.pki import ORGANIZATION
from mynacard.trust import Anchor, Purpose, Report, Step, Verdict, check, load_certificate
from mynacard.trust.chain import SIMULATED_ORGANIZATION
from mynacard.trust.revocation import NO_EVIDENCE, RevocationEvidence
from mynacard.verdict import bad, good, overall
from tests.trust.authorities import (
    AUTHENTICATION,
    CA_BASIC,
    CA_END,
    CA_START,
    CA_USAGE,
    DOCUMENT,
    END,
    NOW,
    POLICY,
    START,
    Authority,
    Extensions,
    authority,
    der,
    holder,
    key,
    name_of,
    usage,
)

CA = authority()
SIGNED = good("signature/good", "It is.")
SECOND = timedelta(seconds=1)
UNKNOWN = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")


def judge(
    certificate: x509.Certificate,
    *authorities: Authority,
    at: datetime = NOW,
    purpose: Purpose = Purpose.DOCUMENT,
    simulated: bool = False,
    signature: Step = SIGNED,
    evidence: RevocationEvidence = NO_EVIDENCE,
    now: datetime = NOW,
    policies: Sequence[str] = (),
) -> Report:
    anchors = [Anchor(load_certificate(der(one.certificate)), simulated) for one in authorities]
    found = load_certificate(der(certificate))
    given: dict[str, Any] = {"purpose": purpose, "signature": signature, "evidence": evidence, "policies": policies}
    return check(found, anchors, at=at, now=now, **given)


def bad_steps(report: Report) -> list[str]:
    return [name for name, step in report.steps if step.verdict is Verdict.BAD]


# --- the whole ---


def test_what_nobody_could_check_is_never_good() -> None:
    report = judge(holder(CA), CA)
    assert {name: step.verdict for name, step in report.steps} == {
        "signature": Verdict.GOOD,
        "issuer": Verdict.GOOD,
        "validity": Verdict.GOOD,
        "key usage": Verdict.GOOD,
        "revocation": Verdict.NOT_CHECKED,
    }
    assert report.overall is Verdict.NOT_CHECKED
    assert not report.simulated


def revoked(*serials: int, by: Authority = CA) -> RevocationEvidence:
    builder = x509.CertificateRevocationListBuilder(by.certificate.subject, NOW - SECOND, NOW + SECOND)
    for serial in serials:
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, NOW - 2 * SECOND).build())
    return RevocationEvidence((builder.sign(key(by.key_name), hashes.SHA256()).public_bytes(Encoding.DER),))


def test_all_is_good_once_the_issuer_s_list_is_handed_in() -> None:
    certificate = holder(CA)
    assert judge(certificate, CA, evidence=revoked(1)).overall is Verdict.GOOD
    assert bad_steps(judge(certificate, CA, evidence=revoked(certificate.serial_number))) == ["revocation"]


def test_the_list_of_another_generation_says_nothing() -> None:
    certificate, other = holder(CA), authority("ca 2", serial=2)
    assert other.certificate.subject == CA.certificate.subject
    report = judge(certificate, CA, other, evidence=revoked(certificate.serial_number, by=other))
    assert report.overall is Verdict.NOT_CHECKED


def test_without_the_issuer_it_is_not_known_whose_list_counts() -> None:
    step = judge(holder(CA), evidence=revoked(1)).revocation
    assert (step.verdict, "CA is unknown" in step.text()) == (Verdict.NOT_CHECKED, True)


def test_policies_are_reported_and_demanded_only_if_the_caller_does() -> None:
    policy = POLICY.dotted_string
    assert judge(holder(CA), CA).policies == (policy,)
    assert bad_steps(judge(holder(CA), CA, policies=["1.2.3", policy])) == []
    report = judge(holder(CA), CA, policies=["1.2.3"])
    assert (bad_steps(report), policy in report.key_usage.text()) == (["key usage"], True)


def test_a_report_explains_itself_and_can_be_translated() -> None:
    lines = judge(holder(CA), CA, signature=bad("signature/bad", "It is not.")).explain().splitlines()
    assert [line.split(".")[0] for line in lines] == [
        "signature: bad", "issuer: good", "validity: good", "key usage: good", "revocation: not checked",
    ]  # fmt: skip
    assert judge(holder(CA), CA).explain(lambda text: f"«{text}»").startswith("«signature»: «good». «It is.»")


def test_a_signature_that_nobody_handed_in_is_not_checked() -> None:
    report = check(holder(CA), [Anchor(CA.certificate)], at=NOW, purpose=Purpose.DOCUMENT)
    assert report.signature.verdict is Verdict.NOT_CHECKED


def test_one_bad_step_makes_the_whole_bad() -> None:
    assert judge(holder(CA), CA, signature=bad("signature/bad", "It is not.")).overall is Verdict.BAD
    assert overall([SIGNED, bad("signature/bad", "It is not.")]) is Verdict.BAD


def test_no_steps_prove_nothing() -> None:
    assert overall([]) is Verdict.NOT_CHECKED
    assert overall([SIGNED]) is Verdict.GOOD


def _with_template_marked(step: Step) -> str:
    """*step* in a language that quotes its template, and knows none of its details."""
    return step.text(lambda text: f"«{text}»" if text == step.template else text)


def _with_template_marked(step: Step) -> str:
    """*step* in a language that quotes its template, and knows none of its details."""
    return step.text(lambda text: f"«{text}»" if text == step.template else text)


def test_every_step_says_why_in_words_that_can_be_translated() -> None:
    for _, step in judge(holder(CA), CA).steps:
        assert step.text().endswith(".")
        assert _with_template_marked(step) == f"«{step.text()}»"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(UsageError):
        judge(holder(CA), CA, at=NOW.replace(tzinfo=None))
    with pytest.raises(UsageError, match="present time"):
        judge(holder(CA), now=NOW.replace(tzinfo=None))


# --- who issued it ---


def test_without_ca_certificates_the_issuer_is_not_checked() -> None:
    report = judge(holder(CA))
    assert report.issuer.verdict is Verdict.NOT_CHECKED
    assert report.anchor is None
    assert report.overall is Verdict.NOT_CHECKED


def test_the_signature_tells_the_generation_where_the_name_does_not() -> None:
    older = authority("ca 2", start=CA_START - timedelta(days=1400), end=END, serial=0x132C4AB)
    for generations in ([older, CA], [CA, older]):
        report = judge(holder(CA), *generations)
        assert report.anchor == Anchor(CA.certificate)
        assert not bad_steps(report)


def test_another_generation_of_the_same_name_is_a_bad_issuer() -> None:
    report = judge(holder(CA), authority("ca 2"))
    assert bad_steps(report) == ["issuer"]
    assert "another generation" in report.issuer.text()


def test_a_stranger_is_a_bad_issuer() -> None:
    report = judge(holder(CA), authority("other", organization="SOMEBODY"))
    assert bad_steps(report) == ["issuer"]


def test_a_name_in_a_certificate_cannot_write_on_the_terminal() -> None:
    report = judge(holder(CA, names_issuer=name_of("\x1b[2J\r\u202e{issuer}\n" + "x" * 50)), CA)
    assert report.issuer.text().isprintable()


def test_the_right_key_under_another_name_is_a_bad_issuer() -> None:
    assert "issuer" in bad_steps(judge(holder(CA, names_issuer=name_of("SOMEBODY")), CA))


def test_a_flipped_bit_in_the_certificate_is_a_bad_issuer() -> None:
    data = bytearray(der(holder(CA)))
    data[-1] ^= 1
    report = check(load_certificate(bytes(data)), [Anchor(CA.certificate)], at=NOW, purpose=Purpose.DOCUMENT)
    assert bad_steps(report) == ["issuer"]


@pytest.mark.parametrize(
    "extensions",
    [
        [],
        CA_USAGE,
        CA_BASIC,
        [(x509.BasicConstraints(ca=False, path_length=None), True), *CA_USAGE],
        [*CA_BASIC, (usage("crl_sign", "digital_signature"), True)],
        [*CA_BASIC, *CA_USAGE, (UNKNOWN, True)],
        [*CA_BASIC, *CA_USAGE, (x509.NameConstraints([x509.DirectoryName(name_of("X"))], None), True)],
    ],
    ids=[
        "nothing",
        "no CA:TRUE",
        "no key usage",
        "CA:FALSE",
        "signs no certificates",
        "unknown critical",
        "name constraints",
    ],
)
def test_what_is_no_ca_issues_nothing(extensions: Extensions) -> None:
    other = authority(extensions=extensions)
    assert bad_steps(judge(holder(other), other)) == ["issuer"]


def test_a_holder_cannot_issue() -> None:
    middle = Authority(holder(CA, "middle"), "middle")
    assert "issuer" in bad_steps(judge(holder(middle), CA))
    assert "issuer" in bad_steps(judge(holder(middle), middle))


def test_a_ca_with_a_weak_key_issues_nothing() -> None:
    name = name_of("WEAK")
    builder = x509.CertificateBuilder(name, name, key("weak ca", 1024).public_key(), 1, CA_START, CA_END)
    weak = key("weak ca", 1024)
    own = builder.add_extension(*CA_BASIC[0]).add_extension(*CA_USAGE[0]).sign(weak, hashes.SHA256())
    end = x509.CertificateBuilder(name, name, key("holder").public_key(), 2, START, END).sign(weak, hashes.SHA256())
    assert judge(end, Authority(own, "weak ca")).issuer.code == "issuer/unsupported"


@pytest.mark.parametrize("other", [ec.generate_private_key(ec.SECP256R1()), ed25519.Ed25519PrivateKey.generate()])
def test_a_ca_with_another_kind_of_key_is_named_as_unsupported(other: Any) -> None:
    name = CA.certificate.subject
    builder = x509.CertificateBuilder(name, name, other.public_key(), 1, CA_START, CA_END)
    builder = builder.add_extension(*CA_BASIC[0]).add_extension(*CA_USAGE[0])
    hash_ = None if isinstance(other, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    unsupported = Authority(builder.sign(other, hash_), "")
    report = judge(holder(CA), unsupported, evidence=revoked(1))
    assert (report.issuer.code, report.overall) == ("issuer/unsupported", Verdict.BAD)
    assert "RSA" in report.issuer.text()
    for both in ((CA, unsupported), (unsupported, CA)):
        assert judge(holder(CA), *both).issuer.code == "issuer/good"
        assert judge(holder(authority("ca 2")), *both).issuer.code == "issuer/other-key"


def test_a_certificate_that_is_signed_by_another_hash_is_named_as_unsupported() -> None:
    name = CA.certificate.subject
    builder = x509.CertificateBuilder(name, name, key("holder").public_key(), 2, START, END)
    report = judge(builder.sign(key("ca 3"), hashes.SHA224()), CA)
    assert report.issuer.code == "issuer/unsupported"


def test_an_unknown_critical_extension_is_not_overlooked() -> None:
    assert bad_steps(judge(holder(CA, extensions=[*DOCUMENT, (UNKNOWN, True)]), CA)) == ["issuer"]
    assert not bad_steps(judge(holder(CA, extensions=[*DOCUMENT, (UNKNOWN, False)]), CA))


def test_of_two_certificates_of_one_ca_key_the_valid_one_counts() -> None:
    expired = authority(end=NOW - SECOND, serial=1)
    for both in ([expired, CA], [CA, expired]):
        report = judge(holder(CA), *both)
        assert report.anchor == Anchor(CA.certificate)
        assert not bad_steps(report)


@given(st.integers(0), st.integers(1, 255))
def test_no_changed_byte_of_a_certificate_is_overlooked(place: int, difference: int) -> None:
    data = bytearray(der(holder(CA)))
    data[place % len(data)] ^= difference
    try:
        certificate = load_certificate(bytes(data))
    except MynacardError:
        return
    report = check(certificate, [Anchor(CA.certificate)], at=NOW, purpose=Purpose.DOCUMENT, signature=SIGNED)
    assert report.overall is Verdict.BAD
    assert [step.text() for _, step in report.steps]


@given(st.integers(0), st.integers(1, 255))
def test_a_changed_byte_in_a_ca_certificate_makes_no_other_error(place: int, difference: int) -> None:
    data = bytearray(der(CA.certificate))
    data[place % len(data)] ^= difference
    try:
        anchor = Anchor(load_certificate(bytes(data)))
    except MynacardError:
        return
    report = check(holder(CA), [anchor], at=NOW, purpose=Purpose.DOCUMENT)
    assert [step.text() for _, step in report.steps]


# --- simulated ---

SIMULATED = authority("simulated", organization=SIMULATED_ORGANIZATION)


def test_the_simulator_and_trust_call_it_the_same() -> None:
    assert SIMULATED_ORGANIZATION == ORGANIZATION


def test_a_simulated_ca_counts_only_as_a_simulated_one() -> None:
    report = judge(holder(SIMULATED), SIMULATED, simulated=True)
    assert not bad_steps(report)
    assert report.simulated
    assert "simulated" in report.issuer.text()


def test_a_simulated_ca_given_as_a_real_one_is_bad() -> None:
    report = judge(holder(SIMULATED), SIMULATED)
    assert bad_steps(report) == ["issuer"]
    assert report.simulated
    assert "simulated" in report.issuer.text()


def test_a_real_ca_does_not_vouch_for_a_simulated_card() -> None:
    assert bad_steps(judge(holder(SIMULATED), CA)) == ["issuer"]


def test_whatever_was_trusted_as_simulated_is_reported_as_simulated() -> None:
    assert judge(holder(CA), CA, simulated=True).simulated


# --- when ---


@pytest.mark.parametrize(("at", "verdict"), [
    (START - SECOND, Verdict.BAD),
    (START, Verdict.GOOD),
    (END, Verdict.GOOD),
    (END + SECOND, Verdict.BAD),
])  # fmt: skip
def test_a_certificate_is_good_from_its_first_second_to_its_last(at: datetime, verdict: Verdict) -> None:
    assert judge(holder(CA), CA, at=at).validity.verdict is verdict
    assert judge(holder(CA), at=at).validity.verdict is verdict


@pytest.mark.parametrize("dates", [(NOW + SECOND, CA_END), (CA_START, NOW - SECOND)], ids=["not yet", "expired"])
def test_a_ca_out_of_its_time_makes_the_validity_bad(dates: tuple[datetime, datetime]) -> None:
    other = authority(start=dates[0], end=dates[1])
    report = judge(holder(other), other)
    assert bad_steps(report) == ["validity"]
    assert "CA" in report.validity.text()


# --- what for ---


def extended(*usages: x509.ObjectIdentifier) -> Extensions:
    return [(x509.ExtendedKeyUsage(usages), False)]


@pytest.mark.parametrize(
    ("extensions", "document", "authentication"),
    [
        (DOCUMENT, True, False),
        (AUTHENTICATION, False, True),
        ([(usage("content_commitment"), True)], True, False),
        ([(usage("key_encipherment"), True)], False, False),
        ([], False, False),
        ([(usage("digital_signature", "key_cert_sign"), True), *CA_BASIC], False, False),
        ([*DOCUMENT, *CA_BASIC], False, False),
        ([*AUTHENTICATION, *CA_BASIC], False, False),
        ([*DOCUMENT, (x509.BasicConstraints(ca=False, path_length=None), True)], True, False),
        ([*AUTHENTICATION, *extended(ExtendedKeyUsageOID.CLIENT_AUTH)], False, True),
        ([*AUTHENTICATION, *extended(ExtendedKeyUsageOID.SERVER_AUTH)], False, False),
        ([*DOCUMENT, *extended(ExtendedKeyUsageOID.EMAIL_PROTECTION)], True, False),
        ([*DOCUMENT, *extended(ExtendedKeyUsageOID.TIME_STAMPING)], False, False),
    ],
)
def test_a_certificate_is_for_what_it_says_and_nothing_else(
    extensions: Extensions, document: bool, authentication: bool
) -> None:
    certificate = holder(CA, extensions=extensions)
    for purpose, suits in ((Purpose.DOCUMENT, document), (Purpose.AUTHENTICATION, authentication)):
        report = judge(certificate, CA, purpose=purpose)
        assert bad_steps(report) == ([] if suits else ["key usage"])


def test_a_ca_certificate_signs_no_documents() -> None:
    assert "key usage" in bad_steps(judge(CA.certificate, CA))
