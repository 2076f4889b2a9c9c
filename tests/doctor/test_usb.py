"""A reader that PC/SC does not have is found on USB, and why PC/SC does not have it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mynacard.doctor import KNOWN, Finding, System, UsbDevice, UsbInterface
from mynacard.doctor.usb import KnownReader, findings_of_usb

SMART_CARD, VENDOR, KEYBOARD = 0x0B, 0xFF, 0x03


def device(numbers: str, *interfaces: tuple[int, str]) -> UsbDevice:
    vendor, product = numbers.split(":")
    return UsbDevice(int(vendor, 16), int(product, 16), tuple(UsbInterface(*each) for each in interfaces))


RC_S380 = device("054c:06c1", (VENDOR, "port100"))
RC_S330 = device("054c:02e1", (VENDOR, ""))
ACR122U = device("072f:2200", (SMART_CARD, "pn533_usb"))
FREE_ACR122U = device("072f:2200", (SMART_CARD, "usbfs"))
RC_S300 = device("054c:0dc8", (SMART_CARD, "usbfs"), (VENDOR, ""))
UNKNOWN = device("1234:5678", (KEYBOARD, "usbhid"), (SMART_CARD, ""))
OTHER = device("1d6b:0002", (0x09, "hub"))


def found(*devices: UsbDevice, listed: int | None = 0, system: System = System.LINUX) -> list[Finding]:
    return list(findings_of_usb(devices, system, listed))


@pytest.mark.parametrize(
    ("reader", "unasked", "none", "some"),
    [
        (RC_S380, "usb/no-driver", "usb/no-driver", "usb/no-driver"),
        (RC_S330, "usb/no-driver", "usb/no-driver", "usb/no-driver"),
        (ACR122U, "usb/kernel-module", "usb/kernel-module", "usb/kernel-module"),
        (FREE_ACR122U, "usb/found", "usb/not-in-pcsc", None),
        (RC_S300, "usb/found", "usb/not-in-pcsc", None),
        (UNKNOWN, "usb/found", "usb/not-in-pcsc", None),
        (OTHER, "usb/none", "usb/none", None),
    ],
    ids=lambda value: value.label if isinstance(value, UsbDevice) else "",
)
def test_what_is_told_is_more_than_pcsc_does(reader: UsbDevice, unasked: str, none: str, some: str | None) -> None:
    told = [[each.code for each in found(reader, listed=listed)] for listed in (None, 0, 1)]
    assert told == [[unasked], [none], [some] if some else []]


def test_who_keeps_it_is_named_with_the_line_that_stops_that() -> None:
    (finding,) = found(ACR122U)
    assert "ACS ACR122U (072f:2200)" in finding.cause()
    assert "module pn533_usb" in finding.cause()
    assert "echo blacklist pn533_usb | sudo tee /etc/modprobe.d/pn533_usb.conf" in finding.cure()
    (finding,) = found(RC_S380)
    assert "port100" in finding.cause()
    assert "(Its kernel driver: none.)" in found(RC_S330)[0].cause()


def test_a_module_that_has_another_interface_of_it_is_none_that_keeps_it() -> None:
    assert not UNKNOWN.module
    assert RC_S300.module == ""
    assert device("1234:5678", (SMART_CARD, "pn533_usb")).module == "pn533_usb"


def test_one_device_is_told_once() -> None:
    assert len(found(RC_S300, OTHER, RC_S300)) == 1


@pytest.mark.parametrize("system", [System.WINDOWS, System.MACOS])
def test_elsewhere_a_reader_without_driver_needs_its_makers(system: System) -> None:
    (finding,) = found(RC_S380, system=system)
    assert (finding.code, "maker's driver" in finding.cure()) == ("usb/not-in-pcsc", True)
    assert found(RC_S380, system=system, listed=1) == []


@pytest.mark.parametrize(("numbers", "row"), KNOWN.items(), ids=lambda value: getattr(value, "name", ""))
def test_the_page_has_every_known_reader(numbers: tuple[int, int], row: KnownReader) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs/doctor.md").read_text("utf-8")
    vendor, product = numbers
    speaks = "CCID" if row.is_ccid else "its maker's protocol, no PC/SC driver"
    assert f"| {vendor:04x}:{product:04x} | {row.name} | {speaks}" in page


def test_the_table_says_which_readers_speak_ccid() -> None:
    assert {row.name for row in KNOWN.values() if not row.is_ccid} == {
        "Sony PaSoRi RC-S320", "Sony PaSoRi RC-S330, RC-S360 or RC-S370", "Sony PaSoRi RC-S380/S",
        "Sony PaSoRi RC-S380/P",
    }  # fmt: skip
