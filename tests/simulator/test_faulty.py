"""Answers that no card should give: the driver ends, says what happened, and returns no signature that is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from mynacard import errors
from mynacard.apdu import Channel, TriesLeft
from mynacard.apdu.commands import SignatureScheme
from mynacard.apdu.message import CommandApdu
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.simulator import SimulatedCard, Traits
from mynacard.simulator.faults import DESK, Fault, FaultKind
from mynacard.simulator.faulty import FaultyCard, FaultyPoweredCard, Means
from mynacard.simulator.files import SoftKey
from tests.jpki.cards import LONG, SHORT, card_with, counted, material, pin, public_key_of, tries
from tests.support import CardThat

DATA = b"an application"
APDUS_MAX = 100
"""No session below may need more; the longest row of answers that is followed is 64 GET RESPONSE of one command."""

FALSE_ENDS = [FaultKind.FALSE_END_6B00, FaultKind.FALSE_END_6986, FaultKind.FALSE_END_EMPTY]
NUMBERED = {FaultKind.STATUS, FaultKind.GARBAGE, FaultKind.DELAY, FaultKind.SLOW_FIRST_COMMAND, *FALSE_ENDS}
IN_ANSWERS = [f"{kind.value}@" for kind in FaultKind if kind not in DESK | NUMBERED]
STATUS = [
    f"status={word}@" for word in ("6100", "6281", "6300", "63C0", "63CF", "6700", "6982", "6984", "6CFF", "6F00")
]
GARBAGE = [f"garbage={seed}@" for seed in range(12)]
ENDS = [f"{kind.value}={offset}@" for kind in FALSE_ENDS for offset in (0, 1, 4, 255, 256, 257, 1000, 1200)]
LATE = ["delay=250@", "slow-first-command=250@"]
ALL = [*IN_ANSWERS, *STATUS, *GARBAGE, *ENDS, *LATE, "removed@", "removed-during@", "removed-after@"]


def other_key() -> bytes:
    """Another key pair of the test PKI: a good RSA key, and not the one that is asked."""
    return material()[USER_AUTHENTICATION.name].private_key_der


def faulty(card: SimulatedCard, fault: str, sleep: Callable[[float], None] = lambda _: None) -> CardThat:
    return counted(FaultyCard(card, [Fault.parse(fault)], Means(sleep, other_key)))


def signed(card: CardThat) -> bytes:
    session = JpkiSession(Channel(card))
    session.verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    return session.sign(DATA)


def check(signature: bytes) -> None:
    public_key_of(DIGITAL_SIGNATURE).verify(signature, DATA, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("traits", [LONG, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("fault", ALL)
def test_whatever_is_answered_there_is_a_signature_or_an_error_that_says_why(fault: str, traits: Traits) -> None:
    ended = 0
    for at in range(1, 16):
        card = card_with(traits=traits)
        seen = faulty(card, f"{fault}{at}")
        try:
            check(signed(seen))
        except errors.MynacardError:
            ended += 1
        assert len(seen.sent) <= APDUS_MAX
        assert len(seen.verifies) <= 1
        assert tries(card)[1] >= 4
    assert ended or fault in {*LATE, "first-command-fault@", "truncated@"}


AT_VERIFY, AT_READ, AT_SIGN = 3, 4, 10
"""The number of the command in :func:`signed`: SELECT, VERIFY without and with the password, six READs, signature."""


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (f"one-byte@{AT_VERIFY}", errors.VerificationOutcomeUnknownError),
        (f"one-byte@{AT_SIGN}", errors.OutcomeUnknownError),
        (f"over-long@{AT_VERIFY}", errors.VerificationOutcomeUnknownError),
        (f"over-long@{AT_READ}", errors.ProtocolError),
        (f"over-long@{AT_SIGN}", errors.ProtocolError),
        (f"status=6F00@{AT_SIGN}", errors.CardError),
        (f"status=6984@{AT_VERIFY}", errors.PinBlocked),
        (f"status=6982@{AT_READ}", errors.SecurityStatusNotSatisfied),
        (f"more-for-ever@{AT_READ}", errors.ProtocolError),
        (f"wrong-le-for-ever@{AT_READ}", errors.CardError),
        (f"wrong-signature@{AT_SIGN}", errors.SignatureMismatchError),
        ("wrong-signature@1", errors.SignatureMismatchError),
        ("foreign-signature@1", errors.SignatureMismatchError),
        (f"removed@{AT_VERIFY}", errors.CardLostAtVerificationError),
        (f"removed-during@{AT_VERIFY}", errors.CardLostAtVerificationError),
        (f"removed-after@{AT_VERIFY}", errors.CardRemovedError),
        (f"removed-during@{AT_SIGN}", errors.CardRemovedError),
    ],
)
def test_the_error_says_what_happened(fault: str, error: type[errors.MynacardError]) -> None:
    with pytest.raises(errors.MynacardError) as caught:
        signed(faulty(card_with(), fault))
    assert type(caught.value) is error


def test_a_card_that_repeats_a_block_has_no_certificate_and_signs_nothing() -> None:
    seen = faulty(card_with(traits=SHORT), "repeated-block@1")
    with pytest.raises(errors.CardDataError):
        signed(seen)
    assert not [command for command in seen.sent if command[:2] == b"\x80\x2a"]


@pytest.mark.parametrize(("fault", "more"), [("truncated@1", 0), ("first-command-fault@1", 1)])
def test_some_faults_cost_commands_and_nothing_else(fault: str, more: int) -> None:
    plain, seen = counted(card_with()), faulty(card_with(), fault)
    check(signed(plain))
    check(signed(seen))
    assert len(seen.sent) == len(plain.sent) + more


def test_answers_that_are_cut_off_cost_one_command_and_the_blocks() -> None:
    """Of the certificate that is free to read; no longer answer is asked for after a PIN."""
    plain, seen = counted(card_with()), faulty(card_with(), "truncated@1")
    assert JpkiSession(plain).certificate_der(USER_AUTHENTICATION) == JpkiSession(seen).certificate_der(
        USER_AUTHENTICATION
    )
    assert (len(plain.sent), len(seen.sent)) == (3, 3 + 4)


def test_a_delay_is_waited_for_by_whoever_was_handed_in() -> None:
    waited: list[float] = []
    check(signed(faulty(card_with(), "delay=250@3", waited.append)))
    assert waited == [0.25]


@pytest.mark.parametrize(
    ("fault", "left"), [("removed@3", 5), ("removed-during@3", 4), ("removed-after@3", 4), ("status=6984@3", 5)]
)
def test_before_during_and_after_differ_in_the_try_that_is_spent(fault: str, left: int) -> None:
    card = card_with()
    session = JpkiSession(Channel(faulty(card, fault)), certificates={DIGITAL_SIGNATURE: b"held"})
    with pytest.raises(errors.MynacardError):
        session.verify(DIGITAL_SIGNATURE, "WRONG1")
    assert tries(card)[1] == left


def test_a_removed_card_stays_away_until_it_gets_power() -> None:
    card = FaultyPoweredCard(card_with(), [Fault.parse("removed@2")])
    session = JpkiSession(card)
    for _ in range(2):
        with pytest.raises(errors.CardRemovedError):
            session.pin_status(USER_AUTHENTICATION)
    assert card.power_on() == card.atr
    assert JpkiSession(card).pin_status(USER_AUTHENTICATION) == TriesLeft(3)


@pytest.mark.parametrize("kind", FALSE_ENDS)
def test_an_ef_seems_to_end_at_the_byte_that_the_fault_names(kind: FaultKind) -> None:
    card = faulty(card_with(), f"{kind.value}=1000@1")
    behind = {"6b00": "6b00", "6986": "6986", "empty": "9000"}[kind.value.removeprefix("false-end-")]
    card.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    whole = card_with()
    whole.transmit(bytes.fromhex("00A4040C0AD392F000260100000001"))
    long = bytes.fromhex("00B08A00000000")
    assert card.transmit(long) == whole.transmit(long)[:1000] + b"\x90\x00"
    assert card.transmit(bytes.fromhex("00B003E701"))[1:] == b"\x90\x00"  # byte 999 of the EF that is now current
    assert len(card.transmit(bytes.fromhex("00B0030000"))) == 1000 - 0x300 + 2
    assert [card.transmit(bytes.fromhex(read)).hex() for read in ("00B003E800", "00B0050000")] == [behind, behind]


@pytest.mark.parametrize("fault", ENDS)
@pytest.mark.parametrize("traits", [LONG, SHORT], ids=["long", "short"])
def test_a_certificate_cut_short_is_no_certificate(fault: str, traits: Traits) -> None:
    seen = faulty(card_with(traits=traits), f"{fault}1")
    with pytest.raises((errors.CardDataError, errors.CardError)):
        JpkiSession(Channel(seen)).certificate_der(USER_AUTHENTICATION)
    assert len(seen.sent) <= APDUS_MAX


def test_a_card_is_slow_at_its_first_command_after_each_power_on() -> None:
    waited: list[float] = []
    card = FaultyPoweredCard(card_with(), [Fault.parse("slow-first-command=1500@1")], Means(waited.append))
    select = bytes.fromhex("00A4040C0AD392F000260100000001")
    for _ in range(2):
        assert {card.transmit(select).hex() for _ in range(3)} == {"9000"}
        card.power_off()
        card.power_on()
    assert waited == [1.5, 1.5]


def test_every_power_on_has_a_first_command() -> None:
    card = FaultyPoweredCard(card_with(), [Fault.parse("first-command-fault@1")])
    select = bytes.fromhex("00A4040C0AD392F000260100000001")
    assert [card.transmit(select).hex() for _ in range(3)] == ["6f00", "9000", "9000"]
    card.reset()
    assert card.transmit(select).hex() == "9000"
    card.power_off()
    card.power_on()
    assert [card.transmit(select).hex() for _ in range(2)] == ["6f00", "9000"]


def test_garbage_is_the_same_for_the_same_number_alone() -> None:
    read = bytes.fromhex("00B0820000")

    def said(seed: int) -> bytes:
        return faulty(card_with(), f"garbage={seed}@1").transmit(read)

    assert said(7) == said(7)
    assert len({said(seed) for seed in range(50)}) == 50
    assert all(2 <= len(said(seed)) <= 301 for seed in range(50))


@pytest.mark.parametrize("command", ["00A4040C0AD392F000260100000001", "00B0820000", "00B08200000000", "00", ""])
def test_what_is_over_long_has_one_byte_more_than_was_asked_for(command: str) -> None:
    wire = bytes.fromhex(command)
    said = faulty(card_with(), "over-long@1").transmit(wire)
    assert len(said) == 2 + 1 + (CommandApdu.parse(wire).ne if len(wire) > 3 else 0)


def test_a_foreign_signature_is_a_good_one_of_the_other_key() -> None:
    card = card_with()
    JpkiSession(card).verify(DIGITAL_SIGNATURE, pin(DIGITAL_SIGNATURE))
    info = bytes.fromhex("3031300D060960864801650304020105000420") + bytes(32)
    sign = bytes.fromhex("802A009A33") + info + b"\0"
    expected = SoftKey(other_key()).compute(SignatureScheme.PKCS1, info)
    assert faulty(card, "foreign-signature@1").transmit(sign) == expected + b"\x90\x00"
    assert faulty(card, "foreign-signature@1").transmit(sign[:4]) == card.transmit(sign[:4])


def test_without_another_key_a_foreign_signature_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(errors.UsageError, match="another key"):
        signed(counted(FaultyCard(card_with(), [Fault.parse("foreign-signature@1")])))


@pytest.mark.parametrize("kind", ["reset", "unplugged", "service-gone", "error=1", "not-transacted", "empty", "mute"])
def test_what_happens_to_a_reader_needs_one(kind: str) -> None:
    with pytest.raises(errors.UsageError, match=r"@3 needs a reader"):
        FaultyCard(card_with(), [Fault.parse(f"{kind}@3")])
