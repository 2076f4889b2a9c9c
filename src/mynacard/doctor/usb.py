"""Card readers on USB that PC/SC does not have, and why.

Source of the numbers: Linux 6.x, drivers/nfc/port100.c and drivers/nfc/pn533/usb.c, which are also the modules that
take such devices; libpafe and nfcpy for the older PaSoRi; the list of libccid 1.4.35 (2021-07) for the RC-S300. That
RC-S380 and older have no PC/SC driver on Linux: issue 86 of LudovicRousseau/PCSC, nfcpy's documentation. Read 2026-11.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from mynacard.doctor.findings import Finding
from mynacard.doctor.systems import System
from mynacard.texts import N_

__all__ = ["KNOWN", "KnownReader", "UsbDevice", "UsbInterface", "findings_of_usb"]

_SMART_CARD: Final = 0x0B
"""The class of CCID's interfaces (USB-IF, Device Class Specification for Integrated Circuit Card Devices 1.1, §4.3)."""
_USER_SPACE: Final = frozenset({"", "usbfs"})
"""What holds an interface that no kernel module has taken: nothing, or a program through libusb, as pcscd."""
_NOBODY: Final = N_("nobody")


@dataclass(frozen=True, slots=True)
class KnownReader:
    """A row of the table.

    Attributes:
        name: maker and product.
        is_ccid: whether it speaks CCID; if not, its maker's protocol, for which Linux has no PC/SC driver.
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
"""By the numbers of vendor and product: readers that are not CCID, that a kernel module takes, or that need a driver of
a certain age."""


@dataclass(frozen=True, slots=True)
class UsbInterface:
    """One of a device's interfaces: its class, and the name of the kernel driver that has it, where one has."""

    number: int
    driver: str = ""

    @property
    def is_smart_card(self) -> bool:
        return self.number == _SMART_CARD


@dataclass(frozen=True, slots=True)
class UsbDevice:
    """A device on USB. Its serial number is not among what is asked for.

    Attributes:
        vendor, product: its numbers.
        interfaces: empty where the system does not tell.
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
        """Its name, as far as the table has it, and its numbers."""
        return f"{self.known.name if self.known else 'CCID'} ({self.vendor:04x}:{self.product:04x})"

    @property
    def module(self) -> str:
        """The kernel driver that keeps it from programs; empty if none does."""
        own = [each for each in self.interfaces if each.is_smart_card or self.known]
        return next((each.driver for each in own if each.driver not in _USER_SPACE), "")


def findings_of_usb(devices: tuple[UsbDevice, ...], system: System, listed: int | None) -> Iterator[Finding]:
    """What *devices* tell beyond the list of readers that PC/SC has.

    Args:
        devices: all that are on USB.
        system: whose PC/SC it is.
        listed: how many readers it has; None where it could not be asked.
    """
    readers = {device.label: device for device in devices if device.is_reader}  # Windows tells of parts of one, too
    if not readers and not listed:
        yield Finding("usb/none")
    for device in readers.values():
        found = _finding_of(device, system, listed)
        if found:
            yield found


def _finding_of(device: UsbDevice, system: System, listed: int | None) -> Finding | None:
    where = {"device": device.label}
    if system is System.LINUX and device.known and not device.known.is_ccid:
        return Finding("usb/no-driver", {**where, "module": device.module or _NOBODY})
    if system is System.LINUX and device.module:
        return Finding("usb/kernel-module", {**where, "module": device.module})
    if listed is None:
        return Finding("usb/found", where)
    return Finding("usb/not-in-pcsc", where, system) if listed == 0 else None
