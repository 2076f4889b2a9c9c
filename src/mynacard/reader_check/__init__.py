"""Does this reader, with this driver, on this system, work with these cards; how fast; and if not, why?

:func:`run` makes a :class:`Report`. Many reports make a matrix; one makes a row of reader profiles.
"""

from mynacard.reader_check.check import CHECKS, reader_to_check, run
from mynacard.reader_check.matrix import Matrix, fold
from mynacard.reader_check.page import page_of, write_page
from mynacard.reader_check.profile import add, learned
from mynacard.reader_check.report import (
    CardKind,
    CardSeen,
    Check,
    Reader,
    Report,
    ReportError,
    Result,
    System,
    read_report,
    write_report,
)
from mynacard.reader_check.subject import Options
from mynacard.reader_check.tables import markdown, web_page
from mynacard.reader_check.values import WORDS, counts, incidents

__all__ = [
    "CHECKS",
    "WORDS",
    "CardKind",
    "CardSeen",
    "Check",
    "Matrix",
    "Options",
    "Reader",
    "Report",
    "ReportError",
    "Result",
    "System",
    "add",
    "counts",
    "fold",
    "incidents",
    "learned",
    "markdown",
    "page_of",
    "read_report",
    "reader_to_check",
    "run",
    "web_page",
    "write_page",
    "write_report",
]
