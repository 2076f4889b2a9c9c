"""What this machine knows of a USB reader: its driver, and the facts in the reader's own descriptors.

Linux keeps both where anyone may read them: the list of readers of the CCID driver, and each device's descriptors.
"""

from __future__ import annotations

import plistlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mynacard._dataclasses import dataclass

__all__ = ["Descriptor", "descriptor_of", "installed_driver", "usb_ids"]

_CCID: Final = Path("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist")
_DEVICES: Final = Path("/sys/bus/usb/devices")
_DEVICE_LENGTH: Final = 18
_CLASS_TYPE: Final = 0x21
_CLASS_LENGTH: Final = 54
_LEVEL: Final = 0x70000
_LEVELS: Final = {
    0x00000: "single characters", 0x10000: "TPDUs", 0x20000: "short APDUs", 0x40000: "short and extended APDUs",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The descriptors of a USB reader.

    Attributes:
        usb: vendor and product, such as ``054C:0DC8``.
        firmware: the release number of the device.
        level: what the reader takes from its driver; empty where it is not in the table.
        message_max: the longest CCID message, in bytes, with its header of 10.
        block_max: the longest block (IFSD) that it receives with T=1, in bytes.

    Source: Universal Serial Bus 2.0 §9.6.1 (device); USB CCID rev. 1.1 §5.1 (smart card device class).
    """

    usb: str
    firmware: str
    level: str
    message_max: int
    block_max: int

    @classmethod
    def parse(cls, content: bytes) -> Descriptor | None:
        """The first smart card descriptor in *content*, a device's descriptors in their order; None if it has none."""
        device, *others = _descriptors(content) or [b""]
        if len(device) != _DEVICE_LENGTH:
            return None
        for part in others:
            if len(part) == _CLASS_LENGTH and part[1] == _CLASS_TYPE:
                return cls(
                    usb=f"{_number(device, 8, 2):04X}:{_number(device, 10, 2):04X}",
                    firmware=f"{device[13]:x}.{device[12]:02x}",
                    level=_LEVELS.get(_number(part, 40, 4) & _LEVEL, ""),
                    message_max=_number(part, 44, 4),
                    block_max=_number(part, 28, 4),
                )
        return None


def _descriptors(content: bytes) -> list[bytes]:
    parts: list[bytes] = []
    while len(content) >= 2 and 2 <= content[0] <= len(content):
        parts.append(content[: content[0]])
        content = content[content[0] :]
    return parts


def _number(descriptor: bytes, at: int, length: int) -> int:
    return int.from_bytes(descriptor[at : at + length], "little")


def descriptor_of(ids: frozenset[str], devices: Path = _DEVICES) -> Descriptor | None:
    """The descriptor of the one attached reader whose USB id is among *ids*; None if there is none, or several."""
    attached = [descriptor for descriptor in _attached(devices) if descriptor.usb in ids]
    return attached[0] if len(attached) == 1 else None


def _attached(devices: Path) -> Iterator[Descriptor]:
    for path in sorted(devices.glob("*/descriptors")):
        try:
            descriptor = Descriptor.parse(path.read_bytes())
        except OSError:
            continue
        if descriptor is not None:
            yield descriptor


def installed_driver(reader: str, plist: Path = _CCID) -> str:
    """This machine's CCID driver and version, where Linux has it and it supports *reader*; else empty."""
    try:
        content = _content(plist)
        return f"libccid {content['CFBundleShortVersionString']}" if _rows(content, reader) else ""
    except (OSError, ValueError, KeyError, plistlib.InvalidFileException):
        return ""


def usb_ids(reader: str, plist: Path = _CCID) -> frozenset[str]:
    """The USB ids of the readers that the driver calls by the name that *reader* contains."""
    try:
        content = _content(plist)
        ids = list(zip(content["ifdVendorID"], content["ifdProductID"], strict=True))
        return frozenset(f"{int(ids[row][0], 16):04X}:{int(ids[row][1], 16):04X}" for row in _rows(content, reader))
    except (OSError, ValueError, KeyError, IndexError, plistlib.InvalidFileException):
        return frozenset()


def _content(plist: Path) -> dict[str, Any]:
    with plist.open("rb") as stream:
        content: dict[str, Any] = plistlib.load(stream)
    return content


def _rows(content: dict[str, Any], reader: str) -> list[int]:
    """The places of the driver's rows that name *reader*."""
    names: list[str] = content["ifdFriendlyName"]
    return [row for row, name in enumerate(names) if name.casefold() in reader.casefold()]
