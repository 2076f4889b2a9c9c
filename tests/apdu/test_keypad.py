"""What a reader with keys is sent, as the header file of pcsc-lite itself lays it out."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from mynacard.apdu.keypad import GET_FEATURE_REQUEST, Feature, Property, TypedCommand
from tests.rig.pcscd import program, unavailable

HEADERS: Final = Path("/usr/include/PCSC")
COMMON: Final = """
    p->bTimerOut = p->bTimerOut2 = 45; p->bmFormatString = 0x82; p->wPINMaxExtraDigit = 4 << 8 | 12;
    p->bEntryValidationCondition = 2; p->bNumberMessage = 0xFF; p->wLangId = 0x0411; p->ulDataLength = 5;
"""
VERIFY: Final = f"""
    PIN_VERIFY_STRUCTURE *p = (void *)room; {COMMON}
    memcpy(p->abData, "\\x00\\x20\\x00\\x98\\x00", 5);
"""
MODIFY: Final = f"""
    PIN_MODIFY_STRUCTURE *p = (void *)room; {COMMON}
    p->bConfirmPIN = 1; p->bMsgIndex1 = 0; p->bMsgIndex2 = 1; p->bMsgIndex3 = 2;
    memcpy(p->abData, "\\x00\\x24\\x01\\x80\\x00", 5);
"""
MAIN: Final = """
#include <stdio.h>
#include <string.h>
#include <winscard.h>
#include <reader.h>
static unsigned char room[64];
int main(void) { %s fwrite(room, 1, sizeof *p + 5, stdout); return 0; }
"""


def header_file(name: str) -> Path:
    if not sys.platform.startswith("linux") or not (HEADERS / name).exists():
        unavailable("libpcsclite-dev is not installed; tools/system_packages.sh says which packages the tests need")
    return HEADERS / name


@pytest.mark.parametrize(
    ("filled", "command"),
    [
        (VERIFY, TypedCommand(bytes.fromhex("00200098"), 4, 12, timeout_s=45)),
        (MODIFY, TypedCommand(bytes.fromhex("00240180"), 4, 12, new=True, timeout_s=45)),
    ],
    ids=["verify", "modify"],
)
def test_a_structure_is_what_a_c_compiler_makes_of_the_header_file(
    filled: str, command: TypedCommand, tmp_path: Path
) -> None:
    source, made = tmp_path / "made.c", tmp_path / "made"
    source.write_text(MAIN % filled)
    folder = header_file("reader.h").parent
    subprocess.run([program("gcc"), "-std=c11", f"-I{folder}", str(source), "-o", str(made)], check=True, timeout=60)
    assert subprocess.run([made], capture_output=True, check=True, timeout=60).stdout == command.structure()


def test_the_numbers_of_features_and_properties_are_those_of_the_header_file() -> None:
    words = [line.split() for line in header_file("reader.h").read_text().splitlines() if line.startswith("#define")]
    numbers = {line[1]: line[2] for line in words if len(line) > 2}
    named = {
        Feature.VERIFY_PIN_DIRECT: "FEATURE_VERIFY_PIN_DIRECT", Feature.MODIFY_PIN_DIRECT: "FEATURE_MODIFY_PIN_DIRECT",
        Feature.IFD_PIN_PROPERTIES: "FEATURE_IFD_PIN_PROPERTIES",
        Feature.GET_TLV_PROPERTIES: "FEATURE_GET_TLV_PROPERTIES",
    }  # fmt: skip
    assert {feature: int(numbers[name], 16) for feature, name in named.items()} == {each: each for each in Feature}
    told = {
        Property.FIRMWARE: "sFirmwareID", Property.MAX_APDU_DATA: "dwMaxAPDUDataSize",
        Property.VENDOR: "wIdVendor", Property.PRODUCT: "wIdProduct",
    }  # fmt: skip
    assert [int(numbers[f"PCSCv2_PART10_PROPERTY_{name}"]) for name in told.values()] == list(Property)
    assert numbers["CM_IOCTL_GET_FEATURE_REQUEST"] == f"SCARD_CTL_CODE({GET_FEATURE_REQUEST})"
