"""``mynacard residence``, and what ``info`` says of residence cards."""

from __future__ import annotations

import base64
import json
import os
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from PIL import Image as Pillow

from mynacard.doors.residence_cache import cached_residence_pki
from mynacard.errors import MissingExtraError
from mynacard.recordings import read_recording
from mynacard.residence import CardFiles, First
from mynacard.residence.report import FIELDS
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.cli.command_line import Outcome, run
from tests.residence.authorities import authority, signed
from tests.residence.cards import BOTH, FIRST, NUMBER, SECOND

ONLY_SIMULATED = "The card is not genuine. It is simulated, and belongs to no person; --simulated accepts it."
EXITS = {"broken-signature": 70, "other-ca": 70, "expired": 70, "under-16": 71, "infant": 71}


@pytest.fixture
def number(tmp_path: Path) -> Path:
    path = tmp_path / "number"
    path.write_bytes(NUMBER.reveal() + b"\n")
    return path


@pytest.fixture(autouse=True)
def _simulated_cas() -> None:  # pyright: ignore[reportUnusedFunction]
    cached_residence_pki()


def read(name: str, number: Path, output: Path, *words: str | Path) -> Outcome:
    return run("residence", "read", "-r", f"sim:@{name}", "--number-file", number, "-o", output, *words)


def card_json(folder: Path) -> Any:
    return json.loads((folder / "card.json").read_text("utf-8"))


# --- what anybody may read -------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("info",), ("residence", "info")], ids=" ".join)
@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_both_infos_say_which_card_it_is_and_what_comes_next(words: tuple[str, ...], name: str) -> None:
    outcome = run(*words, "-r", f"sim:@{name}")
    persona = RESIDENCE_PERSONAS[name]
    assert outcome.code == 0
    assert outcome.out.splitlines()[0] == f"Card: {persona.type.label} (type {persona.type.value})"
    assert "Next: mynacard residence read" in outcome.out
    found = run(*words, "-r", f"sim:@{name}", "--json").json
    assert (found["card"], found["type"]) == ("residence-card", persona.type.value)
    assert found["generation"] == persona.type.generation
    assert found["next"].startswith("mynacard residence read")


def test_info_says_that_an_individual_number_card_is_one() -> None:
    assert run("info", "-r", "sim:").out.startswith("Card: Individual Number Card\n")
    found = run("info", "-r", "sim:", "--json").json
    assert (found["card"], found["specified_residence_card"]) == ("individual-number-card", False)
    assert found["next"].startswith("mynacard sign")


def test_a_specified_card_is_recognised_and_nothing_is_guessed(number: Path, tmp_path: Path) -> None:
    reader = "sim:@specified-residence-card"
    assert "specified residence card in one" in run("info", "-r", reader).out
    assert run("info", "-r", reader, "--json").json["specified_residence_card"] is True
    for words in (("info",), ("verify",), ("read", "-o", str(tmp_path / "out"))):
        more = () if words == ("info",) else ("--number-file", number)
        outcome = run("residence", *words, "-r", reader, *more)
        assert outcome.code == 45
        assert "not public" in outcome.complaint
    assert not (tmp_path / "out").exists()


def test_an_individual_number_card_is_no_residence_card() -> None:
    outcome = run("residence", "info", "-r", "sim:")
    assert outcome.code == 44
    assert "neither a residence card nor" in outcome.complaint


# --- reading ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_a_card_is_read_into_a_folder(name: str, number: Path, tmp_path: Path) -> None:
    folder = tmp_path / "card"
    outcome = read(name, number, folder, "--simulated")
    kind = name.split("-", 2)[2]
    assert outcome.code == (70 if EXITS.get(kind) == 70 else 0), outcome.err
    found, persona = card_json(folder), RESIDENCE_PERSONAS[name]
    assert found["type"] == persona.type.value
    assert found["fields"].keys() == FIELDS[persona.type.generation].keys()
    assert {field: value["signature"] for field, value in found["fields"].items()} == found["check"]["labels"]
    images = {image["name"]: image for image in found["images"]}
    assert ("face image" in images) is persona.has_face
    for image in images.values():
        picture = Pillow.open(folder / image["png"])
        picture.load()
        assert (folder / image["file"]).stat().st_size in {7000, 3000, 2500}
    assert (folder / "signer.cer").exists() is persona.signed
    assert found["missing"] == []
    if sys.platform != "win32":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_fields_say_what_is_on_the_card(number: Path, tmp_path: Path) -> None:
    read("residence-1-permission", number, tmp_path / "1")
    fields = {name: value["value"] for name, value in card_json(tmp_path / "1")["fields"].items()}
    assert fields["address"] == {
        "kind": "Address", "added": "2024-04-01", "municipality": "999997", "text": "東京都見本区模擬町一丁目２番３号",
    }  # fmt: skip
    assert fields["extension_pending"] == {"code": "1", "meaning": "yes"}
    assert fields["comprehensive_permission"].startswith("許可")
    read("residence-2-permission", number, tmp_path / "2")
    fields = {name: value["value"] for name, value in card_json(tmp_path / "2")["fields"].items()}
    assert fields["number"] == "AB12345678CD"
    assert fields["entries"]["sex"] == {"code": "3", "meaning": "unspecified"}
    assert fields["entries"]["status"] == {"code": "9999999999", "meaning": "unknown"}
    assert fields["entries"]["period_of_stay"] == {"kind": "YearsAndMonths", "years": 5, "months": 0}
    assert fields["entries"]["expires"] == "2099-04-01"
    assert fields["permissions"]["comprehensive"]["code"] == "1"


def test_without_a_ca_nothing_is_called_good(number: Path, tmp_path: Path) -> None:
    for name in BOTH:
        outcome = read(name, number, tmp_path / name)
        assert outcome.code == 0
        assert outcome.err.splitlines()[-1] == ONLY_SIMULATED
        assert card_json(tmp_path / name)["check"]["steps"][1]["verdict"] == "not-checked"
        assert "signed-and-good" not in json.dumps(card_json(tmp_path / name))


def test_standard_input_and_descriptors_give_the_number(tmp_path: Path, number: Path) -> None:
    words = ("residence", "verify", "-r", f"sim:@{FIRST}", "--simulated")
    assert run(*words, "--number-file", "-", stdin=b"ab12345678cd\r\n").code == 0
    descriptor = os.open(number, os.O_RDONLY)
    try:
        assert run(*words, "--number-fd", str(descriptor)).code == 0
    finally:
        os.close(descriptor)


def test_a_wrong_number_is_said_to_be_one_and_no_folder_is_left(number: Path, tmp_path: Path) -> None:
    number.write_text("AB12345678CE")
    outcome = read(FIRST, number, tmp_path / "card")
    assert outcome.code == 37
    assert "does not match" in outcome.complaint
    assert "AB12345678CE" not in outcome.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["number"]


@pytest.mark.parametrize("typed", ["", "123456789012", "XY98765432Z", "XY98765432ZZZ", "XY98765432ZZ XY98765432ZZ"])
def test_a_number_of_another_form_is_refused_before_a_card_is_looked_for(
    typed: str, number: Path, tmp_path: Path
) -> None:
    number.write_text(typed)
    outcome = run("residence", "read", "-r", "sim:/nowhere", "--number-file", number, "-o", tmp_path / "card")
    assert outcome.code == 30
    assert not typed or typed not in outcome.err


def test_without_terminal_or_option_there_is_nobody_to_ask(tmp_path: Path) -> None:
    outcome = run("residence", "read", "-r", f"sim:@{FIRST}", "-o", tmp_path / "card")
    assert outcome.code == 2
    assert "--number-file or --number-fd" in outcome.complaint


def test_two_ways_of_giving_the_number_exclude_each_other(number: Path, tmp_path: Path) -> None:
    assert read(FIRST, number, tmp_path / "card", "--number-fd", "3").code == 2


@pytest.mark.parametrize("words", [("--test", "--simulated"), ("--ca", "/nowhere"), ("--at", "tomorrow")])
def test_what_makes_no_sense_is_a_wrong_command_line(words: tuple[str, ...], number: Path, tmp_path: Path) -> None:
    assert read(FIRST, number, tmp_path / "card", *words).code == 2


def test_a_card_that_does_not_pass_long_answers_is_read_all_the_same(number: Path, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    assert run("sim", "new", path, "--persona", SECOND, "--no-extended-length").code == 0
    words = ("residence", "read", "-r", f"sim:{path}", "--number-file", number, "--simulated")
    assert run(*words, "-o", tmp_path / "one").code == 0
    assert run(*words, "-o", tmp_path / "two", "--no-extended-length").code == 0
    assert run(*words, "-o", tmp_path / "three", "--extended-length").code == 0  # the card knows better


# --- the folder ------------------------------------------------------------------------------------------------


def test_a_folder_is_replaced_only_if_asked_and_only_if_it_is_ours(number: Path, tmp_path: Path) -> None:
    folder = tmp_path / "card"
    assert read(FIRST, number, folder).code == 0
    assert "--force" in read(SECOND, number, folder).complaint
    assert card_json(folder)["type"] == "1"
    assert read(SECOND, number, folder, "--force").code == 0
    assert card_json(folder)["type"] == "05"
    assert not (folder / "front-image.tif").exists()
    other = tmp_path / "documents"
    other.mkdir()
    (other / "letter").write_text("mine")
    assert read(FIRST, number, other).code == 2
    assert read(FIRST, number, other, "--force").code == 2
    assert (other / "letter").read_text() == "mine"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_an_empty_folder_is_filled(number: Path, tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    assert read(FIRST, number, tmp_path / "card").code == 0


@pytest.mark.parametrize("name", ["number", "no/such/folder"])
def test_where_no_folder_can_be_made_the_card_is_not_asked(name: str, number: Path, tmp_path: Path) -> None:
    assert run("residence", "read", "-r", "sim:/nowhere", "--number-file", number, "-o", tmp_path / name).code == 2


def test_a_damaged_card_is_kept_as_it_was_read(number: Path, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    run("sim", "new", path, "--persona", FIRST)
    document = json.loads(path.read_text())
    document["files"]["DF2-01"] = base64.b64encode(b"\xff" * 342).decode()
    path.write_text(json.dumps(document))
    outcome = run("residence", "read", "-r", f"sim:{path}", "--number-file", number, "-o", tmp_path / "card")
    assert outcome.code == 50
    assert "address" in outcome.err
    assert (tmp_path / "card" / "files" / "DF2-01.bin").read_bytes() == b"\xff" * 342
    assert (tmp_path / "card" / "files" / "DF1-05.bin").stat().st_size == 7004
    assert not (tmp_path / "card" / "card.json").exists()
    assert read(FIRST, number, tmp_path / "card", "--force").code == 0


def test_an_object_that_nobody_knows_is_kept(number: Path, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    run("sim", "new", path, "--persona", SECOND)
    document = json.loads(path.read_text())
    content = base64.b64decode(document["files"]["DF2-03"])[:3] + bytes.fromhex("E1025A5A")
    document["files"]["DF2-03"] = base64.b64encode(content.ljust(207, b"\0")).decode()
    path.write_text(json.dumps(document))
    outcome = run("residence", "read", "-r", f"sim:{path}", "--number-file", number, "-o", tmp_path / "card")
    assert outcome.code == 0
    assert card_json(tmp_path / "card")["unknown_objects"] == {"DF2-03": {"E1": "5A5A"}}


def test_an_image_that_cannot_be_shown_keeps_nothing_else_back(number: Path, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    run("sim", "new", path, "--persona", FIRST)
    document = json.loads(path.read_text())
    face = bytearray(base64.b64decode(document["files"]["DF1-06"]))
    face[100:110] = b"\xff" * 10
    document["files"]["DF1-06"] = base64.b64encode(face).decode()
    path.write_text(json.dumps(document))
    outcome = run("residence", "read", "-r", f"sim:{path}", "--number-file", number, "-o", tmp_path / "card")
    assert outcome.code == 70  # and its signature is bad
    assert "No PNG of the face image" in outcome.err
    found = {image["name"]: image for image in card_json(tmp_path / "card")["images"]}
    assert (found["face image"]["png"], found["face image"]["problem"]) == (None, "protocol/card-data")
    assert (tmp_path / "card" / "front-image.png").exists()


def test_without_pillow_images_are_kept_as_they_are(
    number: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    outcome = read(FIRST, number, tmp_path / "card")
    assert outcome.code == 0
    assert "mynacard[images]" in outcome.err
    assert {image["problem"] for image in card_json(tmp_path / "card")["images"]} == {MissingExtraError.code}
    assert (tmp_path / "card" / "front-image.tif").exists()


# --- verifying -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_a_card_and_its_folder_are_verified_alike(name: str, number: Path, tmp_path: Path) -> None:
    code = EXITS.get(name.split("-", 2)[2], 0)
    assert run("residence", "verify", "-r", f"sim:@{name}", "--number-file", number, "--simulated").code == code
    read(name, number, tmp_path / "card")
    outcome = run("residence", "verify", tmp_path / "card", "--simulated", "--json")
    assert outcome.code == code
    assert outcome.json["overall"] == {0: "good", 70: "bad", 71: "not-checked"}[code]
    assert ("signed-and-good" in outcome.json["labels"].values()) is (code == 0)


def test_without_a_ca_a_card_is_not_fully_checked(number: Path) -> None:
    outcome = run("residence", "verify", "-r", f"sim:@{FIRST}", "--number-file", number)
    assert (outcome.code, outcome.out, outcome.err) == (71, "", f"{ONLY_SIMULATED}\n")
    outcome = run("residence", "verify", "-r", f"sim:@{FIRST}", "--number-file", number, "--json")
    assert (outcome.code, outcome.json["overall"]) == (71, "not-checked")
    assert outcome.json["labels"]["front_image"] == "not-checked"
    assert outcome.json["labels"]["address"] == "not-signed"


def test_an_expired_card_may_be_good_at_an_earlier_time(number: Path, tmp_path: Path) -> None:
    read("residence-1-expired", number, tmp_path / "card")
    words = ("residence", "verify", tmp_path / "card", "--simulated")
    assert run(*words).code == 70
    assert run(*words, "--at", "2024-01-01").code == 0
    assert run(*words, "--at", "2024-01-01T12:00:00").code == 0


def kept(found: CardFiles, folder: Path) -> Path:
    (folder / "files").mkdir(parents=True)
    for file, content in found.content.items():
        (folder / "files" / f"{file.place}.bin").write_bytes(content)
    (folder / "files" / "type").write_text(found.type.value)
    return folder


@pytest.mark.parametrize("generation", [1, 2])
@pytest.mark.parametrize("encoding", ["DER", "PEM"])
def test_a_ca_that_the_caller_gives_is_what_it_is_checked_under(generation: int, encoding: str, tmp_path: Path) -> None:
    folder, ca = kept(signed(generation), tmp_path / "card"), tmp_path / "ca"
    ca.write_bytes(authority(generation).public_bytes(getattr(Encoding, encoding)))
    at = ("--at", "2026-11-24")
    outcome = run("residence", "verify", folder, "--ca", ca, *at, "--json")
    assert outcome.code == 0
    assert outcome.json["ca"] == {"kind": "production", "published": False, "serial": "2A"}
    assert run("residence", "verify", folder, *at).code == 71
    assert run("residence", "verify", folder, "--ca", ca, "--test", *at).code == 70
    assert run("residence", "verify", folder, "--simulated", *at).code == 70


def test_what_is_no_certificate_is_said_to_be_none(number: Path, tmp_path: Path) -> None:
    outcome = run("residence", "verify", kept(signed(1), tmp_path / "card"), "--ca", number)
    assert outcome.code == 60
    outcome = run("residence", "read", "-r", "sim:/nowhere", "--ca", number, "-o", tmp_path / "new")
    assert outcome.code == 60, "before anybody types a number"


def test_a_folder_without_a_card_is_said_to_be_none(tmp_path: Path) -> None:
    assert run("residence", "verify", tmp_path).code == 61
    folder = kept(signed(1), tmp_path / "card")
    (folder / "files" / "type").write_text("99")
    assert run("residence", "verify", folder).code == 61


def test_a_folder_with_a_damaged_file_is_an_error(tmp_path: Path) -> None:
    folder = kept(signed(1), tmp_path / "card")
    with (folder / "files" / f"{First.FRONT.place}.bin").open("ab") as file:
        file.write(bytes(10_000_000))
    assert run("residence", "verify", folder).code == 50


# --- recordings ------------------------------------------------------------------------------------------------


def test_a_recording_of_what_is_free_plays_again(tmp_path: Path) -> None:
    file = tmp_path / "card.recording"
    first = run("residence", "info", "-r", f"sim:@{SECOND}", "--record", file, "--json")
    again = run("residence", "info", "-r", f"replay:{file}", "--json")
    assert first.code == again.code == 0
    assert first.json == again.json


@pytest.mark.parametrize("name", BOTH)
def test_nothing_that_the_number_opens_is_in_a_recording(name: str, number: Path, tmp_path: Path) -> None:
    file = tmp_path / "card.recording"
    words = ("residence", "verify", "-r", f"sim:@{name}", "--number-file", number, "--record", file, "--simulated")
    assert run(*words).code == 0
    text = file.read_text("ascii")
    assert NUMBER.reveal().hex().upper() not in text
    recording = read_recording(file)
    secret = [one for one in recording.exchanges if one.secret]
    assert [one.command[1] for one in secret] == [0x82, 0x20]
    opened = [one for one in recording.exchanges if one.command[1] == 0xB0 and one.command[2] not in {0x8A, 0x8B}]
    assert len(opened) >= 7
    for one in opened:
        assert one.answer.masked == ((0, len(one.answer.data) - 2),)


# --- simulated cards in files ----------------------------------------------------------------------------------


def test_a_simulated_residence_card_lies_in_a_file(tmp_path: Path, number: Path) -> None:
    path = tmp_path / "card.json"
    assert run("sim", "new", path, "--persona", FIRST, "--personality", "observed").code == 0
    shown = run("sim", "show", path, "--json").json
    assert (shown["residence_card"], shown["personality"]) == ("1", "observed")
    assert shown["atr"] == "3B88800100000000338181003A"
    assert "type: residence card, first generation" in run("sim", "show", path).out
    words = ("residence", "verify", "-r", f"sim:{path}", "--number-file", number, "--simulated")
    assert run(*words).code == run(*words).code == 0


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("type", "09"), ("type", "07"), ("version", 2), ("number", "AB"), ("files", {"DF9-01": ""}),
        ("files", {"MF-0B": "?"}), ("traits", {}), ("type", None),
    ],
)  # fmt: skip
def test_a_damaged_file_of_one_is_said_to_be_damaged(where: str, value: object, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    run("sim", "new", path, "--persona", FIRST)
    path.write_text(json.dumps(json.loads(path.read_text()) | {where: value}))
    outcome = run("residence", "info", "-r", f"sim:{path}")
    assert outcome.code == 61
    assert "AB12345678CD" not in outcome.err


def test_a_persona_that_is_none_is_said_to_be_none() -> None:
    assert run("residence", "info", "-r", "sim:@nobody").code == 2
