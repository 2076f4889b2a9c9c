"""Card readers on USB that PC/SC does not have, and why.

Sources of the numbers: Linux 6.x, drivers/nfc/port100.c and drivers/nfc/pn533/usb.c, which are also the modules that
take such devices; libpafe and nfcpy for the older PaSoRi; the list of libccid 1.4.35 (2021-07) for the RC-S300. Sources
for the missing PC/SC driver of the RC-S380 and older ones on Linux: issue 86 of LudovicRousseau/PCSC, and nfcpy's
documentation. All read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.doctor.findings import Finding
from mynacard.doctor.systems import System
from mynacard.texts import N_

__all__ = ["KNOWN", "KnownReader", "UsbDevice", "UsbInterface", "findings_of_usb"]

_SMART_CARD: Final = 0x0B
"""The class of CCID's interfaces (USB-IF, Device Class Specification for Integrated Circuit Card Devices 1.1, §4.3)."""
_USER_SPACE: Final = frozenset({"", "usbfs"})
"""Drivers of an interface that programs can use: no driver, or that of a program which uses libusb, such as pcscd."""
_NO_DRIVER: Final = N_("none")


@dataclass(frozen=True, slots=True)
class KnownReader:
    """A row of the table.

    Attributes:
        name: maker and product.
        is_ccid: whether it speaks CCID; otherwise it speaks its maker's protocol, for which Linux has no PC/SC driver.
    """

    name: str
    is_ccid: bool


KNOWN: Final[Mapping[tuple[int, int], KnownReader]] = {
    (0x04E6, 0x5591): KnownReader("SCM SCL3711", True),
    (0x054C, 0x01BB): KnownReader("Sony PaSoRi RC-S320", False),
    (0x054C, 0x02E1): KnownReader("Sony PaSoRi RC-S330, RC-S360 or RC-S370", False),
    (0x054C, 0x06C1): KnownReader("Sony PaSoRi RC-S380/S", False),
    (0x054C, 0x06C3): KnownReader("Sony PaSoRi RC-S380/P", False),
    (0x054C, 0x0DC8): KnownReader("Sony PaSoRi RC-S300/S", True),
    (0x054C, 0x0DC9): KnownReader("Sony PaSoRi RC-S300/P", True),
    (0x072F, 0x2200): KnownReader("ACS ACR122U", True),
}
"""By vendor and product: readers that are not CCID, that a kernel module takes, or that need a recent driver."""


@dataclass(frozen=True, slots=True)
class UsbInterface:
    """An interface of a device: the number of its class, and its kernel driver's name; empty where it has none."""

    number: int
    driver: str = ""

    @property
    def is_smart_card(self) -> bool:
        return self.number == _SMART_CARD


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on USB, without its serial number, which is never read.

    Attributes:
        vendor, product: its USB ids.
        interfaces: empty where the system does not list them.
    """

    vendor: int
    product: int
    interfaces: tuple[UsbInterface, ...] = ()

    @property
    def known(self) -> KnownReader | None:
        return KNOWN.get((self.vendor, self.product))

    @property
    def is_reader(self) -> bool:
        return self.known is not None or any(interface.is_smart_card for interface in self.interfaces)

    @property
    def label(self) -> str:
        """Its name, if the table has it, and its USB ids."""
        return f"{self.known.name if self.known else 'CCID'} ({self.vendor:04x}:{self.product:04x})"

    @property
    def module(self) -> str:
        """The kernel driver that keeps it from programs; empty if none does."""
        drivers = [interface.driver for interface in self.interfaces if interface.is_smart_card or self.known]
        return next((driver for driver in drivers if driver not in _USER_SPACE), "")


def findings_of_usb(devices: tuple[UsbDevice, ...], system: System, listed: int | None) -> Iterator[Finding]:
    """The findings about *devices* that go beyond PC/SC's list of readers.

    Args:
        devices: all devices on USB.
        system: the operating system.
        listed: 0 where PC/SC lists no reader, more where it does; None where it could not be asked.
    """
    readers = {
        device.label: device for device in devices if device.is_reader
    }  # Windows also lists the parts of a device
    if not readers and not listed:
        yield Finding("usb/none")
    for device in readers.values():
        finding = _finding_of(device, system, listed)
        if finding:
            yield finding


def _finding_of(device: UsbDevice, system: System, listed: int | None) -> Finding | None:
    where = {"device": device.label}
    if system is System.LINUX and device.known and not device.known.is_ccid:
        return Finding("usb/no-driver", {**where, "module": device.module or _NO_DRIVER})
    if system is System.LINUX and device.module:
        return Finding("usb/kernel-module", {**where, "module": device.module})
    if listed is None:
        return Finding("usb/found", where)
    return Finding("usb/not-in-pcsc", where, system) if listed == 0 else None
