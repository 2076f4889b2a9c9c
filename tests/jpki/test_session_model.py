"""Sessions beside a model of three lines, and with cards that answer anything at all."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from mynacard import errors
from mynacard.apdu import Blocked, CardProfile, Channel, TriesLeft
from mynacard.jpki import (
    DIGITAL_SIGNATURE,
    KEY_PAIRS,
    USER_AUTHENTICATION,
    HashAlgorithm,
    JpkiSession,
    KeyPair,
    authentication,
)
from mynacard.simulator import Personality, SimulatedCard, Traits
from tests.extent import examples
from tests.jpki.cards import (
    DONE,
    NONCE,
    ORIGIN,
    card_with,
    certificate_of,
    counted,
    is_extended,
    is_select_df,
    pin,
    public_key_of,
    tries,
)
from tests.jpki.test_session import DOCUMENT, METHODS, sign_with
from tests.support import Answer, CardThat, leaks

# --- stateful -------------------------------------------------------------------------------------------------


class SessionBesideModel(RuleBasedStateMachine):
    """Session and card, led through PINs, resets and SELECTs; the model is the tries and who is logged in."""

    @initialize(personality=st.sampled_from(list(Personality)), extended=st.booleans())
    def begin(self, personality: Personality, extended: bool) -> None:
        self.inner: SimulatedCard = card_with(traits=Traits(personality, extended))
        self.card = counted(self.inner)
        self.channel = Channel(self.card)
        self.keeps = personality is Personality.OBSERVED
        self.left = {pair: pair.pin.tries for pair in KEY_PAIRS}
        self.open: set[KeyPair] = set()
        self.selected = True
        self.session = JpkiSession(self.channel)

    @rule(pair=st.sampled_from(KEY_PAIRS), right=st.booleans(), last=st.booleans())
    def verify(self, pair: KeyPair, right: bool, last: bool) -> None:
        secret = pin(pair) if right else {3: "9999", 5: "WRONG99"}[pair.pin.tries]
        verifies = len(self.card.verifies)
        try:
            self.session.verify(pair, secret, spend_last_try=last)
        except errors.PinBlocked:
            assert self.selected
            if self.left[pair]:
                assert (self.left[pair], last, right) == (1, True, False)
                self._wrong(pair)
        except errors.PinIncorrect as error:
            assert self.selected
            assert not right
            self._wrong(pair)
            assert error.tries_left == self.left[pair]
        except errors.LastTryError:
            assert (self.left[pair], last, self.selected) == (1, False, True)
            assert len(self.card.verifies) == verifies
        except (errors.SessionEndedError, errors.FileNotFound):
            assert not self.selected
            assert len(self.card.verifies) == verifies
        else:
            assert right
            assert self.selected
            assert self.left[pair] > (0 if last else 1)
            self.left[pair] = pair.pin.tries
            self.open.add(pair)
        assert len(self.card.verifies) <= verifies + 1

    def _wrong(self, pair: KeyPair) -> None:
        self.left[pair] -= 1
        self.open.discard(pair)

    @rule(pair=st.sampled_from(KEY_PAIRS))
    def sign(self, pair: KeyPair) -> None:
        try:
            made = sign_with(self.session, pair)
        except errors.SecurityStatusNotSatisfied:
            assert self.selected
            assert pair not in self.open
        except (errors.SessionEndedError, errors.FileNotFound):
            assert not self.selected
        else:
            assert self.selected
            assert pair in self.open
            data = HashAlgorithm.SHA256.digest(DOCUMENT)
            data = data if pair is DIGITAL_SIGNATURE else authentication.digest(ORIGIN, NONCE)
            public_key_of(pair).verify(made, data, padding.PKCS1v15(), Prehashed(hashes.SHA256()))

    @rule(pair=st.sampled_from(KEY_PAIRS))
    def ask(self, pair: KeyPair) -> None:
        try:
            status = self.session.pin_status(pair)
        except (errors.SessionEndedError, errors.FileNotFound):
            assert not self.selected
        else:
            assert self.selected
            match status:
                case TriesLeft(count):
                    assert count == self.left[pair]
                case _:
                    assert isinstance(status, Blocked)
                    assert self.left[pair] == 0

    @rule()
    def select_again(self) -> None:
        """Which is no log-out."""
        self.session = JpkiSession(self.channel)
        self.selected = True

    @rule()
    def log_out(self) -> None:
        try:
            self.session.log_out()
        except errors.SessionEndedError:
            assert not self.selected
        self.selected = False
        self.open.clear()

    @rule()
    def warm_reset(self) -> None:
        self.inner.reset()
        if not self.keeps:
            self.selected = False
            self.open.clear()

    @rule()
    def power_cycle(self) -> None:
        self.inner.power_off()
        self.inner.power_on()
        self.selected = False
        self.open.clear()

    @invariant()
    def the_chip_agrees(self) -> None:
        if hasattr(self, "inner"):
            assert tries(self.inner) == (self.left[USER_AUTHENTICATION], self.left[DIGITAL_SIGNATURE])
            assert self.inner.state.verified == {pair.pin.key for pair in self.open}


TestSessionBesideModel = SessionBesideModel.TestCase
TestSessionBesideModel.settings = settings(max_examples=examples(60), stateful_step_count=30)

# --- hostile --------------------------------------------------------------------------------------------------

APDUS_MAX = 100
DRIBBLING_MAX = 400
"""For a card that announces more and more ('61XX'): a bound there is, though a higher one."""

WORDS = st.sampled_from(
    [0x9000, 0x9000, 0x9000, 0x6C00, 0x6C10, 0x63C0, 0x63C1, 0x63C3, 0x63CF, 0x6300, 0x6982, 0x6983, 0x6984, 0x6981]
    + [0x6986, 0x6A81, 0x6A82, 0x6A86, 0x6A88, 0x6B00, 0x6700, 0x6F00, 0x0000, 0xFFFF]
).map(lambda word: word.to_bytes(2, "big"))
MORE = st.sampled_from([b"\x61\x00", b"\x61\x01", b"\x61\xff"])
HEADS = st.sampled_from(
    [b"", b"\x30\x82\x1f\xfc", b"\x30\x82\x04\x00", b"\x30\x82\xff\xff", b"\x30\x80", b"\x8f\x8f\x00"]
)
DATA = st.builds(lambda head, rest: head + bytes(rest), HEADS, st.sampled_from([0, 1, 3, 100, 252, 256, 1000, 9000]))
FAILURES = st.sampled_from([errors.CardRemovedError, errors.CardResetError, errors.OutcomeUnknownError]).map(
    lambda failure: failure("The reader says so.")
)
CERTIFICATE = st.sampled_from(KEY_PAIRS).map(lambda pair: certificate_of(pair).ljust(2048, b"\xff") + DONE)


def answers(words: st.SearchStrategy[bytes]) -> st.SearchStrategy[Answer]:
    return st.one_of(words, st.builds(bytes.__add__, DATA, words), st.binary(max_size=300), FAILURES, CERTIFICATE)


def hostile(script: list[Answer], select: bool) -> CardThat:
    """Says these in turn, over and over; to READ BINARY and '80 2A' no more than was asked for, so that it goes on."""
    turn = iter(range(1 << 30))

    def answer(command: bytes) -> Answer:
        said = script[next(turn) % len(script)]
        if select and is_select_df(command):
            return DONE
        if isinstance(said, bytes) and len(said) > 2 and command[1] in {0xB0, 0x2A, 0xC0}:
            ne = int.from_bytes(command[4 if len(command) <= 7 else -1 :], "big") or (
                65536 if is_extended(command) else 256
            )
            return said[:-2][:ne] + said[-2:]
        return said

    return CardThat(answer)


def is_survived(method: str, script: list[Answer], select: bool, profile: CardProfile, limit: int) -> None:
    card = hostile(script, select)
    try:
        METHODS[method](JpkiSession(Channel(card, profile)))
    except errors.MynacardError as error:
        assert leaks(error) == []
    assert len(card.sent) <= limit
    assert len(card.verifies) <= 1


PROFILES = st.builds(CardProfile, st.sampled_from([None, True, False]))


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=examples(150))
@given(script=st.lists(answers(WORDS), min_size=1, max_size=6), select=st.booleans(), profile=PROFILES)
@example(script=[b"\x30\x82\x1f\xfc\x00\x90\x00"], select=True, profile=CardProfile())
@example(script=[b"\x30\x82\x1f\xfc" + bytes(252) + DONE], select=True, profile=CardProfile(extended_length=False))
@example(script=[b"\x6a\x86", DONE, b"\x30\x82\x1f\xfc" + bytes(252) + DONE], select=True, profile=CardProfile())
def test_a_hostile_card_is_survived(method: str, script: list[Answer], select: bool, profile: CardProfile) -> None:
    is_survived(method, script, select, profile, APDUS_MAX)


@pytest.mark.parametrize("method", METHODS)
@settings(max_examples=examples(60))
@given(script=st.lists(answers(WORDS | MORE), min_size=1, max_size=6), select=st.booleans(), profile=PROFILES)
@example(script=[b"\x30\x61\x01"], select=True, profile=CardProfile())
@example(script=[b"\x30\x82\x1f\xfc", b"\x00\x61\x01"], select=True, profile=CardProfile(extended_length=False))
def test_a_dribbling_card_is_survived(method: str, script: list[Answer], select: bool, profile: CardProfile) -> None:
    is_survived(method, script, select, profile, DRIBBLING_MAX)
