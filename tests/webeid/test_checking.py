"""A portal that calls validate lets in only a person whose token and certificate are good."""

from __future__ import annotations

from datetime import timedelta

import anyio
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors, webeid
from mynacard.jpki.authentication import digest
from mynacard.trust import Anchor, EvidenceSource, RevocationEvidence, Verdict
from tests.trust.authorities import AUTHENTICATION, NOW, Authority, authority, der, holder, key

ORIGIN, NONCE = "https://portal.example", "0123456789abcdef0123456789abcdef0123456789abcdef"
CA = authority("login ca")
PERSON = holder(CA, "person", extensions=AUTHENTICATION)


def token(origin: str = ORIGIN, nonce: str = NONCE) -> str:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256

    signature = key("person").sign(digest(origin, nonce), PKCS1v15(), Prehashed(SHA256()))
    return webeid.AuthenticationToken(der(PERSON), "RS256", signature).to_json()


def test_validate_returns_the_certificate_of_whoever_answered() -> None:
    anchors = (Anchor(CA.certificate),)
    assert webeid.validate(token(), ORIGIN, NONCE, anchors, at=NOW, accept_unchecked={"revocation"}) == PERSON


OTHER = authority("other login ca")


@pytest.mark.parametrize(
    ("origin", "nonce", "trusted", "days", "topic"),
    [
        ("https://other.example", NONCE, CA, 0, "signature"),
        (ORIGIN, NONCE.replace("0", "1"), CA, 0, "signature"),
        (ORIGIN, NONCE, OTHER, 0, "issuer"),
        (ORIGIN, NONCE, CA, 3000, "validity"),
    ],
)
def test_validate_raises_what_report_reports(
    origin: str, nonce: str, trusted: Authority, days: int, topic: str
) -> None:
    anchors, at = (Anchor(trusted.certificate),), NOW + timedelta(days=days)
    with pytest.raises(errors.SignatureNotAccepted) as refused:
        webeid.validate(token(), origin, nonce, anchors, at=at, accept_unchecked={"revocation"})
    assert topic in {step.topic for _, step in refused.value.steps if step.verdict is Verdict.BAD}
    certificate, report = webeid.report(token(), origin, nonce, anchors, at=at)
    assert (certificate, report.overall) == (PERSON, Verdict.BAD)
    assert report.steps == refused.value.steps


def test_without_revocation_data_nobody_is_let_in_unless_the_portal_says_so() -> None:
    with pytest.raises(errors.SignatureNotAccepted, match="revocation data"):
        webeid.validate(token(), ORIGIN, NONCE, (Anchor(CA.certificate),), at=NOW)
    with pytest.raises(errors.UsageError):
        webeid.validate(token(), ORIGIN, NONCE, (Anchor(CA.certificate),), at=NOW, accept_unchecked={"issuer"})


def revoked(*serials: int) -> RevocationEvidence:
    builder = x509.CertificateRevocationListBuilder(CA.certificate.subject, NOW, NOW + timedelta(days=1))
    for serial in serials:
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder(serial, NOW - timedelta(1)).build())
    made = builder.sign(key(CA.key_name), hashes.SHA256()).public_bytes(Encoding.DER)
    return RevocationEvidence.load([made], issuers=[CA.certificate])


def test_a_source_of_evidence_is_as_good_as_what_it_returns() -> None:
    anchors, evidence = (Anchor(CA.certificate),), [revoked(1)]
    source = EvidenceSource(lambda: evidence[-1], timedelta(0))
    assert webeid.validate(token(), ORIGIN, NONCE, anchors, at=NOW, evidence=source) == PERSON
    evidence.append(revoked(PERSON.serial_number))
    with pytest.raises(errors.SignatureNotAccepted):
        webeid.validate(token(), ORIGIN, NONCE, anchors, at=NOW, evidence=source)
    current = anyio.run(source.current)
    assert webeid.report(token(), ORIGIN, NONCE, anchors, at=NOW, evidence=current)[1].overall is Verdict.BAD
    with pytest.raises(errors.UsageError, match="RevocationEvidence is wanted"):
        webeid.report(token(), ORIGIN, NONCE, anchors, at=NOW, evidence=lambda: None)  # type: ignore[arg-type,return-value]
