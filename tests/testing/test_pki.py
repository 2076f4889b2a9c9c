"""With what the simulated PKI gives by name, every card's signature gets the verdict that its persona deserves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from mynacard import DIGITAL_SIGNATURE, JpkiSession
from mynacard.personal import RootKind
from mynacard.residence import AnchorKind
from mynacard.signing import cms
from mynacard.signing.judging import Judgements, judge
from mynacard.testing import CardOptions
from mynacard.testing.pki import SimulatedPki
from mynacard.trust import Verdict, load_certificate

DATA: Final = b"an application"
NOW: Final = datetime.now(UTC)
YEAR: Final = timedelta(days=365)
THEN: Final = NOW - 3 * YEAR
"""When the certificates of expired personas were valid."""
PKI: Final = SimulatedPki()


def judged(persona: str, *lists: datetime, stamped: datetime | None = None, at: datetime = NOW) -> Judgements:
    """The judgement at the time *at* on a signature by *persona*'s card, with revocation lists of the times *lists*."""
    session = JpkiSession(CardOptions(persona=persona).make())
    session.verify(DIGITAL_SIGNATURE, "1234" if persona.endswith("phone") else "ABC123")
    certificate = load_certificate(session.certificate_der(DIGITAL_SIGNATURE))
    signature = cms.sign(DATA, certificate, session.private_key())
    if stamped is not None:
        signature = cms.add_time_stamp(signature, PKI.tsa.at(stamped).ask)
    return judge(
        DATA,
        signature,
        anchors=PKI.anchors,
        at=at,
        now=NOW,
        evidence=PKI.evidence(*lists),
        time_anchors=PKI.tsa.anchors,
    )


@pytest.mark.parametrize(
    "persona", ["mid-term-resident", "ca-generation-2", "ca-generation-3", "specified-residence-card"]
)
@pytest.mark.parametrize("stamped", [None, NOW])
def test_a_good_holders_signature_is_good(persona: str, stamped: datetime | None) -> None:
    assert judged(persona, NOW, stamped=stamped).overall is Verdict.GOOD


def codes(judgements: Judgements) -> list[str]:
    """The codes of the steps that are bad."""
    return [step.code for _, step in judgements[0].steps if step.verdict is Verdict.BAD]


@pytest.mark.parametrize("stamped", [None, NOW])
def test_a_revoked_holders_signature_is_bad(stamped: datetime | None) -> None:
    assert codes(judged("revoked", NOW, stamped=stamped)) == ["revocation/revoked"]


@pytest.mark.parametrize("persona", ["expired", "ca-generation-1"])
def test_a_signature_of_former_years_is_good_with_a_time_stamp_and_a_list_of_then(persona: str) -> None:
    assert codes(judged(persona, NOW)) == ["validity/expired"]
    assert judged(persona, NOW, THEN, stamped=THEN).overall is Verdict.GOOD
    assert judged(persona, THEN, at=THEN).overall is Verdict.GOOD


def test_a_list_of_now_says_nothing_of_a_certificate_that_had_expired() -> None:
    (judgement,) = judged("expired", NOW, stamped=THEN)
    open_steps = [step.code for _, step in judgement.steps if step.verdict is Verdict.NOT_CHECKED]
    assert open_steps == ["revocation/silent"]


def test_there_are_lists_of_every_ca_at_every_time() -> None:
    assert len(PKI.crls()) == 3 * 2 + 1
    assert len(PKI.crls(NOW, THEN)) == 2 * (3 * 2 + 1)
    assert len(SimulatedPki((3,)).crls()) == 2 + 1


def test_anchors_are_of_both_key_pairs_and_all_generations_and_all_are_simulated() -> None:
    assert len({anchor.certificate.serial_number for anchor in PKI.anchors}) == 6
    assert all(anchor.simulated for anchor in (*PKI.anchors, *PKI.tsa.anchors))
    assert {anchor.kind for anchor in PKI.residence_anchors} == {AnchorKind.SIMULATED}
    assert {root.kind for root in PKI.roots} == {RootKind.SIMULATED}
    assert set(SimulatedPki((3,)).anchors) < set(PKI.anchors)


def test_a_verifier_may_trust_only_some_generations() -> None:
    signature = judged("ca-generation-2", NOW)
    assert signature.overall is Verdict.GOOD
    assert signature[0].report is not None
    assert signature[0].report.anchor not in SimulatedPki((3,)).anchors
