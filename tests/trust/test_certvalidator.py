"""Chains as pyhanko-certvalidator judges them, beside ours: JPKI's are so short that ours needs no extra for them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from pyhanko_certvalidator import CertificateValidator, ValidationContext, errors
from pyhanko_certvalidator.policy_decl import PKIXValidationParams

from mynacard.trust import Purpose
from mynacard.trust.coroutine import result
from mynacard.trust.revocation import NO_EVIDENCE
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
    authority,
    der,
    holder,
    name_of,
    usage,
)
from tests.trust.test_chain import bad_steps, judge, revoked

CA: Final = authority()
OLD: Final = authority("ca 2", serial=2)
NO_CA: Final = authority("ca 3", extensions=[*CA_USAGE])
NO_USAGE: Final = authority("ca 3", extensions=[*CA_BASIC, (usage("crl_sign"), True)])
UNKNOWN: Final = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
SECOND: Final = timedelta(seconds=1)
SIGNING: Final = holder(CA)
REVOKED: Final = revoked(SIGNING.serial_number)

SITUATIONS: Final[dict[str, dict[str, Any]]] = {
    "good": {},
    "several generations": {"authorities": (OLD, CA)},
    "other generation": {"authorities": (OLD,)},
    "no authority": {"authorities": ()},
    "first second": {"at": START},
    "too early": {"at": START - SECOND},
    "last second": {"at": END},
    "too late": {"at": END + SECOND},
    "before the CA": {"certificate": holder(CA, start=CA_START - 2 * SECOND), "at": CA_START - SECOND},
    "after the CA": {"certificate": holder(CA, end=CA_END + 2 * SECOND), "at": CA_END + SECOND},
    "for logging in": {"certificate": holder(CA, extensions=AUTHENTICATION)},
    "of a CA": {"certificate": holder(CA, extensions=[(usage("key_cert_sign"), True)])},
    "unknown critical": {"certificate": holder(CA, extensions=[*DOCUMENT, (UNKNOWN, True)])},
    "unknown uncritical": {"certificate": holder(CA, extensions=[*DOCUMENT, (UNKNOWN, False)])},
    "issuer's other name": {"certificate": holder(CA, names_issuer=name_of("ANOTHER"))},
    "the policy": {"policies": [POLICY.dotted_string]},
    "another policy": {"policies": ["1.2.3"]},
    "revoked": {"evidence": REVOKED},
    "another revoked": {"evidence": revoked(1)},
    "anchor without CA": {"authorities": (NO_CA,)},
    "anchor without usage": {"authorities": (NO_USAGE,)},
}
STRICTER: Final = {
    # of a trust anchor, key and name alone count in RFC 5280 §6.1.1 (d); here its extensions and its time do, too
    "before the CA",
    "after the CA",
    "anchor without CA",
    "anchor without usage",
}


def theirs(
    certificate: x509.Certificate = SIGNING,
    authorities: tuple[Authority, ...] = (CA,),
    at: Any = NOW,
    evidence: Any = NO_EVIDENCE,
    policies: Any = (),
) -> bool:
    roots: list[Any] = [asn1_x509.Certificate.load(der(each.certificate)) for each in authorities]
    context = ValidationContext(
        trust_roots=roots,
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
        crls=list(evidence.crls),
        time_tolerance=timedelta(0),
    )
    parameters = PKIXValidationParams(frozenset(policies), initial_explicit_policy=True) if policies else None
    leaf: Any = asn1_x509.Certificate.load(der(certificate))
    validator = CertificateValidator(leaf, validation_context=context, pkix_params=parameters)
    try:
        result(validator.async_validate_usage({"non_repudiation"}))
    except (errors.PathError, errors.ValidationError):
        return False
    return True


@pytest.mark.parametrize("name", SITUATIONS)
def test_both_say_the_same_of_a_chain(name: str) -> None:
    situation = dict(SITUATIONS[name])
    certificate, authorities = situation.pop("certificate", SIGNING), situation.pop("authorities", (CA,))
    report = judge(certificate, *authorities, purpose=Purpose.DOCUMENT, **situation)
    ours = report.anchor is not None and not bad_steps(report)
    assert theirs(certificate, authorities, **situation) == (ours or name in STRICTER)
    assert not (ours and name in STRICTER)


def test_the_table_has_both_kinds() -> None:
    assert {theirs(**situation) for situation in SITUATIONS.values()} == {True, False}
