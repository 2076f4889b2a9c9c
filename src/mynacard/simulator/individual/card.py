"""A card in memory: bytes in, bytes out, refusing as precisely as the card does.

The current files. One application is current at any time, after power-on the issuer's domain; in it one EF is current,
or none. SELECT of an application makes it current, without an EF. SELECT of an EF makes that current, as does READ
BINARY or READ RECORD with a short identifier; VERIFY and the other key commands use their short identifier and do not
change the current EF.

Verified PINs. These are the PINs of the current application that were presented correctly. Each opens the files and
keys that name it as a guard. Selecting another application ends them all, and presenting one of them wrong ends that
one. Selecting the same application again keeps them.

The cost of a try. VERIFY takes a try away and stores that, then compares, and gives all tries back if the PIN was
right. A blocked PIN is refused before it is compared; the query of the tries changes nothing.

Secure messaging. SET SESSION KEY begins a session. Each command in it uses up one turn; one that is not protected as
that turn requires ends the session, and so does SELECT of an application. Any other command in the clear does not: it
is answered in the clear.

Power and reset. All of this is :class:`SecurityState`, which is replaced whole. Power-off clears it, and so does a warm
reset of the ``STRICT`` personality; one of the ``OBSERVED`` personality only leaves no EF current. PINs and their tries
are kept outside it, and outlive both.

Where the sources say nothing, the simulator chooses; docs/simulator.md lists the choices, and each is marked here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from mynacard.apdu import secure
from mynacard.apdu.commands import (
    CURRENT,
    ChangeKey,
    ChangeReferenceData,
    Command,
    ComputeDigitalSignature,
    ComputeWithDefaultKey,
    GetChallenge,
    GetData,
    GetResponse,
    InternalAuthenticate,
    MutualAuthenticate,
    Part,
    ReadBinary,
    ReadBinarySfi,
    ReadRecord,
    SelectDf,
    SelectDfFci,
    SelectEf,
    SelectMf,
    SelectMfByFileId,
    SetSessionKey,
    SignatureScheme,
    Verify,
    VerifyStatus,
    decode,
)
from mynacard.apdu.message import CommandApdu, ResponseApdu, case_on_wire
from mynacard.apdu.status import StatusWord
from mynacard.apdu.tlv import Tlv
from mynacard.errors import ProtocolError, UnintelligibleError
from mynacard.personal.layout import Tag
from mynacard.personal.messaging import Turn, decrypt_seed
from mynacard.pin import Pin
from mynacard.simulator.files import (
    ISSUER_DOMAIN,
    NO_OBJECTS,
    Application,
    AuthenticationKeyFile,
    BadInput,
    File,
    KeyFile,
    PinFile,
    PinMemory,
    RecordFile,
    SoftKey,
    TransparentFile,
)
from mynacard.simulator.refusal import DONE, REFUSALS, Refused, status_only
from mynacard.simulator.traits import ATR_CONTACT, Personality, Traits

__all__ = ["SecurityState", "SimulatedCard"]

_SECRET_MAX: Final = 16
_BLOCKED_FOREVER: Final = PinMemory(Pin("0000"), 0)
_SHORT_NE_MAX: Final = 256
_KNOWN_AND_REFUSED: Final = {
    (0x80, 0xA2): StatusWord.WRONG_P1_P2,  # takes a terminal's certificate; with which P1-P2 is not known
    (0x80, 0xFC): StatusWord.WRONG_LENGTH,  # a phone's
    (0x80, 0x8A): StatusWord.WRONG_P1_P2,  # the issuer's; choice: both of its status words
}
"""Instructions that cards were seen to know, while they refused every form that was tried (statements.json)."""
_CHECKS_THE_ISSUER: Final = frozenset({(0x80, 0x8A, 0x22), (0x80, 0x8A, 0x24)})
"""What reaches the check whether the issuer is asking, by P1: told of cards, and never to be tried on a real one."""
_OF_OTHER_CARDS: Final = frozenset({(0x00, 0x82)})
"""Instructions that only the residence card knows (choice)."""


@dataclass(frozen=True, slots=True)
class SecurityState:
    """The state that a power-off clears: the current application and EF, its verified PINs, the next secure command."""

    application: Application = ISSUER_DOMAIN
    ef: int | None = None
    verified: frozenset[int] = frozenset()
    turn: Turn | None = None


class SimulatedCard:
    """A simulated card, powered on. A :class:`~mynacard.apdu.message.Card`.

    Args:
        applications: what is on it.
        pins: their values and counters, by DF name and file identifier; the card changes it in place.
        traits: how it behaves.
        remember: called after each change of *pins*, before the answer: what it stores outlives a killed process.
        random_bytes: the source of challenges; zeros by default.
        objects: the data objects that GET DATA finds in the issuer's domain, by tag.
    """

    def __init__(
        self,
        applications: Sequence[Application],
        pins: Mapping[tuple[bytes, int], PinMemory],
        traits: Traits = Traits(),
        remember: Callable[[], None] = lambda: None,
        random_bytes: Callable[[int], bytes] = bytes,
        objects: Mapping[int, bytes] = NO_OBJECTS,
    ) -> None:
        self._applications = (*applications, ISSUER_DOMAIN)
        self.pins = pins
        self.traits = traits
        self._remember = remember
        self._random_bytes = random_bytes
        self._objects = objects
        self.state = SecurityState()

    # --- contacts ---

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self.traits.atr

    def power_on(self) -> bytes:
        """Power it on, or reset it cold: nothing is verified. Returns the ATR."""
        self.state = SecurityState()
        return self.atr

    def power_off(self) -> None:
        """Power it off: nothing stays verified."""
        self.state = SecurityState()

    def reset(self) -> bytes:
        """Reset it warm: the card's personality decides what stays. Returns the ATR."""
        match self.traits.personality:
            case Personality.STRICT:
                self.state = SecurityState()
            case Personality.OBSERVED:
                self.state = replace(self.state, ef=None)
        return self.atr

    def transmit(self, command: bytes, /) -> bytes:
        """The response APDU to any bytes at all."""
        return bytes(self._answer(command))

    # --- commands ---

    def _answer(self, wire: bytes) -> ResponseApdu:
        if not self.traits.extended_length and case_on_wire(wire).extended:
            return status_only(StatusWord.WRONG_LENGTH)
        try:
            apdu = CommandApdu.parse(wire)
        except ProtocolError:
            return status_only(StatusWord.WRONG_LENGTH)
        turn = self.state.turn
        return self._perform(apdu) if turn is None or apdu.cla & 0x0C == 0 else self._securely(apdu, turn)

    def _perform(self, apdu: CommandApdu) -> ResponseApdu:
        try:
            return self._execute(decode(apdu))
        except UnintelligibleError as error:
            return _refuse(apdu, Part(error.part))
        except Refused as refused:
            return refused.response

    def _securely(self, apdu: CommandApdu, turn: Turn) -> ResponseApdu:
        """Answer a command in a session; one that is not protected, or out of turn, ends the session."""
        self.state = replace(self.state, turn=None)
        if apdu.cla != secure.CLA:
            return status_only(StatusWord.SECURE_MESSAGING_OBJECT_MISSING)
        try:
            command = secure.open_command(apdu, turn)
        except ProtocolError:
            return status_only(StatusWord.SECURE_MESSAGING_OBJECT_WRONG)
        if not secure.is_protected(command):
            # choice: no other command was seen to work this way
            return status_only(StatusWord.SECURE_MESSAGING_NOT_SUPPORTED)
        response = self._perform(command)
        self.state = replace(self.state, turn=turn.next)  # whatever the application answered
        return secure.protect_response(response, turn)

    def _execute(self, command: Command) -> ResponseApdu:
        match command:
            case ReadBinary(offset, ne):
                return self._read(self._current(), offset, ne)
            case ReadBinarySfi(sfi, offset, ne):
                file = self._file(sfi)
                self.state = replace(self.state, ef=sfi)
                return self._read(file, offset, ne)
            case SelectEf(file_id):
                self._file(file_id)
                self.state = replace(self.state, ef=file_id)
                return DONE
            case VerifyStatus(key):
                _, memory = self._pin(self._referenced(key))
                return _tries(memory.tries_left)
            case Verify(key, pin):
                return self._verify(self._referenced(key), pin)
            case ComputeDigitalSignature(key, scheme, data):
                return self._sign(self._referenced(key), scheme, data)
            case ComputeWithDefaultKey(scheme, data):
                return _computed(self._own_key(), scheme, data)
            case InternalAuthenticate(key, challenge):
                return self._authenticate(self._referenced(key), challenge)
            case ChangeReferenceData(key, pin) | ChangeKey(key, pin):
                return self._change(type(command), self._referenced(key), pin)
            case ReadRecord(number, sfi, ne):
                return self._read_record(sfi, number, ne)
            case GetChallenge(ne):
                return self._challenge(ne)
            case SelectDf(name):
                return self._select(name, fci=False)
            case SelectDfFci(name):
                return self._select(name, fci=True)
            case SelectMf() if self.state.application is not ISSUER_DOMAIN:
                return DONE  # and does nothing
            case GetData(tag, ne):
                return self._data(tag, ne)
            case SetSessionKey(cryptogram):
                return self._begin_session(cryptogram)
            case SelectMfByFileId():
                raise Refused(StatusWord.WRONG_LENGTH)  # choice: this card has no MF to name
            case GetResponse():
                raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)  # choice: nothing is ever left to fetch
            case MutualAuthenticate():
                raise Refused(StatusWord.UNKNOWN_INS)  # choice: only the residence card knows it
            case _:
                raise Refused(StatusWord.WRONG_P1_P2)

    def _select(self, name: bytes, *, fci: bool) -> ResponseApdu:
        """The first application whose name begins with *name*; an empty one is the issuer's domain (choice)."""
        named = (df for df in self._applications if df.df_name.startswith(name))
        application = next(named, None) if name else ISSUER_DOMAIN
        if application is None:
            raise Refused(StatusWord.FILE_NOT_FOUND)  # choice: the old application stays current, and its PINs verified
        same = application is self.state.application  # then its PINs stay verified: seen on cards
        self.state = SecurityState(application, verified=self.state.verified if same else frozenset())
        return ResponseApdu(bytes(Tlv(0x6F, bytes(Tlv(0x84, application.df_name))))) if fci else DONE

    def _file(self, file_id: int) -> File:
        file = self.state.application.files.get(file_id)
        if file is None:
            raise Refused(StatusWord.FILE_NOT_FOUND)
        return file

    def _referenced(self, key: int) -> int:
        """The file identifier that a key command means."""
        if key != CURRENT:
            self._file(key)
            return key
        if self.state.ef is None:
            raise Refused(StatusWord.NO_FILE_SELECTED)
        return self.state.ef

    def _current(self) -> File:
        if self.state.ef is None:
            raise Refused(StatusWord.NO_FILE_SELECTED)
        return self._file(self.state.ef)

    def _read(self, file: File, offset: int, ne: int) -> ResponseApdu:
        if not isinstance(file, TransparentFile):
            raise Refused(StatusWord.WRONG_KIND_OF_FILE)
        self._require(file.guards)
        if offset >= len(file.content):  # choice for offset = size
            raise Refused(StatusWord.OFFSET_OUTSIDE_FILE)
        return ResponseApdu(file.content[offset : offset + ne])

    def _read_record(self, sfi: int, number: int, ne: int) -> ResponseApdu:
        file = self._current() if sfi == CURRENT else self._file(sfi)
        if sfi != CURRENT:
            self.state = replace(self.state, ef=sfi)
        if not isinstance(file, RecordFile):
            raise Refused(StatusWord.WRONG_KIND_OF_FILE)
        if number > len(file.records):
            raise Refused(StatusWord.RECORD_NOT_FOUND)
        return ResponseApdu(file.records[number - 1][:ne])

    def _data(self, tag: int, ne: int) -> ResponseApdu:
        """A data object of the issuer's domain; a long one only by extended length, as seen on cards."""
        content = self._objects.get(tag) if self.state.application is ISSUER_DOMAIN else None
        if tag == Tag.CONTACT_ATR:  # some cards return it with an application current, some in the issuer's domain
            content = ATR_CONTACT[1:]
        if content is None:
            raise Refused(StatusWord.REFERENCE_NOT_FOUND)
        if len(content) > ne:
            raise Refused(StatusWord.WRONG_LENGTH)
        return ResponseApdu(content)

    def _challenge(self, ne: int) -> ResponseApdu:
        if ne > _SHORT_NE_MAX:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
        return ResponseApdu(self._random_bytes(ne))

    def _require(self, guards: Iterable[int]) -> None:
        """Refuse unless one of the PINs *guards* is verified, if there are any."""
        wanted = frozenset(guards)
        if wanted and not wanted & self.state.verified:
            raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)

    def _pin(self, file_id: int) -> tuple[PinFile, PinMemory]:
        file = self._file(file_id)
        if not isinstance(file, PinFile):
            raise Refused(StatusWord.WRONG_KIND_OF_FILE)
        return file, self.pins[self.state.application.df_name, file_id] if file.tries else _BLOCKED_FOREVER

    def _verify(self, file_id: int, pin: Pin) -> ResponseApdu:
        file, memory = self._pin(file_id)
        if len(pin) > _SECRET_MAX:
            raise Refused(StatusWord.WRONG_LENGTH)  # choice: a length that no secret has costs no try
        if memory.tries_left == 0:
            raise Refused(StatusWord.KEY_LOCKED)
        memory.tries_left -= 1  # stored before the comparison, so that no power cut can win a try back
        self._remember()
        if pin != memory.secret:
            self.state = replace(self.state, verified=self.state.verified - {file_id})  # choice: ISO practice
            return _tries(memory.tries_left)
        memory.tries_left = file.tries
        self._remember()
        self.state = replace(self.state, verified=self.state.verified | {file_id})
        return DONE

    def _change(self, kind: type[Command], file_id: int, new: Pin) -> ResponseApdu:
        """Give a verified PIN a new value, and check its form (choice: '6A80'). All its tries are left already."""
        file, memory = self._pin(file_id)
        if kind is not self.state.application.change:
            raise Refused(StatusWord.UNKNOWN_INS)
        self._require((file_id,))
        if file.form is None:
            raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)  # choice: the holder cannot change this one
        if not file.form.fullmatch(new.reveal()):
            raise Refused(StatusWord.WRONG_DATA)
        memory.secret = new
        self._remember()
        return DONE

    def _sign(self, file_id: int, scheme: SignatureScheme, data: bytes) -> ResponseApdu:
        file = self._file(file_id)
        if not isinstance(file, KeyFile):
            raise Refused(StatusWord.WRONG_KIND_OF_FILE)
        self._require(() if file.guard is None else (file.guard,))
        return _computed(file.key, scheme, data)

    def _begin_session(self, cryptogram: bytes) -> ResponseApdu:
        application = self.state.application
        if application.session_key is None or application.session_guard is None:
            raise Refused(application.session_refusal)
        self._require((application.session_guard,))
        key = application.session_key.private_key
        if int.from_bytes(cryptogram, "big") >= key.public_key().public_numbers().n:
            raise Refused(StatusWord.FAULT)
        try:
            seed = decrypt_seed(key, cryptogram)
        except ProtocolError:
            raise Refused(StatusWord.WRONG_DATA) from None
        self.state = replace(self.state, turn=Turn.first(seed))
        return DONE

    def _own_key(self) -> SoftKey:
        key = self.state.application.own_key
        if key is None:
            raise Refused(StatusWord.WRONG_P1_P2)  # choice
        return key

    def _authenticate(self, file_id: int, challenge: bytes) -> ResponseApdu:
        match self._file(file_id):
            case AuthenticationKeyFile(key):
                return _computed(key, SignatureScheme.PKCS1_SHA256, challenge)
            case KeyFile(guard=None):
                raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED)
            case KeyFile():
                raise Refused(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
            case _:
                raise Refused(StatusWord.WRONG_KIND_OF_FILE)


def _computed(key: SoftKey, scheme: SignatureScheme, data: bytes) -> ResponseApdu:
    if not data:
        raise Refused(StatusWord.WRONG_LENGTH)
    try:
        return ResponseApdu(key.compute(scheme, data))
    except BadInput:
        raise Refused(StatusWord.CONDITIONS_NOT_SATISFIED) from None


def _tries(count: int) -> ResponseApdu:
    """'63CX' in every state, even when the PIN is verified or blocked."""
    return status_only(StatusWord.NO_TRIES_LEFT | count)


def _refuse(apdu: CommandApdu, part: Part) -> ResponseApdu:
    part = Part.INS if (apdu.cla, apdu.ins) in _OF_OTHER_CARDS else part
    status = REFUSALS[part]
    if part is Part.INS:
        status = _KNOWN_AND_REFUSED.get((apdu.cla, apdu.ins), status)
    if (apdu.cla, apdu.ins, apdu.p1) in _CHECKS_THE_ISSUER:
        status = StatusWord.SECURITY_STATUS_NOT_SATISFIED
    if part is Part.CLA and apdu.cla < 0x10:  # interindustry: secure messaging and logical channels
        without_session = (
            StatusWord.NO_SECURE_MESSAGING_SESSION
            if apdu.ins in (0xB0, 0x20)
            else StatusWord.SECURE_MESSAGING_NOT_SUPPORTED
        )
        status = StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED if apdu.cla & 0x03 else without_session
    return status_only(status)
