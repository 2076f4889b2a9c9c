"""Diagnoses this desk: what is wrong, and how to put it right."""

from mynacard.doctor.desk import Desk, this_desk
from mynacard.doctor.examination import examine
from mynacard.doctor.findings import FINDINGS, Finding, Level
from mynacard.doctor.report import report
from mynacard.doctor.systems import System
from mynacard.doctor.usb import KNOWN, UsbDevice, UsbInterface

__all__ = [
    "FINDINGS",
    "KNOWN",
    "Desk",
    "Finding",
    "Level",
    "System",
    "UsbDevice",
    "UsbInterface",
    "examine",
    "report",
    "this_desk",
]
