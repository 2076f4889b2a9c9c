"""A row of reader profiles, learned from a report of the reader check.

Usage: python tools/reader_profile.py REPORT [--add FILE]

The same as mynacard readers profile.
"""

from __future__ import annotations

from mynacard.cli import run
from mynacard.cli.reader_check import profile

if __name__ == "__main__":
    run(profile, "reader_profile")
