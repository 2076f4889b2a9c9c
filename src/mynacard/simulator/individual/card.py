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

Where the sources say nothing, the simulator chooses; `chosen` marks each choice, and docs/simulator.md prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from mynacard._dataclasses import dataclass
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
from mynacard.simulator.choices import chosen
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
from mynacard.simulator.individual.unknown import refuse
from mynacard.simulator.refusal import DONE, Refused, status_only
from mynacard.simulator.traits import ATR_CONTACT, Personality, Traits

__all__ = ["SecurityState", "SimulatedCard"]

_SECRET_MAX: Final = 16
_BLOCKED_FOREVER: Final = PinMemory(Pin("0000"), 0)
_SHORT_NE_MAX: Final = 256
_NO_INPUT: Final = chosen(StatusWord.WRONG_LENGTH, "'80 2A' without input", certainty="B has '6700' and '6985'")
_OTHER_INPUT: Final = chosen(
    StatusWord.CONDITIONS_NOT_SATISFIED,
    "input of a length that '80 2A' does not take",
    certainty="B has '6700' and '6985', not which when",
)
_WRONG_KIND: Final = chosen(StatusWord.WRONG_KIND_OF_FILE, "VERIFY or '80 2A' on a file of another kind")
_NOT_READ_SO: Final = chosen(StatusWord.WRONG_KIND_OF_FILE, "READ BINARY of records, READ RECORD of a transparent file")


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
                self.state = chosen(
                    SecurityState(), "after a warm reset, `strict`", "as after power-off", "a choice for tests"
                )
            case Personality.OBSERVED:
                self.state = chosen(
                    replace(self.state, ef=None),
                    "after a warm reset, `observed`",
                    "the application stays current, the EF does not",
                    "? (only the login is reported)",
                )
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
            return refuse(apdu, Part(error.part))
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
            return status_only(chosen(
                StatusWord.SECURE_MESSAGING_NOT_SUPPORTED,
                "under secure messaging, another command than VERIFY, SELECT EF and READ BINARY",
                "'6882', and the session ends",
            ))  # fmt: skip
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
                raise Refused(chosen(StatusWord.WRONG_LENGTH, "SELECT of an MF by its file identifier"))
            case GetResponse():
                no_more = chosen(
                    StatusWord.CONDITIONS_NOT_SATISFIED, "GET RESPONSE", certainty="? (no T=0 card is known)"
                )
                raise Refused(no_more)
            case MutualAuthenticate():
                raise Refused(chosen(StatusWord.UNKNOWN_INS, "MUTUAL AUTHENTICATE, which the residence card knows"))
            case _:
                raise Refused(StatusWord.WRONG_P1_P2)

    def _select(self, name: bytes, *, fci: bool) -> ResponseApdu:
        """The first application whose name begins with *name*."""
        named = (df for df in self._applications if df.df_name.startswith(name))
        nameless = chosen(ISSUER_DOMAIN, "SELECT by name without a name", "the issuer's domain")
        application = next(named, None) if name else nameless
        if application is None:
            raise Refused(chosen(
                StatusWord.FILE_NOT_FOUND,
                "SELECT of an unknown application",
                "'6A82'; the old one stays current, and verified",
            ))  # fmt: skip
        same = application is self.state.application  # then its PINs stay verified: seen on cards
        self.state = SecurityState(application, verified=self.state.verified if same else frozenset())
        told = chosen(Tlv(0x84, application.df_name), "the FCI template", "`6F { 84 name }` and nothing more")
        return ResponseApdu(bytes(Tlv(0x6F, bytes(told)))) if fci else DONE

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
            raise Refused(_NOT_READ_SO)
        self._require(file.guards)
        if offset >= len(file.content):
            raise Refused(chosen(
                StatusWord.OFFSET_OUTSIDE_FILE,
                "READ BINARY at an offset equal to the size",
                certainty="? ('9000' without data is possible)",
            ))  # fmt: skip
        return ResponseApdu(file.content[offset : offset + ne])

    def _read_record(self, sfi: int, number: int, ne: int) -> ResponseApdu:
        file = self._current() if sfi == CURRENT else self._file(sfi)
        if sfi != CURRENT:
            self.state = replace(self.state, ef=sfi)
        if not isinstance(file, RecordFile):
            raise Refused(_NOT_READ_SO)
        if number > len(file.records):
            raise Refused(StatusWord.RECORD_NOT_FOUND)
        return ResponseApdu(file.records[number - 1][:ne])

    def _data(self, tag: int, ne: int) -> ResponseApdu:
        """A data object of the issuer's domain; a long one only by extended length, as seen on cards."""
        content = self._objects.get(tag) if self.state.application is ISSUER_DOMAIN else None
        if tag == Tag.CONTACT_ATR:  # some cards return it with an application current, some in the issuer's domain
            content = chosen(ATR_CONTACT[1:], "object 5F51 (GET DATA)", "in every application")
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
            raise Refused(_WRONG_KIND)
        return file, self.pins[self.state.application.df_name, file_id] if file.tries else _BLOCKED_FOREVER

    def _verify(self, file_id: int, pin: Pin) -> ResponseApdu:
        file, memory = self._pin(file_id)
        if len(pin) > _SECRET_MAX:
            raise Refused(chosen(StatusWord.WRONG_LENGTH, "a PIN longer than 16 bytes", "'6700', no try spent"))
        if memory.tries_left == 0:
            raise Refused(StatusWord.KEY_LOCKED)
        memory.tries_left -= 1  # stored before the comparison, so that no power cut can win a try back
        self._remember()
        if chosen(
            pin != memory.secret,
            "a PIN of another wrong length",
            "counts as a wrong one",
            "? (the careful assumption)",
        ):
            left = chosen(
                self.state.verified - {file_id},
                "a wrong PIN, after the same PIN was verified",
                "takes the status away",
                "? (usual practice)",
            )
            self.state = replace(self.state, verified=left)
            return _tries(memory.tries_left)
        memory.tries_left = file.tries
        self._remember()
        self.state = replace(self.state, verified=self.state.verified | {file_id})
        return DONE

    def _change(self, kind: type[Command], file_id: int, new: Pin) -> ResponseApdu:
        """Give a verified PIN a new value, and check its form. All its tries are left already."""
        file, memory = self._pin(file_id)
        if kind is not self.state.application.change:
            raise Refused(chosen(StatusWord.UNKNOWN_INS, "a change of a PIN, with the other applications' command"))
        self._require((file_id,))
        if file.form is None:
            raise Refused(
                chosen(StatusWord.CONDITIONS_NOT_SATISFIED, "a change of a PIN that its holder cannot change")
            )
        if not file.form.fullmatch(new.reveal()):
            raise Refused(chosen(StatusWord.WRONG_DATA, "a new PIN of another form", "'6A80', nothing changed"))
        memory.secret = new
        self._remember()
        return DONE

    def _sign(self, file_id: int, scheme: SignatureScheme, data: bytes) -> ResponseApdu:
        file = self._file(file_id)
        if not isinstance(file, KeyFile):
            raise Refused(_WRONG_KIND)
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
            raise Refused(chosen(StatusWord.WRONG_P1_P2, "'80 2A' without a key where the application has no own key"))
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
        raise Refused(_NO_INPUT)
    try:
        return ResponseApdu(key.compute(scheme, data))
    except BadInput:
        raise Refused(_OTHER_INPUT) from None


def _tries(count: int) -> ResponseApdu:
    """'63CX' in every state, even when the PIN is verified or blocked."""
    return status_only(StatusWord.NO_TRIES_LEFT | count)
