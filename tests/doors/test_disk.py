"""Card files: what a card has stored stays stored, and what is no card file stays as it is."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mynacard.apdu.pins import TriesLeft
from mynacard.doors import disk
from mynacard.errors import CardFileError, PinFormError
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, JpkiSession
from mynacard.simulator import DEFAULT_PINS, Personality, Traits
from mynacard.simulator.card_files import load

SELECT = bytes.fromhex("00A4040C0AD392F000260100000001")
RIGHT = bytes.fromhex("002000980431323334")
WRONG = bytes.fromhex("002000980430303030")
STATUS = bytes.fromhex("00200098")

Document = dict[str, object]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("card") / "card.json"
    disk.create_file(path)
    return path.read_bytes()


@pytest.fixture
def path(tmp_path: Path, template: bytes) -> Path:
    file = tmp_path / "card.json"
    file.write_bytes(template)
    return file


def told(path: Path, *commands: bytes) -> list[str]:
    """The answers of the card in *path*, taken out for these commands alone."""
    with disk.open_file(path) as card:
        assert card.transmit(SELECT) == b"\x90\x00"
        return [card.transmit(command).hex() for command in commands]


def is_private(path: Path) -> bool:
    """Whether its owner alone can read *path*; Windows has no such modes."""
    return os.name == "nt" or stat.S_IMODE(path.stat().st_mode) == 0o600


# --- what is stored ----------------------------------------------------------------------------------


def test_a_new_card_has_all_its_tries_and_its_certificates(path: Path) -> None:
    with disk.open_file(path) as card:
        session = JpkiSession(card)
        for pair in KEY_PAIRS:
            assert session.pin_status(pair) == TriesLeft(pair.pin.tries)
            session.verify(pair, DEFAULT_PINS[pair.name])
            assert session.certificate_der(pair)
        assert len(session.sign(b"a document")) == 256


def test_a_try_once_spent_stays_spent(path: Path) -> None:
    assert told(path, WRONG) == ["63c2"]
    assert told(path, STATUS, WRONG) == ["63c2", "63c1"]
    assert told(path, STATUS) == ["63c1"]


def test_a_blocked_pin_stays_blocked(path: Path) -> None:
    assert told(path, WRONG, WRONG, WRONG) == ["63c2", "63c1", "63c0"]
    assert told(path, STATUS, RIGHT) == ["63c0", "6984"]


def test_the_right_pin_gives_all_tries_back(path: Path) -> None:
    told(path, WRONG, RIGHT)
    assert told(path, STATUS) == ["63c3"]


def test_a_login_is_not_stored(path: Path) -> None:
    told(path, RIGHT)
    assert told(path, bytes.fromhex("802A009702686900")) == ["6982"]


def test_a_try_is_on_the_disk_before_the_answer(path: Path) -> None:
    with disk.open_file(path) as card:
        card.transmit(SELECT)
        card.transmit(WRONG)
        assert disk.read_file(path).pins[USER_AUTHENTICATION.name].tries_left == 2


def test_two_cards_have_different_keys(tmp_path: Path, path: Path) -> None:
    disk.create_file(tmp_path / "other.json")
    one, other = (disk.read_file(file).keys for file in (path, tmp_path / "other.json"))
    for pair in KEY_PAIRS:
        assert one[pair.name].private_key_der != other[pair.name].private_key_der
        assert one[pair.name].certificate_der != other[pair.name].certificate_der


def test_traits_and_pins_are_stored(tmp_path: Path) -> None:
    traits = Traits(Personality.OBSERVED, extended_length=False)
    pins = {USER_AUTHENTICATION.name: "8642", DIGITAL_SIGNATURE.name: "Z9Z9Z9Z9"}
    disk.create_file(tmp_path / "card", traits, pins)
    with disk.open_file(tmp_path / "card") as card:
        assert card.traits == traits
        session = JpkiSession(card)
        for pair in KEY_PAIRS:
            session.verify(pair, pins[pair.name])


# --- a killed process --------------------------------------------------------------------------------

DYING = """
import os, signal, sys
from pathlib import Path
from mynacard.doors import disk

path, moment, how, command = Path(sys.argv[1]), sys.argv[2], sys.argv[3], bytes.fromhex(sys.argv[4])
rename, sync, rest = os.replace, os.fsync, [int(sys.argv[5])]

def die():
    os.kill(os.getpid(), signal.SIGKILL) if how == "kill" else os._exit(9)

def replace(*names):
    rest[0] -= 1
    if rest[0] == 0 and moment == "before":
        die()
    rename(*names)
    if rest[0] == 0 and moment == "after":
        die()

def fsync(descriptor):
    if rest[0] == 1 and moment == "written":
        die()
    sync(descriptor)

with disk.open_file(path) as card:
    card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    os.replace, os.fsync = replace, fsync
    print(card.transmit(command).hex(), flush=True)
print("survived")
"""


def die(path: Path, moment: str, how: str, command: bytes, time: int = 1) -> None:
    """Another process sends *command* to the card, and dies at *moment* of its *time*-th writing, without an answer."""
    died = subprocess.run(
        [sys.executable, "-c", DYING, str(path), moment, how, command.hex(), str(time)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert died.returncode != 0
    assert (died.stdout, died.stderr) == ("", "")


HOW = ["exit"] if sys.platform == "win32" else ["exit", "kill"]


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("moment", ["written", "before", "after"])
def test_a_process_that_dies_within_verify_gives_no_answer_and_no_try_back(path: Path, moment: str, how: str) -> None:
    told(path, WRONG)
    die(path, moment, how, WRONG)
    assert told(path, STATUS) == ["63c1" if moment == "after" else "63c2"]  # never 63c3; and no answer was given


@pytest.mark.parametrize("moment", ["written", "before", "after"])
def test_a_process_that_dies_before_the_counter_is_restored_leaves_the_try_spent(path: Path, moment: str) -> None:
    told(path, WRONG)
    die(path, moment, "exit", RIGHT, time=2)
    assert told(path, STATUS) == ["63c3" if moment == "after" else "63c1"]


def test_a_killed_process_leaves_the_card_free_for_the_next(path: Path) -> None:
    die(path, "before", HOW[-1], WRONG)
    assert told(path, RIGHT) == ["9000"]


# --- access ------------------------------------------------------------------------------------------


def test_only_the_owner_can_read_a_card_file(tmp_path: Path) -> None:
    mask = os.umask(0)
    try:
        disk.create_file(tmp_path / "card")
        assert is_private(tmp_path / "card")
        told(tmp_path / "card", WRONG)
        assert is_private(tmp_path / "card")
    finally:
        os.umask(mask)


def test_a_card_is_in_one_process_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LOCK_TIMEOUT_S", 0.05)
    script = (
        "import sys\nfrom pathlib import Path\nfrom mynacard.doors import disk\n"
        "with disk.open_file(Path(sys.argv[1])):\n    print('here', flush=True)\n    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "here\n"
        with pytest.raises(CardFileError, match="in use by another program"):
            told(path, STATUS)
        assert disk.read_file(path)  # to look at it is not to use it
        other.communicate()
    assert told(path, STATUS) == ["63c3"]


def test_a_card_is_in_one_place_of_a_process_at_a_time(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "LOCK_TIMEOUT_S", 0.05)
    with disk.open_file(path), pytest.raises(CardFileError, match="in use"):
        told(path, STATUS)


def test_a_card_is_free_again_after_an_exception(path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), disk.open_file(path):
        raise KeyboardInterrupt
    assert told(path, STATUS) == ["63c3"]


def test_the_card_is_read_after_the_lock_is_held(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the first look and the lock another process may have spent a try."""
    acquire = FileLock.acquire

    def late(lock: FileLock, *args: object, **options: object) -> object:
        document = json.loads(path.read_bytes())
        document["pins"][USER_AUTHENTICATION.name]["tries_left"] = 1
        path.write_text(json.dumps(document))
        return acquire(lock)

    monkeypatch.setattr(FileLock, "acquire", late)
    assert told(path, STATUS) == ["63c1"]


# --- what is no card ---------------------------------------------------------------------------------


def edited(change: Callable[[Document], object]) -> Callable[[bytes], bytes]:
    def edit(text: bytes) -> bytes:
        document = cast(Document, json.loads(text))
        change(document)
        return json.dumps(document).encode()

    return edit


def pin_of(document: Document) -> Document:
    return cast(dict[str, Document], document["pins"])[USER_AUTHENTICATION.name]


def key_of(document: Document) -> Document:
    return cast(dict[str, Document], document["keys"])[USER_AUTHENTICATION.name]


def traits_of(document: Document) -> Document:
    return cast(Document, document["traits"])


def text_of(document: Document) -> Document:
    return cast(Document, cast(Document, document["applications"])["text"])


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda _: b"",
    "truncated": lambda text: text[:-2],
    "half": lambda text: text[: len(text) // 2],
    "binary": lambda _: bytes(range(256)),
    "not-utf-8": lambda text: text.replace(b"strict", b"stri\xff"),
    "too-large": lambda text: text + b" " * disk.CARD_FILE_MAX,
    "deep": lambda _: b"[" * 100_000,
    "foreign-json": lambda _: b'{"name": "another program", "version": 1}',
    "foreign-format": edited(lambda document: document.update(format="something else")),
    "list": lambda _: b"[]",
    "null": lambda _: b"null",
    "newer-version": edited(lambda document: document.update(version=3)),
    "no-version": edited(lambda document: document.pop("version")),
    "version-text": edited(lambda document: document.update(version="1")),
    "no-pins": edited(lambda document: document.pop("pins")),
    "no-keys": edited(lambda document: document.pop("keys")),
    "pins-list": edited(lambda document: document.update(pins=[])),
    "one-pin": edited(lambda document: cast(Document, document["pins"]).pop("text/number-a")),
    "unknown-pin": edited(lambda document: cast(Document, document["pins"]).update(more=pin_of(document))),
    "no-applications": edited(lambda document: document.pop("applications")),
    "other-medium": edited(lambda document: document.update(medium="PAPER")),
    "file-number": edited(lambda document: text_of(document).update(files={"x": ""})),
    "tries-above": edited(lambda document: pin_of(document).update(tries_left=4)),
    "tries-negative": edited(lambda document: pin_of(document).update(tries_left=-1)),
    "tries-true": edited(lambda document: pin_of(document).update(tries_left=True)),
    "tries-fraction": edited(lambda document: pin_of(document).update(tries_left=2.0)),
    "tries-text": edited(lambda document: pin_of(document).update(tries_left="3")),
    "secret-number": edited(lambda document: pin_of(document).update(secret=1234)),
    "secret-surrogate": edited(lambda document: pin_of(document).update(secret="\ud800")),
    "key-not-base64": edited(lambda document: key_of(document).update(private_key="?")),
    "key-number": edited(lambda document: key_of(document).update(private_key=7)),
    "personality": edited(lambda document: traits_of(document).update(personality="moody")),
    "personality-list": edited(lambda document: traits_of(document).update(personality=[])),
    "extended-number": edited(lambda document: traits_of(document).update(extended_length=1)),
    "atr": edited(lambda document: traits_of(document).update(atr="3")),
    "huge-number": lambda text: text.replace(b'"version": 2', b'"version": ' + b"9" * 5000),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_no_card_is_refused_and_left_as_it_is(tmp_path: Path, template: bytes, damage: str) -> None:
    path = tmp_path / "card"
    content = DAMAGES[damage](template)
    path.write_bytes(content)
    with pytest.raises(CardFileError) as caught:
        told(path, STATUS)
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]  # and nothing lies beside it
    assert "1234" not in str(caught.value)


def test_a_newer_version_is_called_so(path: Path, template: bytes) -> None:
    path.write_bytes(DAMAGES["newer-version"](template))
    with pytest.raises(CardFileError, match="version 3; this program knows 2"):
        disk.read_file(path)


def test_no_file_and_no_folder_are_no_card(tmp_path: Path) -> None:
    for path in (tmp_path / "none", tmp_path / "no" / "folder", tmp_path):
        with pytest.raises(CardFileError):
            told(path, STATUS)
        with pytest.raises(CardFileError):
            disk.create_file(path / "none" / "either")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("part", ["certificate", "ca_certificate", "private_key"])
def test_a_card_with_a_damaged_key_or_certificate_fails_as_one(path: Path, template: bytes, part: str) -> None:
    def damage(document: Document) -> None:
        for entry in cast(dict[str, Document], document["keys"]).values():
            entry[part] = "MAA="

    path.write_bytes(edited(damage)(template))
    with disk.open_file(path) as card:
        session = JpkiSession(card)
        session.verify(DIGITAL_SIGNATURE, "ABC123")
        if part == "ca_certificate":
            assert session.sign(b"x")
        else:
            with pytest.raises(Exception) as caught:  # noqa: PT011  # whatever it is, it is one of these two
                session.sign(b"x")
            assert type(caught.value).__name__ == ("CardDataError" if part == "certificate" else "CardFileError")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON, where=st.lists(st.integers(0, 5), min_size=1, max_size=3))
@example(value={}, where=[2])
def test_a_card_file_with_anything_in_it_is_a_card_or_an_error(
    template: bytes, value: object, where: list[int]
) -> None:
    """Some value of the file, at any depth, is replaced."""
    document = json.loads(template)
    place = document
    *way, last = where
    for step in way:
        inner = [each for each in place.values() if isinstance(each, dict)]
        place = inner[step % len(inner)] if inner else place
    place[list(place)[last % len(place)]] = value
    try:
        contents = load(json.dumps(document).encode())
    except CardFileError:
        return
    assert all(0 <= contents.pins[pair.name].tries_left <= pair.pin.tries for pair in KEY_PAIRS)


# --- making one --------------------------------------------------------------------------------------


def test_an_existing_file_is_not_overwritten(path: Path, template: bytes) -> None:
    with pytest.raises(CardFileError, match="exists already"):
        disk.create_file(path)
    assert path.read_bytes() == template


@pytest.mark.parametrize("pin", ["", "123", "12345", "ABCD", "12 4"])
def test_no_card_is_made_with_a_pin_that_cards_do_not_have(tmp_path: Path, pin: str) -> None:
    with pytest.raises(PinFormError):
        disk.create_file(tmp_path / "card", pins={**DEFAULT_PINS, USER_AUTHENTICATION.name: pin})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("password", ["", "ABC12", "abc123", "ABCDEFGHIJKLMNOPQ", "ABC-123"])
def test_no_card_is_made_with_a_password_that_cards_do_not_have(tmp_path: Path, password: str) -> None:
    with pytest.raises(PinFormError):
        disk.create_file(tmp_path / "card", pins={**DEFAULT_PINS, DIGITAL_SIGNATURE.name: password})
    assert list(tmp_path.iterdir()) == []
