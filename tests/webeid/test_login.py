"""A portal's log-in ends with an account, or with an error that has a code; its nonce is used in any case."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors, webeid
from mynacard.jpki.authentication import digest
from mynacard.jpki.layout import USER_AUTHENTICATION
from mynacard.testing import CardOptions, SimulatedPki, web_eid_token
from mynacard.trust import Anchor, EvidenceSource, RevocationEvidence, Verdict
from mynacard.webeid import Login, Nonces
from mynacard.webeid.login import POLICY
from tests.trust.authorities import AUTHENTICATION, DOCUMENT, NOW, Extensions, authority, der, holder, key
from tests.trust.authorities import POLICY as SIGNING_POLICY

ORIGIN: Final = "https://portal.example"
KEY: Final = bytes(range(32))
CA: Final = authority("login ca")


class Portal:
    """A portal under the made-up CA, whose certificates have another policy than JPKI's; without revocation data."""

    def __init__(self, **changed: Any) -> None:
        self.time = NOW
        usual = Login(
            ORIGIN,
            (Anchor(CA.certificate),),
            KEY,
            accept_unchecked={"revocation"},
            policies={SIGNING_POLICY.dotted_string},
            clock=lambda: self.time,
        )
        self.login = replace(usual, **changed)

    def answered(self, certificate: x509.Certificate, *, origin: str = ORIGIN) -> webeid.LoggedIn:
        """What becomes of a visitor with *certificate*, who is at the site *origin*."""
        return self.login.finish("session", token(certificate, self.login.begin("session"), origin))


def token(certificate: x509.Certificate, nonce: str, origin: str = ORIGIN) -> str:
    signature = key("person").sign(digest(origin, nonce), PKCS1v15(), Prehashed(SHA256()))
    return webeid.AuthenticationToken(der(certificate), "RS256", signature).to_json()


def person(extensions: Extensions = AUTHENTICATION, **options: Any) -> x509.Certificate:
    return holder(CA, "person", extensions=extensions, **options)


def bad_steps(refused: pytest.ExceptionInfo[errors.LoginNotAccepted]) -> list[str]:
    return [step.code for _, step in refused.value.steps if step.verdict is not Verdict.GOOD]


def test_a_good_token_logs_its_holder_in() -> None:
    visitor = Portal().answered(person())
    assert visitor.certificate == person()
    assert visitor.account_id == webeid.account_id(person(), CA.certificate, KEY)
    assert [step.code for _, step in visitor.report.steps if step.verdict is not Verdict.GOOD] == ["revocation/no-data"]


@pytest.mark.parametrize(
    ("certificate", "changed", "codes"),
    [
        (person(DOCUMENT), {}, ["usage/other"]),
        (person(), {"policies": {POLICY}}, ["usage/policy"]),
        (person(), {"anchors": (Anchor(authority("another").certificate),)}, ["issuer/other-key"]),
        (person(), {"anchors": ()}, ["issuer/no-anchor"]),
        (person(end=NOW - timedelta(days=1)), {}, ["validity/expired"]),
        (person(start=NOW + timedelta(days=1)), {}, ["validity/not-yet"]),
    ],
)
def test_a_certificate_that_is_not_good_logs_nobody_in(
    certificate: x509.Certificate, changed: dict[str, Any], codes: list[str]
) -> None:
    with pytest.raises(errors.LoginNotAccepted) as refused:
        Portal(**changed).answered(certificate)
    assert [code for code in bad_steps(refused) if not code.startswith("revocation/")] == codes
    assert refused.value.code == "login/not-accepted"


def test_a_token_for_another_site_logs_nobody_in() -> None:
    with pytest.raises(errors.LoginNotAccepted) as refused:
        Portal().answered(person(), origin="https://phishing.example")
    assert bad_steps(refused)[0] == "signature/other-challenge"


def test_without_revocation_data_nobody_is_logged_in_unless_the_portal_says_so() -> None:
    with pytest.raises(errors.LoginNotAccepted) as refused:
        Portal(accept_unchecked=()).answered(person())
    assert bad_steps(refused) == ["revocation/no-data"]
    with pytest.raises(errors.UsageError):
        Portal(accept_unchecked={"issuer"}).answered(person())


@pytest.mark.parametrize("sent", ["", "null", "x" * 11_000, "{}" + " " * 200])
def test_what_is_not_a_token_is_unreadable(sent: str) -> None:
    portal = Portal()
    portal.login.begin("session")
    with pytest.raises(errors.TokenUnreadable, match="not a Web eID token"):
        portal.login.finish("session", sent)


def test_a_token_of_an_unknown_kind_is_unreadable() -> None:
    portal = Portal()
    sent = token(person(), portal.login.begin("session")).replace("RS256", "ES256")
    with pytest.raises(errors.TokenUnreadable, match="other than RS256"):
        portal.login.finish("session", sent)


def test_a_certificate_without_a_name_is_unreadable() -> None:
    nameless = person(subject=x509.Name([x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "JP")]))
    with pytest.raises(errors.TokenUnreadable, match="exactly one common name"):
        Portal().answered(nameless)


@pytest.mark.parametrize("sent", ["", "good", "bad"])
def test_whatever_comes_of_it_the_nonce_is_used(sent: str) -> None:
    portal = Portal()
    good = token(person(), portal.login.begin("session"))
    outcomes = []
    for text in ({"good": good, "bad": token(person(), "A" * 44)}.get(sent, sent), good):
        try:
            outcomes.append(portal.login.finish("session", text).certificate)
        except errors.LoginRefused as refused:
            outcomes.append(refused.code)
    assert outcomes[1] == "login/unknown-nonce"


def test_the_nonce_of_another_session_is_not_answered() -> None:
    portal = Portal()
    theirs = portal.login.begin("another session")
    portal.login.begin("session")
    with pytest.raises(errors.LoginNotAccepted):
        portal.login.finish("session", token(person(), theirs))
    assert portal.login.finish("another session", token(person(), theirs)).certificate == person()


def test_a_log_in_that_takes_too_long_is_refused() -> None:
    portal = Portal(nonces=Nonces(lifetime=timedelta(seconds=90)))
    sent = token(person(), portal.login.begin("session"))
    portal.time += timedelta(seconds=90)
    with pytest.raises(errors.NonceExpired):
        portal.login.finish("session", sent)


def unusable() -> RevocationEvidence:
    return RevocationEvidence((b"not a list",))


@pytest.mark.parametrize("evidence", [unusable(), unusable])
def test_revocation_data_that_cannot_be_used_are_the_portals_error_and_not_the_visitors(evidence: Any) -> None:
    with pytest.raises(errors.CertificateFileError, match="Revocation list 1") as failed:
        Portal(evidence=evidence).answered(person())
    assert not isinstance(failed.value, errors.LoginRefused)


@pytest.mark.parametrize(
    ("persona", "code"),
    [("mid-term-resident", ""), ("revoked", "revocation/revoked"), ("not-yet-valid", "validity/not-yet")],
)
@pytest.mark.parametrize("load", [lambda data: data, lambda data: lambda: data, lambda data: source(lambda: data)])
def test_a_portal_with_revocation_data_refuses_a_revoked_card(
    persona: str, code: str, load: Callable[[RevocationEvidence], Any]
) -> None:
    pki = SimulatedPki((3,))
    login = Login(ORIGIN, pki.anchors, KEY, evidence=load(pki.evidence()))
    card = CardOptions(persona=persona).make()
    sent = web_eid_token(card, ORIGIN, login.begin("session"))
    assert card.tries_left(USER_AUTHENTICATION) == USER_AUTHENTICATION.pin.tries
    if not code:
        visitor = login.finish("session", sent)
        assert visitor.report.overall is Verdict.GOOD
        assert visitor.report.simulated
        return
    with pytest.raises(errors.LoginNotAccepted) as refused:
        login.finish("session", sent)
    assert code in bad_steps(refused)


def source(load: Callable[[], RevocationEvidence]) -> EvidenceSource:
    return EvidenceSource(load, timedelta(hours=1))


def test_a_simulated_card_is_nobody_to_a_portal_that_trusts_no_simulated_ca() -> None:
    pki = SimulatedPki((3,))
    login = Login(ORIGIN, [Anchor(anchor.certificate) for anchor in pki.anchors], KEY, evidence=pki.evidence())
    with pytest.raises(errors.LoginNotAccepted) as refused:
        login.finish("session", web_eid_token(CardOptions().make(), ORIGIN, login.begin("session")))
    assert "issuer/simulated" in bad_steps(refused)


@pytest.mark.parametrize(
    "changed",
    [
        {"origin": ORIGIN + "/"},
        {"origin": "http://portal.example"},
        {"account_key": b"short"},
        {"account_key": "x" * 32},
        {"anchors": [CA.certificate]},
        {"anchors": iter([Anchor(CA.certificate)])},
        {"nonces": {}},
    ],
)
def test_a_portal_that_is_set_up_wrongly_is_told_at_once(changed: dict[str, Any]) -> None:
    with pytest.raises(errors.UsageError):
        Portal(**changed)


def test_nothing_prints_the_key_or_the_certificate() -> None:
    portal = Portal()
    shown = repr(portal.login) + repr(portal.answered(person()))
    assert repr(KEY) not in shown
    assert "Certificate" not in shown
    assert person().public_bytes(Encoding.DER).hex() not in shown
