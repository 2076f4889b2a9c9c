"""What is wrong with this desk, and its cure."""

from mynacard.doctor.examination import examine
from mynacard.doctor.findings import FINDINGS, Finding, Level

__all__ = ["FINDINGS", "Finding", "Level", "examine"]
