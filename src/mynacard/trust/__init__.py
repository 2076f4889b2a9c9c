"""Is a certificate good, is it bad, or was it not checked?"""

from mynacard.trust.certificates import load as load_certificate
from mynacard.trust.certificates import name_text
from mynacard.trust.chain import Anchor, Purpose, Report, check, is_simulated
from mynacard.trust.evidence import RevocationEvidence
from mynacard.trust.evidence_source import EvidenceSource
from mynacard.verdict import Step, Verdict, explain

__all__ = [
    "Anchor",
    "EvidenceSource",
    "Purpose",
    "Report",
    "RevocationEvidence",
    "Step",
    "Verdict",
    "check",
    "explain",
    "is_simulated",
    "load_certificate",
    "name_text",
]
