"""Each way to fail ends with one sentence, the exit code of the table, and no try spent that need not be."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mynacard import errors
from mynacard.cli import exits
from mynacard.doors import new_cards
from mynacard.doors.cache import _memory, cache_folder
from mynacard.readers import events, reader_card
from mynacard.simulator.individual.card import SimulatedCard
from tests.cli.command_line import (
    DIGITAL_SIGNATURE,
    PASSWORD,
    SECRETS,
    USER_AUTHENTICATION,
    CardAlong,
    CardFile,
    Outcome,
    run,
)
from tests.readers.fake_scard import LOG_OUT, READER, Clock, Desk

Change = Callable[[bytes, bytes], bytes]
CardAlongMaker = Callable[[Change], CardAlong]


def signing(
    card: CardFile, document: Path, *more: str, secret: str | None = None, reader: str | None = None
) -> Outcome:
    source = card.pin_file(DIGITAL_SIGNATURE, secret)
    words = ("-o", document.with_name("signature"), "--pin-file", source, "--format", "raw", "-v", *more)
    return run("sign", document, "-r", card.reader if reader is None else reader, *words)


def said(outcome: Outcome, code: int) -> str:
    """The sentence on standard error behind the log of ``--verbose``; the exit code must be *code*."""
    assert outcome.code == code, outcome.err
    log, last = outcome.err.splitlines()[:-1], outcome.err.splitlines()[-1]
    assert all(line.startswith("mynacard.") for line in log), outcome.err
    assert outcome.out == ""
    return Outcome(outcome.code, outcome.raw, last).complaint


# --- the table ---------------------------------------------------------------------------------------

KINDS = [getattr(errors, name) for name in errors.__all__ if inspect.isclass(getattr(errors, name))]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_error_has_an_exit_code_of_its_family(kind: type[errors.MynacardError]) -> None:
    code = exits.exit_code(kind.__new__(kind))
    families = {
        errors.ReaderError: range(10, 36), errors.ProtocolError: range(50, 60),
        errors.CardError: range(30, 50), errors.UsageError: [2],
    }  # fmt: skip
    expected = next((codes for family, codes in families.items() if issubclass(kind, family)), range(1, 70))
    assert code in expected


def test_exit_codes_mean_one_thing_each() -> None:
    codes = [code for code in exits.EXIT_CODES.values() if code != 2]
    assert len(set(codes)) == len(codes)
    assert not {0, exits.SIGNATURE_BAD, exits.NOT_FULLY_CHECKED, *range(126, 166)} & set(codes)


def test_what_is_no_error_of_ours_is_1() -> None:
    assert exits.exit_code(ZeroDivisionError()) == 1
    assert exits.exit_code(FileNotFoundError()) == 63


# --- the desk ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("call", "code_of_pcsc", "code"), [
    ("SCardEstablishContext", 0x8010001D, 11),
    ("SCardEstablishContext", 0x8010006A, 12),
    ("SCardListReaders", 0x8010002E, 13),
    ("SCardConnect", 0x80100009, 14),
    ("SCardConnect", 0x8010000C, 17),
    ("SCardConnect", 0x80100066, 18),
    ("SCardTransmit", 0x80100069, 19),
    ("SCardTransmit", 0x80100068, 19),
    ("SCardTransmit", 0x80100016, 20),
    ("SCardTransmit", 0x801000FF, 29),
])  # fmt: skip
def test_what_is_wrong_at_the_desk_has_its_code(desk: Desk, call: str, code_of_pcsc: int, code: int) -> None:
    desk.fail(call, code_of_pcsc)
    assert said(run("info", "-v"), code)
    assert desk.nothing_is_open


def test_a_card_that_another_program_keeps_has_its_code(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_card, "time", Clock())
    desk.fail("SCardConnect", *[0x8010000B] * 1000)
    assert said(run("info", "-v"), 16)
    assert desk.nothing_is_open


def test_without_a_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> None:
        raise errors.NoPcscLibraryError("Install it.")

    monkeypatch.setattr(events, "find_library", missing)
    assert said(run("info", "-v"), 10) == "Install it."


def test_no_reader_no_card_two_cards_and_a_wrong_name_are_told_apart(desk: Desk) -> None:
    desk.readers["B Reader"] = (0x22, [0x3B])
    assert said(run("info", "-v"), 15) == (
        f"Several readers fit; choose one with --reader or MYNACARD_READER: {READER}, B Reader."
    )
    assert said(run("info", "-v", "-r", "C"), 14) == f"No reader is called C. Attached: {READER}, B Reader."
    desk.readers = {"B Reader": (0x12, [])}
    assert said(run("info", "-v"), 17) == "No card lies on a reader (B Reader)."
    desk.readers.clear()
    assert said(run("info", "-v"), 13) == "No card reader is attached."
    assert not desk.transmitted


@pytest.mark.parametrize(("happens", "code"), [(0x80100069, 19), (0x80100068, 19), (0x80100016, 20)])
def test_a_card_pulled_between_verify_and_signature_leaves_no_file(
    card: CardFile, desk: Desk, document: Path, happens: int, code: int
) -> None:
    desk.at_signature = happens
    assert said(signing(card, document, reader=""), code)
    assert len(desk.verifies) == 1
    assert not document.with_name("signature").exists()
    assert desk.SCARD_UNPOWER_CARD in desk.dispositions["SCardEndTransaction"] + desk.dispositions["SCardDisconnect"]
    assert desk.nothing_is_open


def test_an_interrupt_in_the_middle_of_a_signature_logs_out(card: CardFile, desk: Desk, document: Path) -> None:
    desk.at_signature = KeyboardInterrupt()
    outcome = signing(card, document, reader="")
    assert (outcome.code, outcome.err.splitlines()[-1]) == (130, "Stopped.")
    assert desk.transmitted[-1] == LOG_OUT
    assert not desk.simulated.state.verified
    assert desk.dispositions["SCardEndTransaction"] == [desk.SCARD_UNPOWER_CARD]
    assert desk.nothing_is_open
    assert not document.with_name("signature").exists()


def test_after_a_signature_the_card_is_logged_out_and_without_power(card: CardFile, desk: Desk, document: Path) -> None:
    assert signing(card, document, reader="").code == 0
    assert desk.transmitted[-1] == LOG_OUT
    assert desk.dispositions["SCardEndTransaction"] == [desk.SCARD_UNPOWER_CARD]


# --- the card ----------------------------------------------------------------------------------------


def test_a_card_of_another_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_cards, "new_card", lambda: SimulatedCard((), {}))
    for words in (["info"], ["pin", "status"], ["cert", "show", USER_AUTHENTICATION]):
        assert said(run(*words, "-r", "sim:", "-v"), 40) == (
            "This card has no JPKI application: Individual Number Cards have it, phones have only JPKI, other cards "
            "neither. If it is an Individual Number Card, it is damaged."
        )


def test_an_absent_certificate_is_told(card: CardFile, document: Path) -> None:
    content = json.loads(card.path.read_bytes())
    del content["keys"][DIGITAL_SIGNATURE]
    card.path.write_text(json.dumps(content))
    assert said(signing(card, document), 41) == (
        "There is no usable digital-signature certificate on this card. The municipal office issues one, "
        "a digital-signature one only from the age of 15."
    )
    assert run("info", "-r", card.reader, "--json").json["certificates_present"][DIGITAL_SIGNATURE] is False


def answers(instruction: int, answer: Callable[[bytes], bytes]) -> Change:
    return lambda command, given: answer(given) if command[1] == instruction and len(given) > 2 else given


@pytest.mark.parametrize("change", [
    answers(0xB0, lambda given: given[:9] + b"\x90\x00"),
    answers(0xB0, lambda given: b"\xee" * (len(given) - 2) + b"\x90\x00"),
    answers(0xB0, lambda given: bytes(70000) + b"\x90\x00"),
    lambda command, given: b"\x00\x61\x10" if command[1] in (0xB0, 0xC0) else given,
], ids=["truncated", "nonsense", "too-long", "more-without-end"])  # fmt: skip
def test_answers_that_no_card_gives_end_with_50(card_along: CardAlongMaker, change: Change) -> None:
    card_along(change)
    assert said(run("info", "-r", "sim:", "-v"), 50)


def test_a_wrong_signature_is_withheld(card: CardFile, document: Path, card_along: CardAlongMaker) -> None:
    card_along(answers(0x2A, lambda given: bytes((given[0] ^ 1,)) + given[1:]))
    assert said(signing(card, document, reader="sim:"), 51)
    assert not document.with_name("signature").exists()


def test_an_answer_without_a_status_word_to_a_pin_says_that_a_try_may_be_spent(
    card: CardFile, document: Path, card_along: CardAlongMaker
) -> None:
    along = card_along(lambda command, given: b"" if command[1] == 0x20 and len(command) > 5 else given)
    assert "a try may be spent" in said(signing(card, document, reader="sim:"), 34)
    assert len([command for command in along.sent if command[1] == 0x20 and len(command) > 5]) == 1


# --- the PIN -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "secret", ["", "7391", "kanarie73", "KANARIE 73", "ＫＡＮＡＲＩＥ", "K" * 17, "K" * 300, "\udcff"]
)
def test_a_pin_of_another_form_costs_no_try(card: CardFile, document: Path, secret: str) -> None:
    before = card.trace_of_a_verify
    card.secrets[DIGITAL_SIGNATURE] = ""
    source = card.path.with_name("odd.pin")
    source.write_bytes(secret.encode("utf-8", "surrogateescape") + b"\n")
    outcome = run(
        "sign", document, "-o", document.with_name("signature"), "-r", card.reader, "--pin-file", source, "-v"
    )
    assert "not sent" in said(outcome, 30)
    assert card.trace_of_a_verify == before
    assert card.tries_left()[DIGITAL_SIGNATURE] == 5


def test_small_letters_become_capitals_on_demand(card: CardFile, document: Path) -> None:
    assert signing(card, document, "--upper-case", secret=PASSWORD.lower()).code == 0


def test_a_wrong_pin_says_how_many_tries_are_left(card: CardFile, document: Path) -> None:
    sentence = said(signing(card, document, secret="WRONG7"), 31)
    assert sentence.startswith("The digital-signature password is wrong. Tries left: 4")
    assert card.tries_left() == {USER_AUTHENTICATION: 3, DIGITAL_SIGNATURE: 4}


def test_the_last_try_is_spent_only_on_demand(card: CardFile, document: Path) -> None:
    card.spend(DIGITAL_SIGNATURE, left=1)
    before = card.trace_of_a_verify
    sentence = said(signing(card, document), 33)
    assert "Only one try" in sentence
    assert "--spend-last-try" in sentence
    assert card.trace_of_a_verify == before
    assert signing(card, document, "--spend-last-try").code == 0
    assert card.tries_left()[DIGITAL_SIGNATURE] == 5


def test_a_wrong_last_try_blocks_and_a_blocked_pin_is_sent_nowhere(card: CardFile, document: Path) -> None:
    card.spend(DIGITAL_SIGNATURE, left=1)
    sentence = "The digital-signature password is blocked: no tries are left. The municipal office sets a new one."
    assert said(signing(card, document, "--spend-last-try", secret="WRONG7"), 32) == sentence
    before = card.trace_of_a_verify
    assert said(signing(card, document, "--spend-last-try"), 32) == sentence
    assert card.trace_of_a_verify == before


# --- files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    ["sign", "nonesuch", "-o", "out"],
    ["verify", "nonesuch", "nonesuch", "--simulated"],
    ["verify", "{file}", "nonesuch", "--simulated"],
    ["verify", "{file}", "{file}", "--ca", "nonesuch"],
    ["sign", "{folder}", "-o", "out"],
])  # fmt: skip
def test_a_file_that_is_not_there_is_a_wrong_command_line(words: list[str], document: Path) -> None:
    outcome = run(*(word.format(file=document, folder=document.parent) for word in words))
    assert outcome.code == 2
    assert any(said in outcome.complaint for said in ("does not exist", "is a directory"))


@pytest.mark.parametrize("command", ["sign", "export"])
def test_an_output_that_cannot_be_is_refused_before_any_pin_is_read(
    card: CardFile, document: Path, command: str
) -> None:
    there = document.with_name("there")
    there.write_bytes(b"precious")
    before = card.trace_of_a_verify
    words = ["sign", document] if command == "sign" else ["cert", "export", DIGITAL_SIGNATURE]
    for output, force in ((there, []), (document.parent / "nonesuch" / "out", ["--force"])):
        outcome = run(*words, "-o", output, "-r", card.reader, "--pin-file", "nonesuch.pin", *force)
        assert outcome.code == 2, "the PIN's file is not there: to read it would end with 63"
        assert outcome.complaint
    assert there.read_bytes() == b"precious"
    assert card.trace_of_a_verify == before


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_not_replaced(card: CardFile, document: Path, dangling: bool) -> None:
    link, target = document.with_name("link"), document.with_name("target")
    if not dangling:
        target.write_bytes(b"precious")
    link.symlink_to(target)
    outcome = run("cert", "export", USER_AUTHENTICATION, "-r", card.reader, "-o", link, "--force")
    assert (outcome.code, outcome.complaint) == (2, f"{link} is not a regular file.")
    assert link.is_symlink()
    assert target.exists() is not dangling


def test_a_card_file_that_is_none_ends_with_61(tmp_path: Path) -> None:
    odd = tmp_path / "odd.json"
    for content in (b"", b"{}", b'{"format": 1}', b"\xff\xfe", b"[" * 100_000, b"1" * (2 << 20)):
        odd.write_bytes(content)
        assert said(run("info", "-v", "-r", f"sim:{odd}"), 61)
        assert said(run("sim", "show", odd), 61)
    assert said(run("info", "-v", "-r", f"sim:{tmp_path / 'nonesuch'}"), 61)
    assert said(run("sim", "new", tmp_path / "nonesuch" / "card"), 61)


def test_a_cache_that_cannot_be_is_told_and_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path / "file" / "cache"))
    _memory.cache_clear()
    outcome = run("info", "-r", "sim:")
    assert outcome.code == 0
    assert outcome.complaint.startswith(f"Nothing can be kept in the folder {tmp_path / 'file' / 'cache'} (")


def test_a_cache_with_a_damaged_key_ends_with_62(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = cache_folder() / "test-pki.json"
    assert run("info", "-r", "sim:").code == 0
    document = json.loads(made.read_bytes())
    for authority in document["authorities"].values():
        authority["private_key"] = "MAA="
    (tmp_path / made.name).write_text(json.dumps(document))
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path))
    assert said(run("info", "-v", "-r", "sim:"), 62).startswith("A key of the test PKI is damaged.")


# --- apdu --------------------------------------------------------------------------------------------

VERIFIES = [
    cla + rest for cla in ("00", "0C", "10", "80", "A0", "FF") for rest in ("20009804 37333931", "20009804 37333931 00")
]
OTHERS = [
    "00 20 00 98 00 0004 37333931", "00 24 00 98 08 3733393137333932", "00 24 01 98 04 37333931",
    "00 2C 00 98 04 37333931", "00 21 00 98 04 37333931", "00 28 00 98 04 37333931", "80 32 00 98 04 37333931",
    "00 C2 00 00 09 0020009804 37333931", "00 C3 00 00 09 0020009804 37333931",
]  # fmt: skip


@pytest.mark.parametrize("command", VERIFIES + OTHERS)
def test_apdu_sends_no_secret_in_any_class(desk: Desk, command: str) -> None:
    outcome = run("apdu", "00A4040C0AD392F000260100000001", command)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith("This would present or change a PIN.")
    assert not desk.calls, "the good command before it is not sent, either"


def test_apdu_sends_nothing_to_the_reader_itself(desk: Desk) -> None:
    outcome = run("apdu", "FF CA 00 00 00")
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith("Class FF is for the reader")
    assert not desk.calls


@pytest.mark.parametrize(
    "command", ["0", "00A4040", "00 A4 0", "xx", "", " ", "00", "00A404", "00A4040C05D392", "ＡＡ"]
)
def test_apdu_sends_nothing_that_is_no_command(desk: Desk, command: str) -> None:
    outcome = run("apdu", "00A4040C0AD392F000260100000001", command)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.complaint.startswith("Argument 2 is not ")
    assert not desk.calls


# --- strange letters ---------------------------------------------------------------------------------


def test_no_name_in_a_certificate_commands_the_terminal(document: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "\x1b[2Jhello\x07見本\u202e")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, datetime(2026, 1, 1), datetime(2036, 1, 1))
    certificate, signature = document.with_name("certificate"), document.with_name("raw")
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))
    signature.write_bytes(key.sign(document.read_bytes(), PKCS1v15(), hashes.SHA256()))
    outcome = run("verify", document, signature, "--simulated", "--certificate", certificate, "-v")
    assert outcome.code == 70
    assert "CN=\\x1b[2Jhello\\x07見本\\u202e\n" in outcome.out
    assert not {"\x1b", "\x07", "\u202e"} & set(outcome.out)


def test_the_pins_of_these_tests_have_the_form_of_real_ones() -> None:
    assert {name: len(secret) for name, secret in SECRETS.items()} == {USER_AUTHENTICATION: 4, DIGITAL_SIGNATURE: 9}
