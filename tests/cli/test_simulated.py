"""A simulated card where a real one is asked for is one sentence, with the option that accepts it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from mynacard.doors import new_cards
from mynacard.doors.residence_cache import cached_residence_pki
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, Outcome, run
from tests.readers.fake_scard import Desk, desk_with
from tests.residence.cards import BOTH, NUMBER
from tests.signing.documents import CA
from tests.trust.authorities import pem

SENTENCE: Final = "The card is not genuine. It is simulated, and belongs to no person; --simulated accepts it."


@pytest.fixture
def signature(card: CardFile, document: Path) -> Path:
    output = document.with_name("signature")
    words = ("sign", document, "-o", output, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    assert run(*words).code == 0
    return output


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    """A CA certificate that has nothing to do with simulated cards."""
    path = tmp_path / "ca"
    path.write_bytes(pem(CA.certificate))
    return path


def test_a_signature_by_a_simulated_card_is_one_sentence(document: Path, signature: Path, ca: Path) -> None:
    outcome = run("verify", document, signature, "--ca", ca)
    assert (outcome.code, outcome.err) == (70, "")
    assert [line for line in outcome.out.splitlines() if not line.startswith("Sign")] == [
        SENTENCE, "This signature is bad.",
    ]  # fmt: skip
    step = run("verify", document, signature, "--ca", ca, "--json").json["steps"]["issuer"]
    assert (step["verdict"], step["code"]) == ("bad", "issuer/simulated")
    assert run("verify", document, signature, "--simulated").code == 71


def test_what_else_is_wrong_is_still_told(document: Path, signature: Path, ca: Path) -> None:
    document.write_bytes(b"changed")
    lines = run("verify", document, signature, "--ca", ca).out.splitlines()
    assert SENTENCE not in lines
    assert [line for line in lines if ": bad. " in line][0].startswith("signature: bad. ")
    assert any(line.startswith("issuer: bad. The issuer ") and "is simulated" in line for line in lines)


def behind_a_door(desk: Desk, *words: str | Path, typed: bytes) -> Outcome:
    """The command at the only reader of *desk*, whose name does not say what its card is."""
    (reader,) = desk.readers
    return run(*words, "-r", reader, stdin=typed)


def test_a_simulated_card_in_a_reader_is_one_sentence(desk: Desk) -> None:
    words = ("personal", "attributes", "--pin-file", "-")
    outcome = behind_a_door(desk, *words, typed=b"1234\n")
    assert (outcome.code, outcome.out, outcome.err) == (70, "", f"{SENTENCE}\n")
    assert behind_a_door(desk, *words, "--simulated", typed=b"1234\n").code == 0


@pytest.mark.parametrize("name", BOTH)
def test_a_simulated_residence_card_in_a_reader_is_one_sentence(
    name: str, ca: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cached_residence_pki()
    desk = desk_with(new_cards.new_card(persona=RESIDENCE_PERSONAS[name]), monkeypatch)
    words = ("residence", "verify", "--number-file", "-")
    outcome = behind_a_door(desk, *words, typed=NUMBER.reveal())
    assert (outcome.code, outcome.out, outcome.err) == (71, "", f"{SENTENCE}\n")
    outcome = behind_a_door(desk, *words, "--ca", ca, typed=NUMBER.reveal())
    assert (outcome.code, outcome.out, outcome.err) == (70, "", f"{SENTENCE}\n")
    assert behind_a_door(desk, *words, "--simulated", typed=NUMBER.reveal()).code == 0
