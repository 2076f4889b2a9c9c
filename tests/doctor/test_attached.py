"""What each system says of USB is read: folders as Linux makes them, and words as Windows and macOS would say them.

The words were written for these tests, after what is published of the two programs; neither system was seen.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from mynacard.doctor import System, UsbDevice, UsbInterface
from mynacard.doctor.attached import attached, from_pnputil, from_sysfs, from_system_profiler
from mynacard.doctor.systems import output_of

SERIAL = "7391739173917"
RC_S380 = UsbDevice(0x054C, 0x06C1, (UsbInterface(0xFF, "port100"),))

# --- Linux -------------------------------------------------------------------------------------------


def make(folder: Path, name: str, attributes: Mapping[str, str], driver: str = "") -> None:
    (folder / name).mkdir()
    for attribute, value in attributes.items():
        (folder / name / attribute).write_text(f"{value}\n")
    if driver:
        (folder / name / "driver").symlink_to(f"../../bus/usb/drivers/{driver}")


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    make(tmp_path, "usb1", {"idVendor": "1d6b", "idProduct": "0002"})
    make(tmp_path, "1-0:1.0", {"bInterfaceClass": "09"}, "hub")
    make(tmp_path, "1-2", {"idVendor": "054c", "idProduct": "06c1", "serial": SERIAL})
    make(tmp_path, "1-2:1.0", {"bInterfaceClass": "ff"}, "port100")
    return tmp_path


def test_linux_tells_devices_with_their_interfaces_and_drivers(sysfs: Path) -> None:
    assert from_sysfs(sysfs) == (RC_S380, UsbDevice(0x1D6B, 0x0002))


def test_no_serial_number_is_read(sysfs: Path) -> None:
    (sysfs / "1-2" / "serial").unlink()
    (sysfs / "1-2" / "serial").mkdir()  # who reads it fails
    assert RC_S380 in (from_sysfs(sysfs) or ())
    assert SERIAL not in repr(from_sysfs(sysfs))


@pytest.mark.parametrize("value", ["", "no number", "x" * 100_000, "\0\xff"])
def test_what_is_no_number_is_no_device(sysfs: Path, value: str) -> None:
    make(sysfs, "1-3", {"idVendor": value, "idProduct": "0001"})
    make(sysfs, "1-2:1.1", {"bInterfaceClass": value})
    assert from_sysfs(sysfs) == (RC_S380, UsbDevice(0x1D6B, 0x0002))


def test_more_than_can_be_is_not_looked_at(sysfs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mynacard.doctor.attached._ENTRIES_MAX", 2)
    assert len(from_sysfs(sysfs) or ()) <= 2


def test_a_system_without_usb_tells_nothing(tmp_path: Path) -> None:
    assert from_sysfs(tmp_path / "none") is None
    assert attached(System.LINUX, sysfs=tmp_path / "none") is None
    assert from_sysfs(tmp_path) == ()


# --- Windows -----------------------------------------------------------------------------------------

PNPUTIL = rf"""
Microsoft PnP Utility

Instance ID:                ACPI\PNP0A08\0
Device Description:         PCI Express Root Complex
Class Name:                 System
Class GUID:                 {{4d36e97d-e325-11ce-bfc1-08002be10318}}
Status:                     Started

Instance ID:                USB\VID_054C&PID_0DC8\{SERIAL}
Device Description:         USB Composite Device
Class Name:                 USB
Class GUID:                 {{36fc9e60-c465-11cf-8056-444553540000}}
Status:                     Started

Instance ID:                USB\VID_054C&PID_0DC8&MI_00\6&1ac65cd4&0&0000
Device Description:         Microsoft Usbccid Smartcard Reader (WUDF)
Class Name:                 SmartCardReader
Class GUID:                 {{50dd5230-ba8a-11d1-bf5d-0000f805f530}}
Status:                     Started

Instance ID:                USB\VID_054C&PID_06C1\{SERIAL}
Device Description:         RC-S380/S
Status:                     Problem
Problem Code:               28 (0x1C) [CM_PROB_FAILED_INSTALL]
"""
WINDOWS = (
    UsbDevice(0x054C, 0x0DC8), UsbDevice(0x054C, 0x0DC8, (UsbInterface(0x0B),)), UsbDevice(0x054C, 0x06C1),
)  # fmt: skip
IN_JAPANESE = (("Instance ID", "インスタンス ID"), ("Class GUID", "クラス GUID"), ("Status", "状態"))


def test_windows_tells_devices_whatever_its_language_and_line_ends() -> None:
    translated = PNPUTIL
    for english, japanese in IN_JAPANESE:
        translated = translated.replace(english, japanese)
    in_another_encoding = translated.encode("cp932").decode("utf-8", "replace")
    for said in (PNPUTIL, PNPUTIL.replace("\n", "\r\n"), translated, in_another_encoding):
        assert from_pnputil(said) == WINDOWS
    assert SERIAL not in repr(from_pnputil(PNPUTIL))


def test_windows_is_asked_by_its_own_program() -> None:
    asked: list[tuple[str, ...]] = []

    def run(*command: str) -> str:
        asked.append(command)
        return PNPUTIL

    assert attached(System.WINDOWS, run) == WINDOWS
    assert asked == [(r"C:\Windows\System32\pnputil.exe", "/enum-devices", "/connected")]


def test_a_windows_that_says_nothing_tells_nothing() -> None:
    assert from_pnputil("") is None


# --- macOS -------------------------------------------------------------------------------------------

UNTIL_15 = {
    "SPUSBDataType": [
        {
            "_name": "USB31Bus",
            "_items": [
                {"_name": "Keyboard", "vendor_id": "apple_vendor_id", "product_id": "0x024f"},
                {
                    "_name": "Hub", "vendor_id": "0x0424  (Microchip)", "product_id": "0x2512",
                    "_items": [
                        {
                            "_name": "RC-S380/S", "vendor_id": "0x054c  (Sony Corporation)", "product_id": "0x06c1",
                            "serial_num": SERIAL,
                        }
                    ],
                },
            ],
        }
    ]
}  # fmt: skip
FROM_26 = {
    "SPUSBHostDataType": [
        {
            "_name": "USB 3.1 Bus",
            "_items": [
                {
                    "_name": "RC-S380/S", "USBDeviceKeyVendorID": "0x054c", "USBDeviceKeyProductID": "0x06c1",
                    "USBDeviceKeySerialNumber": SERIAL,
                }
            ],
        }
    ]
}  # fmt: skip


def test_macos_tells_devices_before_26_and_after() -> None:
    hub, reader = UsbDevice(0x0424, 0x2512), UsbDevice(0x054C, 0x06C1)
    assert set(from_system_profiler(json.dumps(UNTIL_15))) == {hub, reader}
    assert from_system_profiler(json.dumps(FROM_26)) == (reader,)
    assert SERIAL not in repr(from_system_profiler(json.dumps(FROM_26)))


@pytest.mark.parametrize(("kind", "asked"), [("SPUSBHostDataType", 1), ("SPUSBDataType", 2)])
def test_macos_is_asked_for_the_new_words_first(kind: str, asked: int) -> None:
    calls: list[tuple[str, ...]] = []

    def run(*command: str) -> str:
        calls.append(command)
        return json.dumps(FROM_26 if kind == "SPUSBHostDataType" else UNTIL_15) if command[-1] == kind else "{}"

    assert UsbDevice(0x054C, 0x06C1) in (attached(System.MACOS, run) or ())
    assert len(calls) == asked
    assert {command[0] for command in calls} == {"/usr/sbin/system_profiler"}


@pytest.mark.parametrize("said", ["", "no JSON", "[" * 100_000, "null", '{"vendor_id": 7, "product_id": [1]}'])
def test_what_macos_should_not_say_tells_nothing(said: str) -> None:
    assert from_system_profiler(said) == ()
    assert attached(System.MACOS, lambda *_: said) is None


# --- programs of the system ---------------------------------------------------------------------------


def test_a_program_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert output_of(str(tmp_path / "none")) == ""


def test_a_program_that_does_not_end_is_ended() -> None:
    script = "import time; print('first', flush=True); time.sleep(600)"
    assert output_of(sys.executable, "-c", script, time_limit_s=0.5).strip() in ("first", "")


def test_a_program_that_says_too_much_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mynacard.doctor.systems._OUTPUT_MAX", 1000)
    assert output_of(sys.executable, "-c", "while True: print('more')")[:9] == "more\nmore"
