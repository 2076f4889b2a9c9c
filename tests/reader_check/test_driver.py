"""What a machine knows of a USB reader: from its driver's list, and from the device's own descriptors."""

from __future__ import annotations

import plistlib
import struct
from pathlib import Path

import pytest

from mynacard.doors.pcsclite import PcscliteDoor
from mynacard.reader_check import desk, run
from mynacard.reader_check.driver import Descriptor, descriptor_of, usb_ids
from tests.reader_check.runs import NAME, of

DEVICE = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 8, 0x072F, 0x223B, 0x0103, 1, 2, 0, 1)
CONFIGURATION = struct.pack("<BBHBBBBB", 9, 2, 93, 1, 1, 0, 0x80, 50)
INTERFACE = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 3, 0x0B, 0, 0, 0)
ENDPOINT = struct.pack("<BBBBHB", 7, 5, 0x81, 2, 64, 0)
IDS = frozenset({"072F:223B"})
READS = Descriptor("072F:223B", "1.03", "short and extended APDUs", 65_554, 254)


def smart_card(features: int = 0x000404BE, message_max: int = 65_554) -> bytes:
    return struct.pack(
        "<BBHBBIIIBIIBIIIIIBBHBB", 54, 0x21, 0x0110, 0, 7, 3, 4000, 4000, 0, 10_752, 688_128, 0, 254, 0, 0, features,
        message_max, 0xFF, 0xFF, 0, 0, 1,
    )  # fmt: skip


def described(*parts: bytes) -> bytes:
    return b"".join((DEVICE, CONFIGURATION, INTERFACE, *parts, ENDPOINT))


def test_a_descriptor_tells_level_longest_message_and_firmware() -> None:
    assert Descriptor.parse(described(smart_card())) == READS


@pytest.mark.parametrize(
    ("features", "level"),
    [(0, "single characters"), (0x10030, "TPDUs"), (0x200B2, "short APDUs"), (0x30000, "")],
)
def test_the_level_is_three_bits_of_the_features(features: int, level: str) -> None:
    descriptor = Descriptor.parse(described(smart_card(features, 271)))
    assert descriptor is not None
    assert (descriptor.level, descriptor.message_max) == (level, 271)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        DEVICE,
        described(),
        described(b"\x35" + smart_card()[1:-1]),
        smart_card() * 2,
        b"\0\0" + described(smart_card()),
    ],
)
def test_what_describes_no_smart_card_reader_has_no_descriptor(content: bytes) -> None:
    assert Descriptor.parse(content) is None


def test_only_a_reader_that_is_attached_once_is_described(tmp_path: Path) -> None:
    for place, content in {"1-1": described(smart_card()), "1-2": described(), "usb1": DEVICE}.items():
        (tmp_path / place).mkdir()
        (tmp_path / place / "descriptors").write_bytes(content)
    assert descriptor_of(IDS, tmp_path) == READS
    assert descriptor_of(frozenset({"072F:2200"}), tmp_path) is None
    (tmp_path / "1-3").mkdir()
    (tmp_path / "1-3" / "descriptors").write_bytes(described(smart_card()))
    assert descriptor_of(IDS, tmp_path) is None
    assert descriptor_of(IDS, tmp_path / "none") is None


def test_the_drivers_list_gives_the_usb_ids_of_a_name(tmp_path: Path) -> None:
    path = tmp_path / "Info.plist"
    rows = {
        "ifdFriendlyName": ["ACS ACR1252 Reader", "Another"], "ifdVendorID": ["0x072F", "0x1234"],
        "ifdProductID": ["0x223B", "0x5678"],
    }  # fmt: skip
    path.write_bytes(plistlib.dumps(rows))
    assert usb_ids("ACS ACR1252 Reader [PICC] 00 00", path) == IDS
    assert usb_ids(NAME, path) == frozenset()
    path.write_bytes(plistlib.dumps({**rows, "ifdProductID": ["0x223B"]}))
    assert usb_ids("ACS ACR1252 Reader [PICC] 00 00", path) == frozenset()
    assert usb_ids(NAME, tmp_path / "none") == frozenset()


def test_the_report_has_the_facts_of_the_descriptor(door: PcscliteDoor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "descriptor_of", lambda _: READS)
    door.plug(NAME)
    report = run(NAME)
    assert (report.reader.usb, report.reader.firmware) == ("072F:223B", "1.03")
    values = of(report, "keypad").values
    assert values["level"] == "short and extended APDUs"
    assert (values["message_max_bytes"], values["block_max_bytes"]) == (65_554, 254)
