"""The session: what it sends, how much, what it does with everything that can come back."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mynacard import errors
from mynacard.apdu import Channel, secure
from mynacard.apdu.channel import CardProfile
from mynacard.apdu.commands import LOG_OUT
from mynacard.doors.disk import new_card
from mynacard.residence import File, First, Free, ResidenceCard, Second
from mynacard.residence.agreement import Half, NumberKey
from mynacard.residence.card import SUITES
from mynacard.simulator.individual.persona import PERSONAS
from mynacard.simulator.residence import RESIDENCE_PERSONAS, SimulatedResidenceCard
from tests.extent import examples
from tests.residence.cards import (
    BOTH,
    ENTROPY,
    EXTENDED,
    FIRST,
    NUMBER,
    OTHER_NUMBER,
    SECOND,
    SHORT,
    UNKNOWN,
    card,
    counted,
    files,
    opened,
)
from tests.support import Answer, CardThat, ScriptedCard, leaks

EXPECTED_EXTENDED = {
    "residence-1-mid-term": 16, "residence-1-special-permanent": 13, "residence-2-mid-term": 17,
    "residence-2-special-permanent": 15,
}  # fmt: skip


def read_whole(channel: Channel, inside: SimulatedResidenceCard) -> None:
    """Reads all files, and looks whether they are those of the card *inside*."""
    assert opened(channel).read().content == inside.files


# --- how many --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPECTED_EXTENDED)
@pytest.mark.parametrize("profile", [EXTENDED, UNKNOWN], ids=["known", "unknown"])
def test_a_whole_card_costs_so_many_where_extended_length_passes(name: str, profile: CardProfile) -> None:
    found, channel, inside = counted(name, profile)
    read_whole(channel, inside)
    assert len(found.sent) == EXPECTED_EXTENDED[name] <= 18


def in_blocks(name: str) -> int:
    """What a whole card costs in blocks: recognised, opened, three DFs selected, and each file in so many."""
    size = {FIRST: 247, SECOND: 239}[name]
    return (
        2
        + 3
        + 3
        + sum(ceil(file.size / size) for file in files(name).content if file not in (Free.TYPE_1, Free.TYPE_2))
    )


@pytest.mark.parametrize(("name", "expected"), [(FIRST, 62), (SECOND, 52)])
def test_in_blocks_it_costs_so_many(name: str, expected: int) -> None:
    found, channel, inside = counted(name, SHORT)
    read_whole(channel, inside)
    assert len(found.sent) == expected == in_blocks(name)
    assert all(len(wire) <= 5 + 40 + 1 for wire in found.sent)


@pytest.mark.parametrize("name", BOTH)
def test_to_find_out_that_long_ones_do_not_pass_costs_two_more(name: str) -> None:
    """The first read is refused, and the MF selected once more: that costs nothing that was opened."""
    inside = card(name, extended_length=False)
    found = CardThat(inside.transmit)
    channel = Channel(found)
    read_whole(channel, inside)
    assert channel.profile.extended_length is False
    assert len(found.sent) == {FIRST: 62, SECOND: 52}[name] + 2


def test_the_order_of_a_whole_card() -> None:
    found, channel, inside = counted()
    read_whole(channel, inside)
    assert [wire[:4].hex() for wire in found.sent] == [
        "00a40000", "00b08a00", "00840000", "00820000", "08200086", "00b08b00",
        "00a4040c", "08b08500", "08b08600",
        "00a4040c", "08b08100", "08b08200", "08b08300", "08b08400",
        "00a4040c", "08b08200",
    ]  # fmt: skip


def test_what_anybody_may_read_costs_three() -> None:
    found, channel, _ = counted()
    session = ResidenceCard(channel)
    assert (session.type.generation, session.specification_version()) == (1, "0001")
    assert found.sent_hex == ["00A40000023F00", "00B08A00000000", "00B08B00000000"]


@pytest.mark.parametrize("name", BOTH)
def test_it_takes_little_memory(name: str) -> None:
    """Over what is imported: far less than 10 MB."""
    _, channel, _ = counted(name)
    opened(channel)
    tracemalloc.start()
    try:
        opened(channel).read()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000


# --- progress --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("profile", [EXTENDED, SHORT], ids=["whole", "blocks"])
def test_progress_climbs_to_the_end(profile: CardProfile) -> None:
    _, channel, _ = counted(FIRST, profile)
    seen: list[tuple[int, int]] = []
    opened(channel).read(lambda done, of: seen.append((done, of)))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert seen[-1] == (sum(file.size for file in files().content),) * 2
    assert len(seen) > (10 if profile is EXTENDED else 50)


# --- the number ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BOTH)
def test_a_wrong_number_is_said_to_be_one_and_nothing_follows(name: str) -> None:
    found, channel, _ = counted(name)
    session = ResidenceCard(channel)
    with pytest.raises(errors.CardNumberIncorrect) as caught:
        session.authenticate(OTHER_NUMBER, ENTROPY)
    assert caught.value.code == "pin/card-number"
    assert "does not match" in str(caught.value)
    assert found.sent[-1][1] == 0x82
    assert not found.verifies
    session.authenticate(NUMBER, ENTROPY)  # no try was counted, and the caller may ask again
    assert len(session.read().content) == len(session.files)


def test_a_wrong_number_at_verify_is_the_same() -> None:
    inside = card()
    answers = CardThat(lambda wire: b"\x63\x00" if wire[:2] == b"\x08\x20" else inside.transmit(wire))
    with pytest.raises(errors.CardNumberIncorrect):
        ResidenceCard(answers).authenticate(NUMBER, ENTROPY)
    assert len(answers.verifies) == 1


def test_the_number_never_goes_in_the_clear() -> None:
    found, channel, _ = counted()
    opened(channel).read()
    assert not any(NUMBER.reveal() in wire for wire in found.sent)


def test_authenticating_again_selects_the_mf_first() -> None:
    found, channel, _ = counted()
    session = opened(channel)
    session.read_file(First.ADDRESS)
    session.authenticate(NUMBER, ENTROPY)
    assert [wire[1] for wire in found.sent[-4:]] == [0xA4, 0x84, 0x82, 0x20]
    assert session.read_file(First.ADDRESS).startswith(b"\xd2\x08")


@pytest.mark.parametrize("file", [First.FRONT, First.ADDRESS, First.SIGNATURE], ids=lambda file: file.place)
def test_without_the_number_nothing_is_sent_for_what_it_opens(file: File) -> None:
    found, channel, _ = counted()
    session = ResidenceCard(channel)
    sent = len(found.sent)
    with pytest.raises(errors.UsageError):
        session.read_file(file)
    assert len(found.sent) == sent


@pytest.mark.parametrize("file", [Second.ENTRIES, Second.IMAGES, Free.TYPE_2], ids=lambda file: file.place)
def test_a_file_of_another_type_is_not_asked_for(file: File) -> None:
    found, channel, _ = counted()
    session = opened(channel)
    sent = len(found.sent)
    with pytest.raises(errors.UsageError):
        session.read_file(file)
    assert len(found.sent) == sent


def test_another_kind_of_card_says_nothing_of_the_reader() -> None:
    channel = Channel(CardThat(lambda _: b"\x6d\x00"))
    with pytest.raises(errors.NoResidenceCard):
        ResidenceCard(channel)
    assert channel.profile.extended_length is None


def test_after_a_wrong_number_it_needs_one() -> None:
    _, channel, _ = counted()
    session = opened(channel)
    with pytest.raises(errors.CardNumberIncorrect):
        session.authenticate(OTHER_NUMBER, ENTROPY)
    with pytest.raises(errors.UsageError):
        session.read_file(First.FRONT)


def test_entropy_has_24_bytes_and_nothing_is_sent_before_it_is_looked_at() -> None:
    found, channel, _ = counted()
    session = ResidenceCard(channel)
    sent = len(found.sent)
    with pytest.raises(errors.UsageError):
        session.authenticate(NUMBER, bytes(16))
    assert len(found.sent) == sent


# --- in the clear ----------------------------------------------------------------------------------------------


def test_what_the_card_sends_in_the_clear_is_the_same() -> None:
    found, channel, _ = counted()
    session = opened(channel)
    for file in (First.ADDRESS, First.EXTENSION, First.SIGNATURE):
        assert session.read_file(file, encrypted=False) == session.read_file(file)
    assert {wire[0] for wire in found.sent if wire[1] == 0xB0} == {0x00, 0x08}


def test_images_do_not_come_in_the_clear_and_nothing_is_sent() -> None:
    found, channel, _ = counted()
    session = opened(channel)
    sent = len(found.sent)
    with pytest.raises(errors.UsageError):
        session.read_file(First.FRONT, encrypted=False)
    assert len(found.sent) == sent


# --- other cards -----------------------------------------------------------------------------------------------


def test_an_individual_number_card_is_none() -> None:
    with pytest.raises(errors.NoResidenceCard):
        ResidenceCard(new_card())


def test_a_specified_card_is_recognised_and_no_more() -> None:
    with pytest.raises(errors.NotPublicError, match="not public"):
        ResidenceCard(new_card(persona=PERSONAS["specified-residence-card"]))


@pytest.mark.parametrize("type_", ["3037", "3038"])
def test_a_card_that_says_that_it_is_a_specified_one_is_believed(type_: str) -> None:
    script: list[tuple[str, Answer]] = [("00A40000023F00", "9000"), ("00B08A00000000", f"C102{type_}9000")]
    with pytest.raises(errors.NotPublicError, match="not public"):
        ResidenceCard(ScriptedCard(script))


@pytest.mark.parametrize("answer", ["C1013390 00", "9000", "5A9000", "C102303990 00", "C1010031310000009000"])
def test_a_card_that_says_no_type_is_an_error(answer: str) -> None:
    script: list[tuple[str, Answer]] = [("00A40000023F00", "9000"), ("00B08A00000000", answer.replace(" ", ""))]
    with pytest.raises(errors.CardDataError):
        ResidenceCard(ScriptedCard(script))


# --- what was selected since -----------------------------------------------------------------------------------


def test_something_else_selected_ends_the_session() -> None:
    found, channel, _ = counted()
    session = opened(channel)
    with contextlib.suppress(errors.CardError):
        channel.send(LOG_OUT)
    sent = len(found.sent)
    for use in (
        lambda: session.read_file(First.FRONT), session.read, session.specification_version,
        lambda: session.authenticate(NUMBER, ENTROPY),
    ):  # fmt: skip
        with pytest.raises(errors.SessionEndedError):
            use()
    assert len(found.sent) == sent


def test_a_second_session_on_the_channel_ends_the_first() -> None:
    _, channel, _ = counted()
    first = opened(channel)
    opened(channel)
    with pytest.raises(errors.SessionEndedError):
        first.read_file(First.FRONT)


# --- what can come back ----------------------------------------------------------------------------------------


class Tampered(CardThat):
    """A residence card whose answers *change* makes others of, by the number of the command and its bytes."""

    def __init__(self, change: Callable[[bytes, bytes], Answer], name: str = FIRST) -> None:
        self.inside = card(name)
        super().__init__(lambda wire: change(wire, self.inside.transmit(wire)))


def is_read(wire: bytes) -> bool:
    return wire[:3] == b"\x08\xb0\x85"


def key_of(tampered: Tampered) -> secure.Sealing:
    assert tampered.inside.state.session is not None
    return tampered.inside.state.session


def failing(change: Callable[[bytes, bytes], Answer], profile: CardProfile = EXTENDED) -> errors.MynacardError:
    with pytest.raises(errors.MynacardError) as caught:
        opened(Channel(Tampered(change), profile)).read()
    assert leaks(caught.value, NUMBER.reveal().decode()) == []
    return caught.value


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda answer: answer[:100] + b"\x90\x00", errors.TlvError),
        (lambda answer: answer[:-2] + b"\x00\x90\x00", errors.TlvError),
        (lambda answer: b"\x87" + answer[1:], errors.ProtocolError),
        (lambda answer: answer[:4] + b"\x02" + answer[5:], errors.ProtocolError),
        (lambda answer: answer[:-3] + bytes((answer[-3] ^ 0x80,)) + b"\x90\x00", errors.ProtocolError),
        (lambda answer: b"\x90\x00", errors.CardDataError),
        (lambda answer: b"\x90", errors.OutcomeUnknownError),
        (lambda answer: b"", errors.OutcomeUnknownError),
        (lambda answer: b"\x62\x83", errors.CardError),
        (lambda answer: b"\x69\x82", errors.SecurityStatusNotSatisfied),
        (lambda answer: b"\x69\x88", errors.CardError),
        (lambda answer: answer[:-2] + b"\x61\x00", errors.CardError),
    ],
    ids=["cut", "longer", "tag", "indicator", "last-block", "empty", "one-byte", "nothing", "blocked", "not-open",
         "object", "more"],
)  # fmt: skip
def test_an_answer_to_reading_that_is_none_is_a_typed_error(
    change: Callable[[bytes], bytes], kind: type[errors.MynacardError]
) -> None:
    error = failing(lambda wire, answer: change(answer) if is_read(wire) else answer)
    assert isinstance(error, kind)


@pytest.mark.parametrize("length", [7000, 7003, 7005, 7011])
def test_a_file_of_another_length_is_an_error(length: int) -> None:
    def change(wire: bytes, answer: bytes) -> bytes:
        if not is_read(wire):
            return answer
        content = files().content[First.FRONT].ljust(length, b"\0")[:length]
        return bytes(secure.protect_response(secure.ResponseApdu(content), key_of(tampered)))

    tampered = Tampered(change)
    with pytest.raises(errors.CardDataError):
        opened(Channel(tampered, EXTENDED)).read()


@pytest.mark.parametrize(
    "change", [lambda answer: answer[:-3] + b"\x90\x00", lambda answer: answer[:-2] + b"\0\x90\x00"]
)
def test_a_challenge_of_another_length_is_an_error(change: Callable[[bytes], bytes]) -> None:
    tampered = Tampered(lambda wire, answer: change(answer) if wire[1] == 0x84 else answer)
    with pytest.raises(errors.ProtocolError):
        opened(Channel(tampered))
    assert not tampered.verifies


def test_a_card_that_does_not_know_the_number_is_not_shown_it() -> None:
    """It answers with a key of its own, with the challenge of another time, or with its own instead of ours."""
    suite = SUITES[1]
    other, right = NumberKey.of(suite, OTHER_NUMBER), NumberKey.of(suite, NUMBER)
    own = Half.of(bytes(range(100, 124)))
    for token in (other.token(own, ENTROPY[:8]), right.token(own, bytes(8)), right.token(own, ENTROPY[:8]), bytes(40)):
        tampered = Tampered(lambda wire, answer, token=token: token + b"\x90\x00" if wire[1] == 0x82 else answer)  # type: ignore[misc]
        with pytest.raises(errors.ProtocolError):
            opened(Channel(tampered))
        assert not tampered.verifies


@pytest.mark.parametrize("at", range(16))
@pytest.mark.parametrize("kind", [errors.CardRemovedError, errors.CardResetError, errors.OutcomeUnknownError])
def test_a_card_pulled_at_any_moment_is_what_it_is(at: int, kind: type[errors.ReaderError]) -> None:
    count = 0

    def change(_: bytes, answer: bytes) -> Answer:
        nonlocal count
        count += 1
        return kind("It is gone.") if count == at + 1 else answer

    tampered = Tampered(change)
    if kind is errors.OutcomeUnknownError and at in {0, 1}:
        assert opened(Channel(tampered)).read().missing == ()  # a reader that chokes on the first long command
        return
    with pytest.raises(kind) as caught:
        opened(Channel(tampered)).read()
    assert leaks(caught.value, NUMBER.reveal().decode()) == []
    assert len(tampered.verifies) <= 1
    assert len(tampered.sent) == at + 1


@pytest.mark.parametrize("name", BOTH)
def test_an_answer_that_a_reader_cuts_off_is_read_again_in_blocks(name: str) -> None:
    """A reader that says that it passes long answers, and passes 256 bytes: nothing that was opened is lost."""
    tampered = Tampered(lambda wire, answer: answer[:-2][:256] + answer[-2:], name)
    channel = Channel(tampered)
    read_whole(channel, tampered.inside)
    assert channel.profile.extended_length is False
    assert len(tampered.verifies) == 1


def test_a_reader_that_refuses_long_answers_is_read_in_blocks() -> None:
    def change(wire: bytes, answer: bytes) -> bytes:
        return b"\x67\x00" if len(answer) > 258 else answer

    tampered = Tampered(change)
    read_whole(Channel(tampered), tampered.inside)


def test_a_file_that_the_card_does_not_have_is_left_out() -> None:
    tampered = Tampered(lambda wire, answer: b"\x6a\x82" if wire[:3] == b"\x08\xb0\x83" else answer, SECOND)
    found = opened(Channel(tampered)).read()
    assert Second.ENTRIES in found.missing  # SFI 3 of DF1 …
    assert Second.OTHER in found.missing  # … and of DF2


def test_a_block_that_is_shorter_than_asked_is_an_error() -> None:
    count = 0

    def change(wire: bytes, answer: bytes) -> bytes:
        nonlocal count
        count += wire[:2] == b"\x08\xb0"
        if count != 3:
            return answer
        return bytes(secure.protect_response(secure.ResponseApdu(bytes(10)), key_of(tampered)))

    tampered = Tampered(change)
    with pytest.raises(errors.CardDataError):
        opened(Channel(tampered, SHORT)).read()
    assert len(tampered.sent) < 20


@settings(max_examples=examples(60))
@given(st.lists(st.binary(max_size=60), min_size=1, max_size=12))
def test_any_answers_end_in_a_result_or_an_error_of_ours(answers: list[bytes]) -> None:
    given = iter(answers * 40)
    hostile = CardThat(lambda _: next(given))
    try:
        opened(Channel(hostile)).read()
    except errors.MynacardError as error:
        assert leaks(error, NUMBER.reveal().decode()) == []
    assert len(hostile.sent) < 120


@settings(max_examples=examples(40), deadline=None)
@given(st.data())
def test_any_answer_in_place_of_one_ends_in_a_result_or_an_error_of_ours(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, 16))
    instead = data.draw(st.binary(max_size=300))
    count = 0

    def change(_: bytes, answer: bytes) -> bytes:
        nonlocal count
        count += 1
        return instead if count == at + 1 else answer

    tampered = Tampered(change)
    with contextlib.suppress(errors.MynacardError):
        opened(Channel(tampered)).read()
    assert len(tampered.verifies) <= 1
    assert len(tampered.sent) < 120


def test_no_persona_needs_more_than_18() -> None:
    for name in RESIDENCE_PERSONAS:
        found, channel, _ = counted(name)
        opened(channel).read()
        assert len(found.sent) <= 18
