"""A portal that calls validate lets in only a person whose token and certificate are good."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mynacard import errors, webeid
from mynacard.jpki.authentication import digest
from mynacard.trust import Anchor, Verdict
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
