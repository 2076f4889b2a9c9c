"""Checks of a reader that concern PC/SC: is it listed, who may share it, what resets and power-offs do.

A check takes the desk and what it measures into; it returns a sentence, or raises :class:`Failed`, :class:`Noted` or
:class:`NotTested`. What it measured before it raised is kept.
"""

from __future__ import annotations

import plistlib
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, TypeAlias, TypeVar

from reader_report import CardKind, Value

from mynacard import errors
from mynacard.apdu.commands import SelectDf, VerifyStatus, encode
from mynacard.apdu.keypad import Feature, parse_properties
from mynacard.jpki import DF_NAME, USER_AUTHENTICATION
from mynacard.pin import Pin
from mynacard.readers import (
    Calls,
    Deadlines,
    Disposition,
    Library,
    ReaderCard,
    ReaderIdentity,
    ReaderState,
    Share,
    Watch,
    Worker,
    find_library,
    list_readers,
    model,
)

__all__ = [
    "CHECKS",
    "Desk",
    "Failed",
    "NotTested",
    "Noted",
    "Options",
    "Stuck",
    "Values",
    "connected",
    "median",
    "opened",
]

T = TypeVar("T")
Values: TypeAlias = dict[str, Value]

SELECT_JPKI: Final = bytes(encode(SelectDf(DF_NAME)))
PIN_STATUS: Final = bytes(encode(VerifyStatus(USER_AUTHENTICATION.pin.key)))
"""VERIFY without data: asks, and spends no try."""

DEADLINES: Final = Deadlines(service_s=5.0, card_s=15.0, busy_s=5.0, leaving_s=2.0)
BACK_S: Final = 5.0
"""So long a card may need to be there again after a failure that its driver takes for a removal."""
_HELD_S: Final = 0.3
_WAIT_S: Final = 0.3
_LET_IN_S: Final = 3.0


class Finding(Exception):
    """What is so, and what that means or what to do now: a sentence each."""

    def __init__(self, what: str, then: str) -> None:
        super().__init__(f"{what} {then}")


class Failed(Finding):
    """The reader does not do what is expected of it."""


class Stuck(Failed):
    """And it answers nothing any more."""


class Noted(Finding):
    """It does something that one should know of."""


class NotTested(Exception):
    """It could not be tested, or nobody asked for it; the sentence says why."""


@dataclass(frozen=True)
class Options:
    """What the person asked for.

    Attributes:
        rounds: how often what is timed is done.
        soak_s: how long it is done all over again.
        removal: whether somebody will take the card off when told to.
        pin: the user-authentication PIN, if it may be presented.
        typed: whether it may be asked for at the reader's keys.
        tell: says something to the person.
    """

    rounds: int = 30
    soak_s: float = 0.0
    removal: bool = False
    pin: Pin | None = None
    typed: bool = False
    tell: Callable[[str], None] = print


@dataclass
class Desk:
    """What is checked, and what was found out on the way.

    Attributes:
        name: the reader's whole name.
        options: what the person asked for.
        library: the PC/SC library; None until the first check found it.
        kind: what lies on the reader.
        atr: its answer to reset.
        identity: what the reader tells of itself.
        answer_max: bytes of the longest answer that was seen to pass.
        limited: whether a longer one does not.
    """

    name: str
    options: Options = field(default_factory=Options)
    library: Library | None = None
    kind: CardKind = CardKind.NONE
    atr: bytes = b""
    identity: ReaderIdentity = ReaderIdentity()
    answer_max: int = 258
    limited: bool = True

    def state(self) -> ReaderState | None:
        """The reader as PC/SC lists it now; None if it does not."""
        return next((state for state in list_readers(self.library, DEADLINES) if state.name == self.name), None)

    def need_card(self) -> None:
        if self.kind is CardKind.NONE:
            raise NotTested("There is no card on the reader.")

    def need_jpki(self) -> None:
        self.need_card()
        if self.kind is not CardKind.JPKI:
            raise NotTested("There is no Individual Number Card on the reader.")


class Connection:
    """A connection to the reader, each call with a deadline, and every code as its exception."""

    def __init__(self, desk: Desk, share: Share = Share.SHARED) -> None:
        self._calls = Calls(find_library() if desk.library is None else desk.library, desk.name)
        self.worker = Worker()
        self._context = self._run(self._calls.establish_context)
        self._card: int | None = None
        try:
            self._card, self.protocol = self._run(lambda: self._calls.connect(self._context, desk.name, share))
        except BaseException:
            self.close()
            raise

    @property
    def card(self) -> int:
        if self._card is None:
            raise errors.CardLostError("The connection is closed.")
        return self._card

    def begin(self) -> None:
        self._run(partial(self._calls.begin_transaction, self.card))

    def end(self, disposition: Disposition = Disposition.LEAVE) -> None:
        self._run(partial(self._calls.end_transaction, self.card, disposition))

    def transmit(self, command: bytes) -> bytes:
        return self._run(partial(self._calls.transmit, self.card, self.protocol, command))

    def atr(self) -> bytes:
        return self._run(partial(self._calls.atr, self.card))

    def features(self) -> dict[int, int]:
        return dict(self._run(partial(self._calls.features, self.card)))

    def control(self, code: int) -> bytes:
        return self._run(partial(self._calls.control, self.card, code, b""))

    def post_begin(self) -> Callable[[float], bool]:
        """Ask for a transaction without waiting for it; the answer says whether it is there after so many seconds."""
        pending = self.worker.post(partial(self._calls.begin_transaction, self.card))

        def there(seconds: float) -> bool:
            ended = pending.wait(seconds)
            if ended is None:
                return False
            ended()
            return True

        return there

    def disconnect(self, disposition: Disposition = Disposition.LEAVE) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._run(partial(self._calls.disconnect, card, disposition))

    def close(self) -> None:
        """Let everything go, whatever state it is in."""
        if self._card is not None:
            self.worker.finish(partial(_quietly, self.disconnect_now), DEADLINES.leaving_s)
        self.worker.finish(partial(_quietly, partial(self._calls.release_context, self._context)), DEADLINES.leaving_s)
        self.worker.stop()

    def disconnect_now(self) -> None:
        card, self._card = self._card, None
        if card is not None:
            self._calls.disconnect(card, Disposition.LEAVE)

    def _run(self, job: Callable[[], T]) -> T:
        return self.worker.run("PC/SC", job, DEADLINES.card_s)


def _quietly(step: Callable[[], object]) -> None:
    with suppress(errors.MynacardError):
        step()


@contextmanager
def connected(desk: Desk, share: Share = Share.SHARED) -> Generator[Connection, None, None]:
    """A connection, let go on every way out. A card that just failed may need a moment to be there again."""
    until = time.monotonic() + BACK_S
    while True:
        try:
            connection = Connection(desk, share)
            break
        except (errors.NoCardError, errors.CardMuteError, errors.CardLostError):
            if time.monotonic() >= until:
                raise
            time.sleep(0.1)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def opened(desk: Desk) -> Generator[ReaderCard, None, None]:
    """The card as the library opens it, in a transaction."""
    with ReaderCard(desk.name, desk.library, DEADLINES) as card, card.transaction():
        yield card


def median(numbers: list[float]) -> float:
    """The one in the middle; the lower of two."""
    return sorted(numbers)[(len(numbers) - 1) // 2]


# --- the checks --------------------------------------------------------------------------------------


def library(desk: Desk, values: Values) -> str:
    """PC/SC is there."""
    desk.library = find_library()
    values["library"] = desk.library.name
    return f"PC/SC is used through {desk.library.name}."


def listing(desk: Desk, values: Values) -> str:
    """The reader is listed."""
    start = time.perf_counter()
    states = list_readers(desk.library, DEADLINES)
    values["listing_ms"] = (time.perf_counter() - start) * 1000
    values["readers"] = len(states)
    same = sum(model(state.name) == model(desk.name) for state in states)
    values["of_this_model"] = same
    if not any(state.name == desk.name for state in states):
        raise Failed(
            "PC/SC does not list the reader.",
            "Plug it in again; mynacard doctor says what is missing.",
        )
    if same > 1:
        raise Noted(
            f"PC/SC lists {same} readers of this model; which is which, only their order says.",
            "Choose one by its whole name (--reader), or leave one attached.",
        )
    return f"PC/SC lists it; readers in all: {len(states)}."


def events(desk: Desk, values: Values) -> str:
    """Nothing is told where nothing happens."""
    with Watch(desk.library, DEADLINES) as watch:
        watch.next(0)
        start = time.perf_counter()
        news = watch.next(_WAIT_S)
        waited = time.perf_counter() - start
    values["waited_ms"] = waited * 1000
    if news is not None:
        raise Noted(
            "PC/SC told of a change where nothing was changed.",
            "Programs that wait for a card may wake up for nothing; if one was moved just now, check again.",
        )
    if waited < _WAIT_S * 0.9:
        raise Failed(
            "PC/SC does not wait for changes.",
            "Programs that wait for a card would keep the processor busy: update PC/SC.",
        )
    return "PC/SC waits for changes, and tells of none where nothing changes."


def card(desk: Desk, values: Values) -> str:
    """A card lies on it, and answers."""
    state = desk.state()
    if state is None:
        raise errors.ReaderNotFoundError("PC/SC does not list the reader any more.")
    if not state.card_present:
        raise NotTested("There is no card on the reader.")
    if state.mute:
        raise Failed(
            "There is a card on the reader, and it does not answer.",
            "Lay it on again, chip side right; one that no other reader hears either is broken.",
        )
    desk.kind, desk.atr = CardKind.OTHER, state.atr
    values["atr"] = state.atr.hex().upper()
    if state.in_use:
        raise Noted(
            "Another program is connected to the card, too: figures may be worse than the reader.",
            "Close it and check again (mynacard doctor tells which it may be).",
        )
    return f"A card answers with {len(state.atr)} bytes."


def protocol(desk: Desk, values: Values) -> str:
    """It can be connected, and a protocol is agreed on."""
    desk.need_card()
    start = time.perf_counter()
    with connected(desk) as connection:
        values["connect_ms"] = (time.perf_counter() - start) * 1000
        values["protocol"] = {1: "T=0", 2: "T=1"}.get(connection.protocol, str(connection.protocol))
        if connection.atr() != desk.atr:
            raise Noted(
                "SCardStatus and SCardGetStatusChange tell different answers to reset.",
                "Nothing is to be done: mynacard tells cards apart by what they hold.",
            )
    return f"Connected with {values['protocol']}."


def share_modes(desk: Desk, values: Values) -> str:
    """Two may share it; one may have it alone; the reader may be had without its card."""
    with connected(desk, Share.DIRECT):
        values["direct"] = True
    desk.need_card()
    with connected(desk), connected(desk):
        values["shared_twice"] = True
        values["exclusive_beside_shared"] = _exclusive(desk)
    values["exclusive_alone"] = _exclusive(desk)
    if values["exclusive_beside_shared"]:
        raise Failed(
            "A second connection got the card for itself alone.",
            "Sharing does not protect anybody here: let no other program use the reader at the same time.",
        )
    if not values["exclusive_alone"]:
        raise Noted(
            "The card cannot be had exclusively: another program is connected to it.",
            "Close it and check again (mynacard doctor tells which it may be).",
        )
    return "Shared, exclusive and direct connections do what they should."


def _exclusive(desk: Desk) -> bool:
    try:
        with connected(desk, Share.EXCLUSIVE):
            return True
    except errors.ReaderBusyError:
        return False


def transactions(desk: Desk, values: Values) -> str:
    """A transaction keeps others out, and lets them in at its end."""
    desk.need_card()
    with connected(desk) as first, connected(desk) as second:
        first.begin()
        try:
            there = second.post_begin()
            try:
                values["others_wait"] = not there(_HELD_S)
            except errors.ReaderBusyError:
                raise Noted(
                    "Others are refused while a transaction lasts; elsewhere they wait.",
                    "They may say that the reader is busy while mynacard uses it, and have to try again.",
                ) from None
        finally:
            first.end()
        start = time.perf_counter()
        values["others_come_in"] = there(_LET_IN_S)
        values["let_in_ms"] = (time.perf_counter() - start) * 1000
        if values["others_come_in"]:
            second.end()
    if not (values["others_wait"] and values["others_come_in"]):
        raise Failed(
            "A transaction does not keep other programs out, or does not let them in at its end.",
            "Another program could use a PIN that mynacard verified: let none use the reader at the same time.",
        )
    return "Others wait while a transaction lasts, and come in at its end."


def reset(desk: Desk, values: Values) -> str:
    """A reset is told to whoever is connected; what it leaves of the card's state."""
    desk.need_card()
    with connected(desk) as connection:
        connection.begin()
        selected = _select(connection)
        connection.end(Disposition.RESET)
        try:
            connection.transmit(PIN_STATUS)
            values["told"] = False
        except errors.CardLostError:
            values["told"] = True
    with connected(desk) as connection:
        if selected:
            values["keeps_application"] = _is_selected(connection)
        if connection.atr() != desk.atr:
            raise Noted(
                "The card answers to a reset with other bytes than before.",
                "Nothing is to be done: ISO/IEC 7816-3 lets a card answer to a warm reset in another way.",
            )
    if not values["told"]:
        raise Noted(
            "A connection is not told that its card was reset.",
            "A program that goes on is refused, and has to select and verify again; mynacard then says so.",
        )
    kept = values.get("keeps_application")
    what = {None: "", True: " The application stays selected.", False: " No application stays selected."}
    return "A reset is told." + what[None if kept is None else bool(kept)]


def power(desk: Desk, values: Values) -> str:
    """The card's power goes and comes back, and the card forgets."""
    desk.need_card()
    with connected(desk) as connection:
        selected = _select(connection)
        connection.disconnect(Disposition.UNPOWER)
    start = time.perf_counter()
    with connected(desk) as connection:
        values["power_up_ms"] = (time.perf_counter() - start) * 1000
        if selected:
            values["forgets"] = not _is_selected(connection)
    if values.get("forgets") is False:
        raise Failed(
            "The card still knows what was selected: its power was not cut, and PINs may stay verified.",
            "Take the card off the reader after each use.",
        )
    return "The card is powered off and on again."


def _select(connection: Connection) -> bool:
    return connection.transmit(SELECT_JPKI)[-2:] == b"\x90\x00"


def _is_selected(connection: Connection) -> bool:
    """Whether the JPKI application answers, without being selected first."""
    return connection.transmit(PIN_STATUS)[:1] == b"\x63"


def keypad(desk: Desk, values: Values) -> str:
    """What the reader tells of itself, and whether it has keys."""
    with connected(desk, Share.SHARED if desk.kind is not CardKind.NONE else Share.DIRECT) as connection:
        try:
            features = connection.features()
        except (errors.OutcomeUnknownError, errors.ProtocolError, errors.ReaderError) as error:
            if isinstance(error, errors.CardLostError | errors.ReaderNotFoundError | errors.NoPcscServiceError):
                raise
            features = {}
        values["verifies"] = Feature.VERIFY_PIN_DIRECT in features
        values["changes"] = Feature.MODIFY_PIN_DIRECT in features
        values["features"] = ", ".join(map(_feature, sorted(features))) or "none"
        if code := features.get(Feature.GET_TLV_PROPERTIES):
            desk.identity = ReaderIdentity.of(parse_properties(connection.control(code)))
    if desk.identity.apdu_data_max is not None:
        values["apdu_data_max_bytes"] = desk.identity.apdu_data_max
    return "It says that it has keys for PINs." if values["verifies"] else "It says of no keys for PINs."


def _feature(number: int) -> str:
    """The name that PC/SC part 10 has for it, else its number."""
    return Feature(number).name if number in {*Feature} else f"{number:02X}"


CHECKS: Final = (
    ("library", "PC/SC library", library),
    ("listing", "The list of readers", listing),
    ("events", "Waiting for events", events),
    ("card", "A card that answers", card),
    ("protocol", "Connection and protocol", protocol),
    ("share-modes", "Share modes", share_modes),
    ("transactions", "Transactions", transactions),
    ("reset", "Reset", reset),
    ("power", "Power", power),
    ("keypad", "Keys for PINs", keypad),
)


_CCID: Final = Path("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist")


def driver(reader: str, plist: Path = _CCID) -> str:
    """The CCID driver of this machine and its version, if it is where Linux has it and knows *reader*; else empty."""
    try:
        with plist.open("rb") as stream:
            content = plistlib.load(stream)
        known = any(name.casefold() in reader.casefold() for name in content["ifdFriendlyName"])
        return f"libccid {content['CFBundleShortVersionString']}" if known else ""
    except (OSError, ValueError, KeyError, plistlib.InvalidFileException):
        return ""
