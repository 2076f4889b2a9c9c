"""A row of reader profiles, learned from a report of tools/reader_check.py.

Usage: python tools/reader_profile.py REPORT [--add FILE]

The row goes to standard output, or into FILE, in place of one about the same reader; MYNACARD_PROFILES=FILE makes the
library use it. What the report does not tell stays unknown; that keys were tried is kept from the row before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from printable import printable
from reader_report import Check, Report, ReportError, Result, read_report

from mynacard.errors import ReaderFileError
from mynacard.readers import ReaderProfile, load_profiles, model
from mynacard.readers.profiles import to_json
from mynacard.storage import replace_file

__all__ = ["learned", "main"]

_TOLD: Final = frozenset({Result.PASSED, Result.NOTED})


def learned(report: Report) -> ReaderProfile:
    """What *report* tells of its reader.

    Raises:
        ReportError: nothing, for no check of lengths came to its end.
    """
    checks = {check.code: check for check in report.checks if check.result in _TOLD}
    command, answer, sizes, keys = (
        checks.get(code) for code in ("longest-command", "longest-answer", "read-sizes", "keypad-verify")
    )
    if command is None and answer is None:
        raise ReportError("It does not tell which lengths pass: no card lay on the reader, or the checks failed.")
    extended = _flag(command, "extended_commands")
    limited = _flag(answer, "limited")
    return ReaderProfile(
        names=(model(report.reader.name),),
        usb=report.reader.usb,
        driver=report.reader.driver,
        extended_length=extended,
        command_max=_whole(command, "longest_command_bytes") if _flag(command, "limited") else None,
        answer_max=_whole(answer, "longest_answer_bytes") if limited else None,
        chunk=_whole(sizes, "chunk_bytes"),
        keypad_tested=keys is not None and keys.result is Result.PASSED,
        source=f"a report of tools/reader_check.py, mynacard {report.mynacard}, {report.system.name}",
        date=f"{report.made:%Y-%m-%d}",
    )


def _flag(check: Check | None, name: str) -> bool | None:
    value = None if check is None else check.values.get(name)
    return value if isinstance(value, bool) else None


def _whole(check: Check | None, name: str) -> int | None:
    value = None if check is None else check.values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def main(arguments: Sequence[str]) -> int:
    """The script; its exit code."""
    parser = argparse.ArgumentParser(description="Learns a reader profile from a report of tools/reader_check.py.")
    parser.add_argument("report", type=Path)
    parser.add_argument("--add", type=Path, metavar="FILE", help="put it into this file of profiles")
    given = parser.parse_args(arguments)
    try:
        profile = learned(read_report(given.report))
        if given.add is None:
            sys.stdout.write(to_json((profile,)))
            return 0
        known = load_profiles(given.add) if given.add.exists() else ()
        others = tuple(row for row in known if row.names != profile.names)
        tried = any(row.keypad_tested for row in known if row.names == profile.names)
        profile = replace(profile, keypad_tested=profile.keypad_tested or tried)
        replace_file(given.add, to_json((profile, *others)).encode())
    except (ReportError, ReaderFileError) as error:
        print(f"reader_profile: {printable(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"reader_profile: {printable(str(error.filename))}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
