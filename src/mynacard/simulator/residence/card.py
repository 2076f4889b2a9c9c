"""A residence card in memory, of either generation: bytes in, bytes out, refusing as the specification has it.

Where it is silent the simulator chooses, and marks what it chose.

Source: the specification (mynacard/residence/layout.py names it) §4, table 4-5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu import secure
from mynacard.apdu.commands import (
    Command,
    GetChallenge,
    MutualAuthenticate,
    Part,
    ReadBinary,
    ReadBinarySfi,
    SelectDf,
    SelectEf,
    SelectMfByFileId,
    Verify,
    VerifyStatus,
    decode,
)
from mynacard.apdu.message import CommandApdu, ResponseApdu, case_on_wire
from mynacard.apdu.status import StatusWord
from mynacard.errors import ProtocolError, UnintelligibleError
from mynacard.pin import Pin
from mynacard.residence.agreement import CHALLENGE_LENGTH, ENTROPY_LENGTH, Half, NumberKey, session_key
from mynacard.residence.card import SUITES
from mynacard.residence.layout import LAYOUTS, MASTER_FILE, NUMBER_KEY, Access, CardType, File
from mynacard.residence.messaging import SessionKey
from mynacard.residence.number import CardNumber
from mynacard.simulator.choices import chosen
from mynacard.simulator.refusal import DONE, REFUSALS, Refused, status_only
from mynacard.simulator.traits import Personality, Traits

__all__ = ["ResidenceState", "SimulatedResidenceCard"]

_NAME_LENGTH: Final = 16
_KEY_PARAMETERS: Final = (0x00, 0x80 | NUMBER_KEY)
_SELECT, _VERIFY, _CHALLENGE, _AUTHENTICATE, _READ = 0xA4, 0x20, 0x84, 0x82, 0xB0
_SELECTIONS: Final = frozenset({(0x00, 0x00), (0x04, 0x0C), (0x02, 0x0C)})
"""P1-P2 of SELECT: the MF, a DF by its name, and an EF by its identifier (second generation)."""
_KNOWN: Final = frozenset({_SELECT, _VERIFY, _CHALLENGE, _AUTHENTICATE, _READ})
_BY_LC: Final = frozenset({_SELECT, _VERIFY})
"""Commands whose data field ends where Lc says; the card ignores what follows."""
_PART_OF_A_NAME: Final = chosen(StatusWord.LENGTH_CONTRADICTS_P1_P2, "a part of a DF name")
_NOT_SECURELY: Final = chosen(
    StatusWord.SECURE_MESSAGING_NOT_SUPPORTED, "SELECT, GET CHALLENGE, MUTUAL AUTHENTICATE under secure messaging"
)
_NOT_SO: Final = chosen(
    StatusWord.CONDITIONS_NOT_SATISFIED, "VERIFY in the clear or without data, or anything encrypted without a session"
)
_NO_CHALLENGE: Final = chosen(
    StatusWord.CONDITIONS_NOT_SATISFIED,
    "a command between GET CHALLENGE and MUTUAL AUTHENTICATE",
    "the challenge is gone: '6985'",
    "A that it is, ? the status word",
)
_WRONG_PADDING: Final = chosen(StatusWord.SECURE_MESSAGING_OBJECT_WRONG, "wrong padding under secure messaging")
_NO_ROOM: Final = chosen(StatusWord.WRONG_LENGTH, "an answer under secure messaging that has no room")
_AT_THE_END: Final = chosen(StatusWord.OFFSET_OUTSIDE_FILE, "an offset equal to the size")
_BY_IDENTIFIER: Final = chosen(
    StatusWord.FILE_NOT_FOUND,
    "second generation: SELECT of an EF by identifier",
    certainty="? (the specification has it, and names no identifier)",
)


@dataclass(frozen=True, slots=True)
class ResidenceState:
    """The state that a power-off clears. *challenge* is the one that was fetched just before."""

    df: bytes = MASTER_FILE
    ef: File | None = None
    challenge: bytes | None = None
    session: SessionKey | None = None
    number_presented: bool = False


class SimulatedResidenceCard:
    """A simulated residence card, powered on. A :class:`~mynacard.apdu.message.Card`.

    Args:
        type: the type of card.
        number: the number that opens it.
        files: the contents of its files. A file that is not there is not on the card.
        traits: how it behaves.
        random_bytes: the source of challenges and halves of keys; zeros by default.
    """

    def __init__(
        self,
        type: CardType,  # as the card's file has it
        number: CardNumber,
        files: Mapping[File, bytes],
        traits: Traits,
        random_bytes: Callable[[int], bytes] = bytes,
    ) -> None:
        self.type = type
        self.traits = traits
        self._key = NumberKey.of(SUITES[type.generation], number)
        self._number = number
        self.files = files
        self._named = {(file.df, file.sfi): file for file in LAYOUTS[type] if file in files}
        self._dfs = frozenset(file.df for file in LAYOUTS[type])
        self._random_bytes = random_bytes
        self.state = ResidenceState()

    # --- contacts ---

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self.traits.atr

    def power_on(self) -> bytes:
        """Power it on, or reset it cold: nothing is open. Returns the ATR."""
        self.state = ResidenceState()
        return self.atr

    def power_off(self) -> None:
        """Power it off: nothing stays open."""
        self.state = ResidenceState()

    def reset(self) -> bytes:
        """Reset it warm: the card's personality decides what stays. Returns the ATR."""
        match self.traits.personality:
            case Personality.STRICT:
                self.state = chosen(ResidenceState(), "a warm reset, `strict`", "as after power-off")
            case Personality.OBSERVED:
                self.state = chosen(
                    replace(self.state, ef=None, challenge=None),
                    "a warm reset, `observed`",
                    "all stays open but the current EF and a challenge",
                )
        return self.atr

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU to any bytes at all."""
        try:
            return bytes(self._answer(command))
        except Refused as refused:
            return bytes(refused.response)

    # --- commands ---

    def _answer(self, wire: bytes) -> ResponseApdu:
        state, self.state = self.state, replace(self.state, challenge=None)  # valid for the next command only
        if not self.traits.extended_length and case_on_wire(wire).extended:
            raise Refused(StatusWord.WRONG_LENGTH)
        try:
            apdu = CommandApdu.parse(_by_lc(wire))
        except ProtocolError:
            raise Refused(StatusWord.WRONG_LENGTH) from None
        _check_header(apdu)
        if apdu.cla == secure.CLA:
            return self._securely(apdu)
        return self._perform(apdu, state.challenge, encrypted=False)

    def _securely(self, apdu: CommandApdu) -> ResponseApdu:
        """A command under secure messaging."""
        if apdu.ins not in {_VERIFY, _READ}:
            raise Refused(_NOT_SECURELY)
        if (apdu.p1, apdu.p2) != _KEY_PARAMETERS and apdu.ins == _VERIFY:
            raise Refused(StatusWord.WRONG_P1_P2)
        session = self.state.session
        if session is None:
            raise Refused(_NOT_SO)
        try:
            command = secure.open_command(apdu, session)
        except ProtocolError:
            raise Refused(_WRONG_PADDING) from None
        response = secure.protect_response(self._perform(command, None, encrypted=True), session)
        if len(response.data) > apdu.ne:
            raise Refused(_NO_ROOM)
        return response

    def _perform(self, apdu: CommandApdu, challenge: bytes | None, *, encrypted: bool) -> ResponseApdu:
        try:
            command = decode(apdu)
        except UnintelligibleError as error:
            raise Refused(REFUSALS[Part(error.part)]) from None
        return self._execute(command, challenge, encrypted=encrypted)

    def _execute(self, command: Command, challenge: bytes | None, *, encrypted: bool) -> ResponseApdu:
        match command:
            case SelectMfByFileId():
                return self._select(MASTER_FILE)
            case SelectDf(name):
                if len(name) != _NAME_LENGTH:
                    raise Refused(_PART_OF_A_NAME)
                return self._select(name)
            case SelectEf() if self.type.generation > 1:
                raise Refused(_BY_IDENTIFIER)
            case GetChallenge(ne):
                return self._challenge(ne)
            case MutualAuthenticate(token):
                return self._authenticate(token, challenge)
            case Verify(key, number):
                if not encrypted or key != NUMBER_KEY:
                    raise Refused(_not_this_way(key))
                return self._verify(number)
            case VerifyStatus(key):
                raise Refused(_not_this_way(key))
            case ReadBinary(offset, ne):
                if self.state.ef is None:
                    raise Refused(StatusWord.NO_FILE_SELECTED)
                return self._read(self.state.ef, offset, ne, encrypted=encrypted)
            case ReadBinarySfi(sfi, offset, ne):
                file = self._named.get((self.state.df, sfi))
                if file is None:
                    raise Refused(StatusWord.FILE_NOT_FOUND)
                return self._read(file, offset, ne, encrypted=encrypted)
            case _:
                raise Refused(StatusWord.WRONG_P1_P2)

    def _select(self, df: bytes) -> ResponseApdu:
        if df not in self._dfs:
            raise Refused(StatusWord.FILE_NOT_FOUND)
        self.state = chosen(
            replace(self.state, df=df, ef=None),
            "SELECT of the MF or a DF",
            "ends nothing but the current EF",
            "A (session), D",
        )
        return DONE

    def _challenge(self, ne: int) -> ResponseApdu:
        if ne != CHALLENGE_LENGTH:
            raise Refused(StatusWord.WRONG_LENGTH)
        challenge = self._random_bytes(CHALLENGE_LENGTH)
        self.state = replace(self.state, challenge=challenge)
        return ResponseApdu(challenge)

    def _authenticate(self, token: bytes, challenge: bytes | None) -> ResponseApdu:
        """MUTUAL AUTHENTICATE; a failure ends the previous session, and no try is counted."""
        if challenge is None:
            raise Refused(_NO_CHALLENGE)
        self.state = chosen(
            replace(self.state, session=None),
            "MUTUAL AUTHENTICATE fails",
            "'6300', and a session that was ends",
            "A, ?",
        )
        try:
            terminal = self._key.open(token, challenge)
        except ProtocolError:
            raise Refused(StatusWord.VERIFICATION_FAILED) from None
        own = Half.of(challenge + self._random_bytes(ENTROPY_LENGTH - CHALLENGE_LENGTH))
        self.state = chosen(
            replace(self.state, session=session_key(self._key.suite, own, terminal)),
            "MUTUAL AUTHENTICATE succeeds",
            "a number that was presented stays so",
        )
        return ResponseApdu(self._key.token(own, terminal.challenge))

    def _verify(self, number: Pin) -> ResponseApdu:
        """VERIFY: its result replaces the previous one, and no try is counted."""
        if len(number) != len(self._number):
            raise Refused(StatusWord.SECURE_MESSAGING_OBJECT_WRONG)
        presented = number == self._number
        self.state = replace(self.state, number_presented=presented)
        return DONE if presented else status_only(StatusWord.VERIFICATION_FAILED)

    def _read(self, file: File, offset: int, ne: int, *, encrypted: bool) -> ResponseApdu:
        if file.access is not Access.FREE and not self.state.number_presented:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if file.access is Access.NUMBER_AND_MESSAGING and not encrypted:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        content = self.files[file]
        if offset >= len(content):
            raise Refused(_AT_THE_END)
        self.state = replace(self.state, ef=file)
        return ResponseApdu(content[offset : offset + ne])


def _check_header(apdu: CommandApdu) -> None:
    if apdu.cla & 0xFC in {0x00, 0x08} and apdu.cla & 0x03:
        raise Refused(StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED)
    if apdu.cla not in {0x00, secure.CLA}:
        raise Refused(StatusWord.UNKNOWN_CLA)
    if apdu.ins not in _KNOWN:
        raise Refused(StatusWord.UNKNOWN_INS)
    if apdu.ins == _SELECT and (apdu.p1, apdu.p2) not in _SELECTIONS:
        raise Refused(StatusWord.WRONG_P1_P2)


def _not_this_way(key: int) -> int:
    """The refusal of VERIFY of *key* in the clear, and of any query of its state."""
    return _NOT_SO if key == NUMBER_KEY else StatusWord.WRONG_P1_P2


def _by_lc(wire: bytes) -> bytes:
    """*wire* up to the end of the data field that a short Lc names, for commands whose rest the card ignores."""
    if len(wire) > 5 and wire[1] in _BY_LC and wire[4]:
        return wire[: 5 + wire[4]]
    return wire
