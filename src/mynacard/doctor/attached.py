"""The devices on USB, as each system lists them. No device is asked, and no serial number is read.

Linux: sysfs (Documentation/ABI/stable/sysfs-bus-usb of the kernel). Windows: pnputil, whose labels are in the user's
language and whose identifiers are not (learn.microsoft.com, "PnPUtil Command Syntax", "Standard USB Identifiers").
macOS: system_profiler(8), whose type SPUSBDataType is empty from macOS 26 on, where SPUSBHostDataType took its place.
Windows and macOS were not tried: their formats here come from published descriptions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, cast

from mynacard.doctor.systems import Run, System, output_of
from mynacard.doctor.usb import UsbDevice, UsbInterface

__all__ = ["attached", "from_pnputil", "from_sysfs", "from_system_profiler"]

_SYSFS: Final = Path("/sys/bus/usb/devices")
_PNPUTIL: Final = r"C:\Windows\System32\pnputil.exe"
_SYSTEM_PROFILER: Final = "/usr/sbin/system_profiler"
_PROFILES: Final = ("SPUSBHostDataType", "SPUSBDataType")
_ENTRIES_MAX: Final = 4096
"""The devices and interfaces looked at, at most: a bus has up to 127 devices, and a computer a handful of buses."""
_ATTRIBUTE_MAX: Final = 16

_WINDOWS_ID: Final = re.compile(r"USB\\VID_([0-9A-F]{4})&PID_([0-9A-F]{4})", re.IGNORECASE)
_SMART_CARD_READER: Final = "{50dd5230-ba8a-11d1-bf5d-0000f805f530}"
"""The setup class of devices that have a smart card reader's driver."""
_MACOS_KEYS: Final = (("USBDeviceKeyVendorID", "USBDeviceKeyProductID"), ("vendor_id", "product_id"))
_HEXADECIMAL: Final = re.compile(r"\s*(?:0x)?([0-9a-f]{1,4})\b", re.IGNORECASE)


def attached(system: System, run: Run = output_of, sysfs: Path = _SYSFS) -> tuple[UsbDevice, ...] | None:
    """The devices on USB; None where *system* does not list them."""
    match system:
        case System.LINUX:
            return from_sysfs(sysfs)
        case System.WINDOWS:
            return from_pnputil(run(_PNPUTIL, "/enum-devices", "/connected"))
        case System.MACOS:
            profiles = (from_system_profiler(run(_SYSTEM_PROFILER, "-json", kind)) for kind in _PROFILES)
            return next((devices for devices in profiles if devices), None)


# --- Linux -------------------------------------------------------------------------------------------


def from_sysfs(folder: Path) -> tuple[UsbDevice, ...] | None:
    """The devices in sysfs: folders such as ``1-2``, with their interfaces next to them, ``1-2:1.0``."""
    try:
        names = sorted(path.name for path, _ in zip(folder.iterdir(), range(_ENTRIES_MAX), strict=False))
    except OSError:
        return None
    interfaces: dict[str, list[UsbInterface]] = {}
    for name in names:
        device, colon, _ = name.partition(":")
        if colon and (number := _number(folder / name / "bInterfaceClass")) is not None:
            interfaces.setdefault(device, []).append(UsbInterface(number, _driver(folder / name)))
    return tuple(_devices(folder, names, interfaces))


def _devices(folder: Path, names: list[str], interfaces: dict[str, list[UsbInterface]]) -> Iterator[UsbDevice]:
    for name in names:
        vendor, product = (_number(folder / name / attribute) for attribute in ("idVendor", "idProduct"))
        if vendor is not None and product is not None:
            yield UsbDevice(vendor, product, tuple(interfaces.get(name, ())))


def _number(attribute: Path) -> int | None:
    try:
        with attribute.open("rb") as content:
            return int(content.read(_ATTRIBUTE_MAX), 16)
    except (OSError, ValueError):  # it was unplugged meanwhile, or is not a device
        return None


def _driver(interface: Path) -> str:
    try:
        return (interface / "driver").readlink().name
    except OSError:
        return ""


# --- Windows, macOS ----------------------------------------------------------------------------------


def from_pnputil(output: str) -> tuple[UsbDevice, ...] | None:
    """The devices in pnputil's *output*, a paragraph each; None where it lists none.

    The class says whether a device has a smart card reader's driver. The last part of its identifier, which may be a
    serial number, is not looked at.
    """
    devices = tuple(
        UsbDevice(int(ids[1], 16), int(ids[2], 16), (UsbInterface(0x0B),) if _SMART_CARD_READER in part.lower() else ())
        for part in re.split(r"\r?\n[ \t]*\r?\n", output)
        if (ids := _WINDOWS_ID.search(part))
    )
    return devices or None


def from_system_profiler(output: str) -> tuple[UsbDevice, ...]:
    """The devices in system_profiler's JSON *output*: objects in objects, for controllers, hubs and devices."""
    try:
        rest: list[object] = [json.loads(output)]
    except (ValueError, RecursionError):
        return ()
    devices: list[UsbDevice] = []
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest += cast(list[object], value)
        elif isinstance(value, dict):
            fields = cast(dict[str, object], value)
            rest += fields.values()
            devices += _device_of(fields)
    return tuple(devices)


def _device_of(fields: dict[str, object]) -> Iterator[UsbDevice]:
    for keys in _MACOS_KEYS:
        vendor, product = (_HEXADECIMAL.match(str(fields.get(key, ""))) for key in keys)
        if vendor and product:
            yield UsbDevice(int(vendor[1], 16), int(product[1], 16))
