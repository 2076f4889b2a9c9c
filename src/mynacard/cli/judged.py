"""Judgements as JSON, of one file or of each of many."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from mynacard.signing.judging import Judgement, Judgements, SignedTime, Signer
from mynacard.trust import Report
from mynacard.trust.published import published

if TYPE_CHECKING:
    from mynacard.signing.pdf import PdfSignature

__all__ = ["as_document", "subject"]


def as_document(judgements: Judgements) -> dict[str, object]:
    """*judgements* as JSON: of a PDF file all signatures and time stamps, otherwise the only signature."""
    signatures = [_of_one(judgement) for judgement in judgements]
    if judgements[0].pdf is None:
        return signatures[0]
    time_stamps = [_of_one(judgement) for judgement in judgements.time_stamps]
    return {"overall": judgements.overall.value, "signatures": signatures, "time_stamps": time_stamps}


def _of_one(judgement: Judgement) -> dict[str, object]:
    return {
        **(_of_pdf(judgement.pdf) if judgement.pdf is not None else {}),
        "overall": judgement.overall.value,
        "simulated": judgement.simulated,
        "signer": subject(judgement.signer) if judgement.signer is not None else None,
        "ca": _ca(judgement.report) if judgement.report is not None else None,
        "signed_at": _signed_at(judgement.signed_at) if judgement.signed_at is not None else None,
        "policies": list(judgement.report.policies) if judgement.report is not None else [],
        "steps": {
            name: {"verdict": step.verdict.value, "code": step.code, "reason": step.text()}
            for name, step in judgement.steps
        },
    }


def _of_pdf(signature: PdfSignature) -> dict[str, object]:
    return {
        "field": signature.field,
        "kind": signature.kind,
        "beyond": signature.beyond.value,
        "places": [asdict(place) for place in signature.places],
    }


def subject(signer: Signer) -> str:
    return signer.certificate.subject.rfc4514_string()


def _signed_at(signed: SignedTime) -> dict[str, str]:
    return {"time": signed.time.isoformat(), "source": signed.source.value}


def _ca(report: Report) -> dict[str, object] | None:
    """The CA that issued the signer's certificate, and whether it is one of those that J-LIS publishes."""
    if report.anchor is None:
        return None
    certificate = report.anchor.certificate
    known = published(certificate)
    return {
        "serial": f"{certificate.serial_number:X}",
        "published": known is not None,
        "generation": known and known.generation,
        "purpose": known and known.purpose.value,
    }
