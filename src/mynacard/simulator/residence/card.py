"""A residence card in memory, of either generation: bytes in, bytes out, refusing as the specification has it.

Where it is silent the simulator chooses; docs/residence.md lists the choices, and each is marked here.

Source: the specification (mynacard/residence/layout.py names it) §4, table 4-5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

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
from mynacard.simulator.traits import Personality, Traits

__all__ = ["ResidenceState", "SimulatedResidenceCard"]

_NAME_LENGTH: Final = 16
_KEY_PARAMETERS: Final = (0x00, 0x80 | NUMBER_KEY)
_SELECT, _VERIFY, _CHALLENGE, _AUTHENTICATE, _READ = 0xA4, 0x20, 0x84, 0x82, 0xB0
_SELECTIONS: Final = frozenset({(0x00, 0x00), (0x04, 0x0C), (0x02, 0x0C)})
"""P1-P2 of SELECT: the MF, a DF by its name, and an EF by its identifier, which the first generation has not."""
_KNOWN: Final = frozenset({_SELECT, _VERIFY, _CHALLENGE, _AUTHENTICATE, _READ})
_BY_LC: Final = frozenset({_SELECT, _VERIFY})
"""Commands of which the card takes so much as Lc says, and leaves aside what follows."""
_REFUSALS: Final = {Part.CLA: 0x6E00, Part.INS: 0x6D00, Part.P1_P2: 0x6A86, Part.LENGTH: 0x6700}
_DONE: Final = ResponseApdu()


@dataclass(frozen=True, slots=True)
class ResidenceState:
    """What a power-off forgets: the current DF and EF, the challenge that was just fetched, the session, the number."""

    df: bytes = MASTER_FILE
    ef: File | None = None
    challenge: bytes | None = None
    session: SessionKey | None = None
    number_presented: bool = False


class _Refused(Exception):  # a refusal is an answer, not an error
    def __init__(self, status: int) -> None:
        self.response = ResponseApdu(status=StatusWord(status))


class SimulatedResidenceCard:
    """A simulated residence card, powered on. A :class:`~mynacard.apdu.message.Card`.

    Args:
        type: which card.
        number: what opens it.
        files: what is on it. A file that is not there is not on the card.
        traits: how it behaves.
        random_bytes: where challenges and halves of keys come from; zeros without it.
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
        """Power, or a cold reset: nothing is open. Returns the ATR."""
        self.state = ResidenceState()
        return self.atr

    def power_off(self) -> None:
        """No power: what was opened is forgotten."""
        self.state = ResidenceState()

    def reset(self) -> bytes:
        """A warm reset, which leaves what the card's personality says (choice). Returns the ATR."""
        match self.traits.personality:
            case Personality.STRICT:
                self.state = ResidenceState()
            case Personality.OBSERVED:
                self.state = replace(self.state, ef=None, challenge=None)
        return self.atr

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU to any bytes at all."""
        try:
            return bytes(self._answer(command))
        except _Refused as refused:
            return bytes(refused.response)

    # --- commands ---

    def _answer(self, wire: bytes) -> ResponseApdu:
        state, self.state = self.state, replace(self.state, challenge=None)  # good for the very next command alone
        if not self.traits.extended_length and case_on_wire(wire).extended:
            raise _Refused(0x6700)
        try:
            apdu = CommandApdu.parse(_by_lc(wire))
        except ProtocolError:
            raise _Refused(0x6700) from None
        _check_header(apdu)
        if apdu.cla == secure.CLA:
            return self._securely(apdu)
        return self._perform(apdu, state.challenge, encrypted=False)

    def _securely(self, apdu: CommandApdu) -> ResponseApdu:
        """A command under secure messaging."""
        if apdu.ins not in {_VERIFY, _READ}:
            raise _Refused(0x6882)  # choice
        if (apdu.p1, apdu.p2) != _KEY_PARAMETERS and apdu.ins == _VERIFY:
            raise _Refused(0x6A86)
        session = self.state.session
        if session is None:
            raise _Refused(0x6985)  # choice
        try:
            command = secure.open_command(apdu, session)
        except ProtocolError:
            raise _Refused(0x6988) from None
        response = secure.protect_response(self._perform(command, None, encrypted=True), session)
        if len(response.data) > apdu.ne:
            raise _Refused(0x6700)  # choice: what is wanted does not fit into what may come
        return response

    def _perform(self, apdu: CommandApdu, challenge: bytes | None, *, encrypted: bool) -> ResponseApdu:
        try:
            command = decode(apdu)
        except UnintelligibleError as error:
            raise _Refused(_REFUSALS[Part(error.part)]) from None
        return self._execute(command, challenge, encrypted=encrypted)

    def _execute(self, command: Command, challenge: bytes | None, *, encrypted: bool) -> ResponseApdu:
        match command:
            case SelectMfByFileId():
                return self._select(MASTER_FILE)
            case SelectDf(name):
                if len(name) != _NAME_LENGTH:
                    raise _Refused(0x6A87)  # choice: a beginning of a name selects nothing
                return self._select(name)
            case SelectEf() if self.type.generation > 1:
                raise _Refused(0x6A82)  # choice: that there is such a SELECT is told, and no identifier
            case GetChallenge(ne):
                return self._challenge(ne)
            case MutualAuthenticate(token):
                return self._authenticate(token, challenge)
            case Verify(key, number):
                if not encrypted or key != NUMBER_KEY:
                    raise _Refused(0x6985 if key == NUMBER_KEY else 0x6A86)  # choice: in the clear
                return self._verify(number)
            case VerifyStatus(key):
                raise _Refused(0x6985 if key == NUMBER_KEY else 0x6A86)  # choice: it tells nothing
            case ReadBinary(offset, ne):
                if self.state.ef is None:
                    raise _Refused(0x6986)
                return self._read(self.state.ef, offset, ne, encrypted=encrypted)
            case ReadBinarySfi(sfi, offset, ne):
                file = self._named.get((self.state.df, sfi))
                if file is None:
                    raise _Refused(0x6A82)
                return self._read(file, offset, ne, encrypted=encrypted)
            case _:
                raise _Refused(0x6A86)

    def _select(self, df: bytes) -> ResponseApdu:
        if df not in self._dfs:
            raise _Refused(0x6A82)
        self.state = replace(self.state, df=df, ef=None)
        return _DONE

    def _challenge(self, ne: int) -> ResponseApdu:
        if ne != CHALLENGE_LENGTH:
            raise _Refused(0x6700)
        challenge = self._random_bytes(CHALLENGE_LENGTH)
        self.state = replace(self.state, challenge=challenge)
        return ResponseApdu(challenge)

    def _authenticate(self, token: bytes, challenge: bytes | None) -> ResponseApdu:
        """MUTUAL AUTHENTICATE; one that fails ends the session that was (choice), and none counts."""
        if challenge is None:
            raise _Refused(0x6985)  # choice of the status word
        self.state = replace(self.state, session=None)
        try:
            terminal = self._key.open(token, challenge)
        except ProtocolError:
            raise _Refused(0x6300) from None
        own = Half.of(challenge + self._random_bytes(ENTROPY_LENGTH - CHALLENGE_LENGTH))
        self.state = replace(self.state, session=session_key(self._key.suite, own, terminal))
        return ResponseApdu(self._key.token(own, terminal.challenge))

    def _verify(self, number: Pin) -> ResponseApdu:
        """VERIFY: its result alone decides, whatever was before, and no try is counted."""
        if len(number) != len(self._number):
            raise _Refused(0x6988)
        presented = number == self._number
        self.state = replace(self.state, number_presented=presented)
        return _DONE if presented else ResponseApdu(status=StatusWord(0x6300))

    def _read(self, file: File, offset: int, ne: int, *, encrypted: bool) -> ResponseApdu:
        if file.access is not Access.FREE and not self.state.number_presented:
            raise _Refused(0x6982)
        if file.access is Access.NUMBER_AND_MESSAGING and not encrypted:
            raise _Refused(0x6982)
        content = self.files[file]
        if offset >= len(content):  # choice for offset = size
            raise _Refused(0x6B00)
        self.state = replace(self.state, ef=file)
        return ResponseApdu(content[offset : offset + ne])


def _check_header(apdu: CommandApdu) -> None:
    if apdu.cla & 0xFC in {0x00, 0x08} and apdu.cla & 0x03:
        raise _Refused(0x6881)
    if apdu.cla not in {0x00, secure.CLA}:
        raise _Refused(0x6E00)
    if apdu.ins not in _KNOWN:
        raise _Refused(0x6D00)
    if apdu.ins == _SELECT and (apdu.p1, apdu.p2) not in _SELECTIONS:
        raise _Refused(0x6A86)


def _by_lc(wire: bytes) -> bytes:
    """*wire* without what follows the data field that a short Lc names, where the card does not look at it."""
    if len(wire) > 5 and wire[1] in _BY_LC and wire[4]:
        return wire[: 5 + wire[4]]
    return wire
