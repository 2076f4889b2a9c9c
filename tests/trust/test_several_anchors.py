"""Several CA certificates with one key: revoked under one of them is revoked, in every order."""

from __future__ import annotations

from itertools import combinations, permutations
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from mynacard.signing.timestamp import check as check_time_stamps
from mynacard.trust import Anchor, Purpose, Report, RevocationEvidence, Verdict, check
from tests.signing import tsa
from tests.signing.test_timestamp import NOW as TODAY
from tests.signing.test_timestamp import STAMP, revocation_list
from tests.trust.authorities import CA_BASIC, CA_USAGE, DOCUMENT, NOW, authority, holder, name_of, usage
from tests.trust.test_revocation import DAY, answer, crl

CA: Final = authority()
CERTIFICATE: Final = holder(CA)
NO_CRL_SIGN: Final = (*CA_BASIC, (usage("key_cert_sign"), True))
ANCHORS: Final = {
    "one": CA,
    "renewed": authority(serial=2, extensions=(*CA_BASIC, *CA_USAGE, (x509.SubjectKeyIdentifier(b"2" * 20), False))),
    "expired": authority(serial=3, end=NOW - DAY),
    "no cRLSign": authority(serial=4, extensions=NO_CRL_SIGN),
    "no CA": authority(serial=5, extensions=CA_USAGE),
}
NAMED: Final = [(CERTIFICATE.serial_number, NOW - 2 * DAY, x509.ReasonFlags.key_compromise)]
NAME: Final = [x509.DirectoryName(CA.certificate.subject)]
RESPONDER: Final = holder(
    CA, "responder", serial=77, extensions=[
        *DOCUMENT, (x509.OCSPNoCheck(), False), (x509.AuthorityKeyIdentifier(None, NAME, 2), False),
        (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.OCSP_SIGNING]), False),
    ],
)  # fmt: skip
GONE: Final = ocsp.OCSPCertStatus.REVOKED


def by(*identifier: Any) -> bytes:
    """A list that names the certificate, and its issuer's key by this identifier."""
    return crl(NAMED, extensions=[(x509.AuthorityKeyIdentifier(*identifier), False)])


EVIDENCE: Final = {
    "nothing": RevocationEvidence(),
    "clean list": RevocationEvidence((crl(),)),
    "list": RevocationEvidence((crl(NAMED),)),
    "list by the key of one": RevocationEvidence((by(b"1" * 20, None, None),)),
    "list by the number of the renewed": RevocationEvidence((by(None, NAME, 2),)),
    "list under another name": RevocationEvidence((crl(NAMED, issuer=name_of("SOMEBODY")),)),
    "clean list, list": RevocationEvidence((crl(), crl(NAMED))),
    "list, clean list": RevocationEvidence((crl(NAMED), crl())),
    "clean list, answer": RevocationEvidence((crl(),), (answer(GONE),)),
    "list, good answer": RevocationEvidence((crl(NAMED),), (answer(),)),
    "answer that carries one": RevocationEvidence((), (answer(GONE, carries=[CA.certificate]),)),
    "good answer that carries one": RevocationEvidence((), (answer(carries=[CA.certificate]),)),
    "delegate": RevocationEvidence(
        (), (answer(GONE, signed_by="responder", responder=RESPONDER, carries=[RESPONDER]),)
    ),
    "good delegate": RevocationEvidence((), (answer(signed_by="responder", responder=RESPONDER, carries=[RESPONDER]),)),
}
REVOKED_UNDER: Final = {
    # which of the anchors, each on its own, make the certificate revoked; the others leave that open
    "list": {"one", "renewed", "expired", "no CA"},
    "list by the key of one": {"one", "renewed", "expired", "no CA"},
    "list by the number of the renewed": {"one", "renewed", "expired", "no CA"},
    "clean list, list": {"one", "renewed", "expired", "no CA"},
    "list, clean list": {"one", "renewed", "expired", "no CA"},
    "clean list, answer": set(ANCHORS),
    "list, good answer": {"one", "renewed", "expired", "no CA"},
    "answer that carries one": {"one"},
    "delegate": set(ANCHORS),
}


def report(*names: str, evidence: RevocationEvidence) -> Report:
    anchors = [Anchor(ANCHORS[name].certificate) for name in names]
    return check(CERTIFICATE, anchors, at=NOW, now=NOW, purpose=Purpose.DOCUMENT, evidence=evidence)


@pytest.mark.parametrize("data", EVIDENCE)
def test_each_anchor_alone(data: str) -> None:
    revoked = {name for name in ANCHORS if report(name, evidence=EVIDENCE[data]).revocation.verdict is Verdict.BAD}
    assert revoked == REVOKED_UNDER.get(data, set())


@pytest.mark.parametrize("data", EVIDENCE)
def test_revoked_under_one_anchor_is_revoked_in_every_order_of_them(data: str) -> None:
    for names in (*permutations(ANCHORS, 2), tuple(ANCHORS), tuple(reversed(ANCHORS))):
        step = report(*names, evidence=EVIDENCE[data]).revocation
        assert (step.verdict is Verdict.BAD) == bool(REVOKED_UNDER.get(data, set()) & set(names)), names


@pytest.mark.parametrize("data", EVIDENCE)
def test_the_order_of_the_anchors_changes_no_verdict(data: str) -> None:
    for names in combinations(ANCHORS, 2):
        one, other = (report(*order, evidence=EVIDENCE[data]) for order in (names, reversed(names)))
        assert (one.overall, one.revocation.verdict) == (other.overall, other.revocation.verdict), names


def test_what_one_anchor_leaves_open_another_answers() -> None:
    for data, other in (("clean list", "no cRLSign"), ("good answer that carries one", "renewed")):
        for names in (("one", other), (other, "one")):
            steps = report(*names, evidence=EVIDENCE[data])
            assert (steps.revocation.code, steps.anchor) == ("revocation/good", Anchor(CA.certificate))


def test_good_under_an_anchor_that_is_not_valid_does_not_close_what_the_valid_one_leaves_open() -> None:
    for names in (("expired", "no cRLSign"), ("no cRLSign", "expired")):
        steps = report(*names, evidence=EVIDENCE["clean list"])
        assert (steps.validity.verdict, steps.revocation.code) == (Verdict.GOOD, "revocation/silent")


# --- time stamps ---

TWIN: Final = authority("time ca", organization="TIME-LIKE", end=tsa.END, serial=4, extensions=NO_CRL_SIGN)
ROOTS: Final = {"root": tsa.CA.certificate, "no cRLSign": TWIN.certificate, "another key": tsa.OTHER_CA.certificate}


@pytest.mark.parametrize(
    ("revoked", "names", "code"),
    [
        ((), ("root",), "time-stamp/good"),
        ((), ("no cRLSign",), "revocation/silent"),
        ((), ("root", "no cRLSign"), "time-stamp/good"),
        ((), ("another key", "no cRLSign", "root"), "time-stamp/good"),
        ((0x71,), ("root",), "revocation/revoked"),
        ((0x71,), ("no cRLSign",), "revocation/silent"),
        ((0x71,), ("root", "no cRLSign"), "revocation/revoked"),
        ((0x71,), ("no cRLSign", "root", "another key"), "revocation/revoked"),
    ],
)
def test_an_authority_revoked_under_one_root_is_revoked(
    revoked: tuple[int, ...], names: tuple[str, ...], code: str
) -> None:
    evidence = RevocationEvidence((revocation_list(tsa.CA, *revoked, when=TODAY),))
    for order in permutations(names):
        proof = check_time_stamps([STAMP], [ROOTS[name] for name in order], at=TODAY, now=TODAY, evidence=evidence)
        assert proof is not None
        assert (proof.step.code, proof.time) == (code, None if code.endswith("revoked") else STAMP.time)


def test_an_authority_that_the_caller_trusts_itself_needs_no_list() -> None:
    evidence = RevocationEvidence((revocation_list(tsa.CA, when=TODAY),))
    proof = check_time_stamps([STAMP], [tsa.CERTIFICATE], at=TODAY, now=TODAY, evidence=evidence)
    assert proof is not None
    assert proof.step.code == "time-stamp/good"
