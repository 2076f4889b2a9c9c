"""Does this reader, with this driver, on this system, work with these cards; how fast; and if not, why?

Usage: python tools/reader_check.py [--reader NAME] [--json REPORT] [--html PAGE] …

The same as mynacard readers check.
"""

from __future__ import annotations

from mynacard.cli import run
from mynacard.cli.reader_check import check

if __name__ == "__main__":
    run(check, "reader_check")
