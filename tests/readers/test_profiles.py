"""What is known of readers: rows with their sources, chosen in one place."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.channel import CardProfile
from mynacard.errors import ReaderFileError
from mynacard.readers import ReaderProfile, load_profiles, model, profile_of, public_name
from mynacard.readers.profiles import UNKNOWN, VARIABLE, to_json

SHIPPED = Path(load_profiles.__code__.co_filename).with_name("profiles.json")
ROW = ReaderProfile(("カードリーダー",), "1234:ABCD", "", True, 522, 522, 520, False, (), "a test", "2026-11-24")


def test_each_row_says_who_says_so_and_when() -> None:
    rows = load_profiles(SHIPPED)
    assert len(rows) > 5
    for row in rows:
        assert row.source
        assert row.date >= "2026-11-24"
    assert len({name for row in rows for name in row.names}) == sum(len(row.names) for row in rows)


def test_no_real_readers_keys_are_said_to_be_tried() -> None:
    assert [row.names for row in load_profiles(SHIPPED) if row.keypad_tested] == [("Simulated Reader",)]


@pytest.mark.parametrize(
    ("name", "usb"),
    [
        ("SONY FeliCa RC-S300/P (0201504) 01 00", "054C:0DC8"),
        ("Sony FeliCa Port/PaSoRi 4.0 0", "054C:0DC8"),
        ("ACS ACR122U PICC Interface 00 00", "072F:2200"),
        ("acs acr1252 dual reader [ACR1252 Dual Reader PICC] 00 00", "072F:223B"),
        ("SCR3310-NTTCom USB SmartCard Reader 00 00", "04E6:511A"),
        ("Another Reader 00 00", ""),
        ("", ""),
    ],
)
def test_a_row_is_found_by_the_name_that_systems_give(name: str, usb: str) -> None:
    assert profile_of(name).usb == usb


def test_the_usb_id_says_more_than_the_name() -> None:
    assert profile_of("ACS ACR122U", usb="054C:0D8F").names == ("RC-S660/U",)
    assert profile_of("ACS ACR122U", usb="FFFF:0000").usb == "072F:2200"


@pytest.mark.parametrize(
    ("name", "public", "bare"),
    [
        ("A Reader (0012AB) 00 00", "A Reader 00 00", "A Reader"),
        ("A Reader [CCID Interface] (0012AB) 01 00", "A Reader [CCID Interface] 01 00", "A Reader [CCID Interface]"),
        ("A Reader (one) (two) 0A 0F", "A Reader 0A 0F", "A Reader"),
        ("A Reader (0012AB)", "A Reader", "A Reader"),
        ("A Reader (USB) PICC 0", "A Reader (USB) PICC 0", "A Reader (USB) PICC"),
        ("A Reader (0012AB) 1", "A Reader 1", "A Reader"),
        ("Reader 3700", "Reader 3700", "Reader 3700"),
        ("読取装置 00 00", "読取装置 00 00", "読取装置"),
        ("SONY FeliCa RC-S300/P (0201504) 01 00", "SONY FeliCa RC-S300/P 01 00", "SONY FeliCa RC-S300/P"),
        ("Sony FeliCa Port/PaSoRi 4.0 0", "Sony FeliCa Port/PaSoRi 4.0 0", "Sony FeliCa Port/PaSoRi 4.0"),
        ("(", "(", "("),
        ("", "", ""),
    ],
)
def test_a_name_has_neither_serial_number_nor_index(name: str, public: str, bare: str) -> None:
    assert (public_name(name), model(name)) == (public, bare)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("Attached: A (QX-1) 00 00, B (QX-2) (3) 0A 01.", "Attached: A 00 00, B 0A 01."),
        ("No card lies on a reader (A (QX-1) 00 00).", "No card lies on a reader (A 00 00)."),
        ("It takes 5 ms (median of 30).", "It takes 5 ms (median of 30)."),
        ("A second one (the first) 12 times.", "A second one (the first) 12 times."),
    ],
)
def test_neither_has_a_sentence_that_lists_names(text: str, public: str) -> None:
    assert public_name(text) == public


def test_a_long_name_takes_no_long_time() -> None:
    assert public_name("(" * 2000) == "(" * 2000
    assert public_name("()" * 1000 + "x") == "()" * 1000 + "x"


def test_rows_of_ones_own_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "profiles.json"
    own = replace(ROW, names=("ACR122U",))
    path.write_text(to_json((own, ROW)), "utf-8")
    assert load_profiles(path) == (own, ROW)
    monkeypatch.setenv(VARIABLE, str(path))
    assert profile_of("ACS ACR122U 00 00") == own
    assert profile_of("カードリーダー 00 00") == ROW
    assert profile_of("RC-S660/U").usb == "054C:0D8F"
    assert profile_of("nobody's") == UNKNOWN


DOCUMENT = json.loads(to_json((ROW,)))
NO_ROWS = (
    {"names": []}, {"names": [""]}, {"names": "x"}, {"usb": "1:2"}, {"answer_max": 3}, {"chunk": True},
    {"command_max": 1 << 20}, {"extended_length": 1}, {"keypad_tested": None}, {"more": 1}, {"date": 1},
    {"quirks": [1]}, {"answer_max": "9"}, {"quirks": ["\x1b[2J"]}, {"source": "a\nb"}, {"names": ["\ud800"]},
    {"driver": "\u202e"}, {"answer_max": 1 << 70}, {"answer_max": 258.0}, {"chunk": -1}, {"usb": "1234:ABCD\n"},
)  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{}", "nonsense", "[" * 100_000, "1" * (1 << 21),
        json.dumps(DOCUMENT | {"version": 2}), json.dumps(DOCUMENT | {"profiles": {}}),
        *(json.dumps(DOCUMENT | {"profiles": [DOCUMENT["profiles"][0] | change]}) for change in NO_ROWS),
    ],
    ids=range(8 + len(NO_ROWS)),
)  # fmt: skip
def test_what_is_no_file_of_profiles_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "profiles.json"
    path.write_text(content)
    with pytest.raises(ReaderFileError):
        load_profiles(path)


def test_a_file_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.json"))
    with pytest.raises(ReaderFileError, match=r"none\.json"):
        profile_of("any")


@pytest.mark.parametrize(
    ("profile", "taken"),
    [
        (UNKNOWN, CardProfile()),
        (replace(ROW, extended_length=False, answer_max=258), CardProfile(extended_length=False)),
        (ROW, CardProfile(extended_length=False, block=520, seen=520, certificate=520)),
        (replace(ROW, extended_length=None), CardProfile(extended_length=False, block=520, certificate=520)),
        (replace(ROW, answer_max=261, chunk=256), CardProfile(extended_length=False, block=259, certificate=256)),
        (replace(ROW, answer_max=522, chunk=None), CardProfile(extended_length=False, block=520, certificate=520)),
        (
            replace(ROW, answer_max=522, chunk=9999),
            CardProfile(extended_length=False, block=520, seen=520, certificate=520),
        ),
        (replace(ROW, answer_max=65538, chunk=None), CardProfile()),
        (replace(ROW, answer_max=None, chunk=200), CardProfile()),
        (replace(ROW, answer_max=None, chunk=1200), CardProfile(seen=1200, certificate=1200)),
        (replace(ROW, extended_length=None, answer_max=None, chunk=1200), CardProfile(certificate=1200)),
        (replace(ROW, answer_max=100, chunk=None), CardProfile(extended_length=False, certificate=256)),
    ],
)
def test_what_a_channel_takes_for_granted(profile: ReaderProfile, taken: CardProfile) -> None:
    assert profile.card_profile() == taken


printing = st.characters(codec="utf-8").filter(str.isprintable) | st.just("\u3000")
texts = st.text(printing, max_size=9)
names = st.lists(st.text(printing, min_size=1, max_size=20), min_size=1, max_size=3).map(tuple)
numbers = st.none() | st.integers(4, 65544)


@given(
    st.builds(
        ReaderProfile, names=names, usb=st.sampled_from(["", "0000:FFFF"]), driver=texts,
        extended_length=st.none() | st.booleans(), command_max=numbers, answer_max=numbers, chunk=numbers,
        keypad_tested=st.booleans(), quirks=st.lists(texts).map(tuple), source=texts, date=texts,
    )
)  # fmt: skip
def test_a_row_is_the_same_after_it_was_written(row: ReaderProfile) -> None:
    assert ReaderProfile.of(json.loads(to_json((row,)))["profiles"][0]) == row
