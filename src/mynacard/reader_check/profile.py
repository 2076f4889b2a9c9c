"""Learns a row of reader profiles from the report of a reader check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from mynacard.arguments import check_type
from mynacard.reader_check.report import Check, Report, ReportError, Result
from mynacard.readers import ReaderProfile, load_profiles, model
from mynacard.readers.profiles import to_json
from mynacard.storage import replace_file
from mynacard.texts import N_

__all__ = ["add", "learned"]

_TESTED: Final = frozenset({Result.PASSED, Result.NOTED})


def learned(report: Report, *, force: bool = False) -> ReaderProfile:
    """The profile of the reader in *report*. Anything that the report lacks stays unknown.

    Raises:
        ReportError: a check failed, so what the others measured may be wrong, and *force* is not set; or no check of
            lengths succeeded, so the report says nothing about the reader.
    """
    check_type(report, Report)
    failed = [check.title for check in report.checks if check.result is Result.FAILED]
    if failed and not force:
        raise ReportError(
            N_(
                "A check failed ({checks}), so what the others measured may be wrong, and no profile is learned. Check "
                "again, or use --force."
            ),
            checks=", ".join(failed),
        )
    checks = {check.code: check for check in report.checks if check.result in _TESTED}
    command, answer, sizes, keys = (
        checks.get(code) for code in ("longest-command", "longest-answer", "read-sizes", "keypad-verify")
    )
    if command is None and answer is None:
        raise ReportError(
            N_("It does not show which lengths pass: there was no card on the reader, or the checks failed.")
        )
    extended = _flag(command, "extended_commands")
    limited = _flag(answer, "limited")
    return ReaderProfile(
        names=(model(report.reader.name),),
        usb=report.reader.usb,
        driver=report.reader.driver,
        extended_length=extended,
        command_max=_count(command, "longest_command_bytes") if _flag(command, "limited") else None,
        answer_max=_count(answer, "longest_answer_bytes") if limited else None,
        chunk=_count(sizes, "chunk_bytes"),
        keypad_tested=keys is not None and keys.result is Result.PASSED,
        source=f"a report of mynacard readers check {report.mynacard}, {report.system.name}",
        date=f"{report.made:%Y-%m-%d}",
    )


def add(profile: ReaderProfile, path: Path) -> None:
    """Insert *profile* at the start of a file of profiles, in place of rows with the same names; create it if needed.

    If one of those rows says that the keypad was tested, so does the new one.

    Raises:
        ReaderFileError: the file holds something else, or is damaged; it is left unchanged.
        OSError: it cannot be written.
    """
    check_type(profile, ReaderProfile)
    check_type(path, Path)
    rows = load_profiles(path) if path.exists() else ()
    others = tuple(row for row in rows if row.names != profile.names)
    tested = any(row.keypad_tested for row in (profile, *rows) if row.names == profile.names)
    replace_file(path, to_json((replace(profile, keypad_tested=tested), *others)).encode())


def _flag(check: Check | None, name: str) -> bool | None:
    value = None if check is None else check.values.get(name)
    return value if isinstance(value, bool) else None


def _count(check: Check | None, name: str) -> int | None:
    value = None if check is None else check.values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
