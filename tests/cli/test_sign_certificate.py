"""A certificate that the caller holds is not read, by every way in; one of another key is never signed under."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import DIGITAL_SIGNATURE, JpkiSession, Pin, aio, open_card, verified_session
from mynacard.signing import cms
from mynacard.simulator import SimulatedCard
from mynacard.submission.card_signer import CardSigner
from mynacard.trust import load_certificate
from tests.cli.command_line import PASSWORD, PIN, CardFile, run
from tests.jpki.cards import is_read, is_sign, is_verify
from tests.jpki.test_held import of_another_key

DOCUMENT = b"a document"


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Everything that passes to and from simulated cards."""
    exchanges: list[tuple[bytes, bytes]] = []
    transmit = SimulatedCard.transmit

    def noted(card: SimulatedCard, command: bytes, /) -> bytes:
        exchanges.append((command, answer := transmit(card, command)))
        return answer

    monkeypatch.setattr(SimulatedCard, "transmit", noted)
    return exchanges


def own(card: CardFile) -> bytes:
    with verified_session(DIGITAL_SIGNATURE, Pin(PASSWORD), name=card.reader) as session:
        return session.certificate_der(DIGITAL_SIGNATURE)


def by_session(name: str, der: bytes, _folder: Path) -> None:
    with open_card(name) as channel:
        session = JpkiSession(channel, certificates={DIGITAL_SIGNATURE: der})
        session.verify(DIGITAL_SIGNATURE, PASSWORD)
        session.sign(DOCUMENT)


def by_verified_session(name: str, der: bytes, _folder: Path) -> None:
    with verified_session(
        DIGITAL_SIGNATURE, Pin(PASSWORD), name=name, certificates={DIGITAL_SIGNATURE: der}
    ) as session:
        session.sign(DOCUMENT)


def in_an_event_loop(name: str, der: bytes, _folder: Path) -> None:
    async def main() -> None:
        async with aio.verified_session(
            DIGITAL_SIGNATURE, Pin(PASSWORD), name=name, certificates={DIGITAL_SIGNATURE: der}
        ) as session:
            await session.run(JpkiSession.sign, DOCUMENT)

    anyio.run(main)


def as_an_application(name: str, der: bytes, _folder: Path) -> None:
    signer = CardSigner.with_pins(Pin(PIN), Pin(PASSWORD), name=name, certificates={DIGITAL_SIGNATURE: der})
    signer.signature(DOCUMENT)


def by_command(*more: str) -> Callable[[str, bytes, Path], None]:
    def sign(name: str, der: bytes, folder: Path) -> None:
        (folder / "held").write_bytes(der)
        (folder / "document").write_bytes(DOCUMENT)
        (folder / "pin").write_text(PASSWORD)
        words = ("--certificate", folder / "held", "-o", folder / "signature", "--pin-file", folder / "pin")
        outcome = run("sign", folder / "document", *words, "-r", name, *more)
        assert outcome.code == 0, outcome.err

    return sign


WAYS: dict[str, Callable[[str, bytes, Path], None]] = {
    "JpkiSession": by_session,
    "verified_session": by_verified_session,
    "aio": in_an_event_loop,
    "application": as_an_application,
    "command": by_command(),
    "command-raw": by_command("--format", "raw"),
    "command-cades": by_command("--format", "cades"),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_certificate_that_fits_costs_5_apdus_and_266_bytes_from_every_way_in(
    way: str, card: CardFile, seen: list[tuple[bytes, bytes]], tmp_path: Path
) -> None:
    der = own(card)
    seen.clear()
    WAYS[way](card.reader, der, tmp_path)
    assert (len(seen), sum(len(answer) for _, answer in seen)) == (5, 266)


@pytest.mark.parametrize("way", WAYS)
def test_one_of_another_key_costs_a_second_signature_and_the_reading_and_no_second_verify(
    way: str, card: CardFile, seen: list[tuple[bytes, bytes]], tmp_path: Path
) -> None:
    WAYS[way](card.reader, of_another_key(DIGITAL_SIGNATURE), tmp_path)
    commands = [command for command, _ in seen]
    assert (sum(map(is_verify, commands)), sum(map(is_sign, commands))) == (1, 2)
    assert sum(map(is_read, commands)) > 1


def test_the_command_says_that_the_certificate_was_another_one(card: CardFile, tmp_path: Path) -> None:
    for name, der in (("own", own(card)), ("other", of_another_key(DIGITAL_SIGNATURE))):
        (tmp_path / f"{name}.pem").write_bytes(load_certificate(der).public_bytes(Encoding.PEM))
    (document := tmp_path / "document").write_bytes(DOCUMENT)
    words = ("sign", document, "-r", card.reader, "--pin-file", card.pin_file("digital-signature"), "-o")
    told = {
        name: run(*words, tmp_path / f"{name}.p7s", "--certificate", tmp_path / f"{name}.pem").err
        for name in ("own", "other")
    }
    where = f"The signature is in {tmp_path}/{{}}.p7s.\n"
    other = "The certificate given is not the card's; the card's own was used.\n"
    assert told == {"own": where.format("own"), "other": where.format("other") + other}
    signature = (tmp_path / "other.p7s").read_bytes()
    assert cms.parse(signature).certificate == load_certificate(own(card))
    assert "signature: good" in run("verify", document, tmp_path / "other.p7s", "--simulated").out


def test_one_with_a_wrong_letter_is_not_used_where_its_ca_is_named(card: CardFile, tmp_path: Path) -> None:
    with open_card(card.reader) as channel:
        (tmp_path / "ca").write_bytes(JpkiSession(channel).ca_certificate_der(DIGITAL_SIGNATURE))
    (tmp_path / "own").write_bytes(own(card))
    (tmp_path / "damaged").write_bytes(own(card).replace(b"Mihon-ku", b"Mihon-kv"))
    (document := tmp_path / "document").write_bytes(DOCUMENT)
    words = ("sign", document, "-r", card.reader, "--pin-file", card.pin_file("digital-signature"))
    for name, told in (("own", ""), ("damaged", "The certificate given is not the card's; the card's own was used.\n")):
        output = tmp_path / f"{name}.p7s"
        outcome = run(*words, "-o", output, "--certificate", tmp_path / name, "--ca", tmp_path / "ca")
        assert outcome.err == f"The signature is in {output}.\n{told}"
        assert cms.parse(output.read_bytes()).certificate == load_certificate(own(card))


def test_a_ca_is_only_for_a_certificate(card: CardFile, tmp_path: Path) -> None:
    (document := tmp_path / "document").write_bytes(DOCUMENT)
    outcome = run("sign", document, "-o", tmp_path / "out", "--ca", document, "-r", card.reader)
    assert (outcome.code, outcome.complaint) == (2, "--ca is only for --certificate.")


@pytest.mark.parametrize("content", [b"", b"text", b"\x30\x82\x05\xb1", b"\x30" * 70_000], ids=len)
def test_a_file_without_a_certificate_is_told_before_the_card_is_touched(
    content: bytes, card: CardFile, seen: list[tuple[bytes, bytes]], tmp_path: Path
) -> None:
    (document := tmp_path / "document").write_bytes(DOCUMENT)
    (held := tmp_path / "held").write_bytes(content)
    words = ("-o", tmp_path / "signature", "-r", card.reader, "--pin-file", card.pin_file("digital-signature"))
    outcome = run("sign", document, *words, "--certificate", held)
    assert outcome.code == 60
    assert outcome.complaint.startswith("This is not a certificate")
    assert seen == []
    assert not (tmp_path / "signature").exists()
