"""A report holds what helps, and nothing of the person or the place."""

from __future__ import annotations

import json
import string

import pytest

from mynacard import errors
from mynacard.doctor import FINDINGS, Finding, Level
from mynacard.doctor.report import (
    Machine,
    _harmless,  # pyright: ignore[reportPrivateUsage]
    report,
    without_serial,
)

CANARY = "Yamada7391739Hanako"
MACHINE = Machine("0.1.0", "3.11.7", "CPython", "debian", "12", "x86_64", "1.9.9")


def names(code: str) -> set[str]:
    kind = FINDINGS[code]
    return {name for _, name, _, _ in string.Formatter().parse(kind.cause + kind.cure) if name}


FROM_OUTSIDE = (
    "cure", "holders", "module", "name", "path", "program", "reader", "readers", "reason", "token", "version",
)  # fmt: skip
"""Details that are not out of this library's own tables."""


@pytest.mark.parametrize("code", FINDINGS)
@pytest.mark.parametrize("canary", [CANARY, f"/somewhere/{CANARY}/x", f"{CANARY} (4711)", errors.ReaderError(CANARY)])
def test_nothing_from_outside_gets_in(code: str, canary: object) -> None:
    details = {name: canary if name in FROM_OUTSIDE else "X" for name in names(code)}
    told = report([Finding(code, details)], MACHINE)
    for part in (CANARY, "4711", "/somewhere"):
        assert part not in told
    (finding,) = json.loads(told)["findings"]
    assert finding["level"] == FINDINGS[finding["code"]].level.value


def test_a_detail_that_nobody_thought_of_is_withheld() -> None:
    assert _harmless(Finding("card/jpki", {"new": CANARY})).details == {"new": "(withheld)"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("SCM Microsystems Inc. SCR 3310 [CCID Interface] (53311234567890) 00 00",
         "SCM Microsystems Inc. SCR 3310 [CCID Interface] 00 00"),
        ("SONY FeliCa RC-S300/S (7391739) 00 00", "SONY FeliCa RC-S300/S 00 00"),
        ("ACS ACR122U PICC Interface 00 00", "ACS ACR122U PICC Interface 00 00"),
        ("Reader 7391739173 00 00", "Reader (withheld) 00 00"),
        ("Reader DEADBEEF01 00 00", "Reader (withheld) 00 00"),
        ("Reader SN-7391739 00 00", "Reader (withheld) 00 00"),
        ("Reader (unclosed7391739 00 00", "Reader"),
        ("Generic Interface", "Generic Interface"),
    ],
)  # fmt: skip
def test_a_readers_name_loses_its_serial_number(name: str, told: str) -> None:
    assert without_serial(name) == told


def test_what_helps_is_told() -> None:
    found = [
        Finding("socket/open", {"path": "/run/pcscd/pcscd.comm"}),
        Finding("card/held", {"reader": "R (7391739) 00 00", "holders": f"scdaemon (4711), {CANARY} (4712)"}),
        Finding("service/failed", {"reason": errors.OutcomeUnknownError("Something.")}),
        Finding("usb/kernel-module", {"device": "ACS ACR122U (072f:2200)", "module": "pn533_usb"}),
        Finding("card/jpki", {"reader": "R", "token": "JPKIAPICCTOKEN2"}),
    ]
    causes = [each["cause"] for each in json.loads(report(found, MACHINE))["findings"]]
    assert causes == [
        "The PC/SC service listens at /run/pcscd/pcscd.comm.",
        "Another program does not release the card on R 00 00.",
        "The PC/SC service fails: reader/outcome-unknown",
        "ACS ACR122U (072f:2200) is on USB, and the kernel's module pn533_usb keeps it from the PC/SC service.",
        "The card on R is an Individual Number Card (JPKIAPICCTOKEN2).",
    ]
    shared = json.loads(report([Finding("card/shared", found[1].details)], MACHINE))["findings"][0]["cause"]
    assert shared.endswith("is also connected to the card on R 00 00: (withheld), scdaemon.")


@pytest.mark.parametrize("code", ["certificate/valid", "certificate/ends-in-90-days", "certificate/ends-in-30-days"])
def test_when_a_certificate_ends_is_not_told(code: str) -> None:
    """It ends on its holder's birthday."""
    told = json.loads(report([Finding(code, {"certificate": "user-authentication"})], MACHINE))["findings"]
    assert told == [
        {
            "code": "certificate/present", "level": Level.GOOD.value,
            "cause": "The user-authentication certificate is on the card.",
        }
    ]  # fmt: skip


def test_the_machine_is_told_by_versions_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("node", "release", "version", "machine", "python_version"):
        monkeypatch.setattr(f"platform.{name}", lambda: f"6.1-{CANARY}")
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": CANARY, "VERSION_ID": f"12 {CANARY}"})
    machine = Machine.here(lambda *_: f"pcsc-lite version 2.3.1-{CANARY}.\n")
    assert CANARY not in report([], machine)
    if machine.pcsc_version:  # Linux
        assert (machine.pcsc_version, machine.system_version) == ("2.3.1", "12")


def test_this_machine_is_told() -> None:
    told = json.loads(report([]))
    assert (told["format"], told["version"]) == ("mynacard-doctor-report", 1)
    assert set(told) == {
        "format", "version", "mynacard", "python", "implementation", "system", "system_version", "machine",
        "pcsc_version", "findings",
    }  # fmt: skip


def test_a_readers_name_that_is_no_proper_text_can_be_written() -> None:
    told = report([Finding("reader/found", {"reader": "Reader \udcff"})], MACHINE)
    assert json.loads(told.encode("ascii"))["findings"][0]["cause"] == "Reader: Reader \udcff."
