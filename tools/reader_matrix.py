"""Many reports of the reader check as one table: what works with which reader, on which system.

Usage: python tools/reader_matrix.py REPORT... [--html PAGE] [--markdown FILE]

The same as mynacard readers matrix.
"""

from __future__ import annotations

from mynacard.cli import run
from mynacard.cli.reader_check import matrix

if __name__ == "__main__":
    run(matrix, "reader_matrix")
