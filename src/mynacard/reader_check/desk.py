"""Checks of a reader that concern PC/SC: whether it is listed, how it is shared, what resets and power-offs do."""

from __future__ import annotations

import plistlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeVar

from mynacard import errors
from mynacard.apdu.keypad import Feature, parse_properties
from mynacard.reader_check.report import CardKind
from mynacard.reader_check.subject import (
    DEADLINES,
    PIN_STATUS,
    SELECT_JPKI,
    Connection,
    Desk,
    Failed,
    Noted,
    NotTested,
    Values,
    connected,
)
from mynacard.readers import Disposition, ReaderIdentity, Share, Watch, find_library, list_readers, model

__all__ = ["DESK_CHECKS", "installed_driver"]

T = TypeVar("T")

_HELD_S: Final = 0.3
_WAIT_S: Final = 0.3
_LET_IN_S: Final = 3.0
_CCID: Final = Path("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist")


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
    """PC/SC reports no change where nothing changes."""
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
    """Shared, exclusive and direct connections: two programs, only one, and the reader without its card."""
    with connected(desk, Share.DIRECT):
        values["direct"] = True
    desk.need_card()
    with connected(desk), connected(desk):
        values["shared_twice"] = True
        values["exclusive_beside_shared"] = _exclusive(desk)
    values["exclusive_alone"] = _exclusive(desk)
    if values["exclusive_beside_shared"]:
        raise Failed(
            "A second connection got the card exclusively, although the first one shares it.",
            "Sharing protects no program here: let no other one use the reader at the same time.",
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
    """Whether other connections learn of a reset, and what it leaves of the card's state."""
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
    """What the reader reports about itself, and whether it has a PIN keypad."""
    with connected(desk, Share.SHARED if desk.kind is not CardKind.NONE else Share.DIRECT) as connection:
        features = _told(connection.features)
        values["verifies"] = Feature.VERIFY_PIN_DIRECT in features
        values["changes"] = Feature.MODIFY_PIN_DIRECT in features
        values["features"] = ", ".join(map(_feature, sorted(features))) or "none"
        if code := features.get(Feature.GET_TLV_PROPERTIES):
            desk.identity = ReaderIdentity.of(_told(lambda: parse_properties(connection.control(code))))
    if desk.identity.apdu_data_max is not None:
        values["apdu_data_max_bytes"] = desk.identity.apdu_data_max
    return "The reader reports a PIN keypad." if values["verifies"] else "The reader reports no PIN keypad."


def _told(ask: Callable[[], Mapping[int, T]]) -> Mapping[int, T]:
    """What the reader reports about itself; nothing if it cannot, or if that makes no sense."""
    try:
        return ask()
    except (errors.CardLostError, errors.ReaderNotFoundError, errors.NoPcscServiceError):
        raise
    except (errors.ReaderError, errors.ProtocolError):
        return {}


def _feature(number: int) -> str:
    """The name that PC/SC part 10 has for it, else its number."""
    return Feature(number).name if number in {*Feature} else f"{number:02X}"


def installed_driver(reader: str, plist: Path = _CCID) -> str:
    """This machine's CCID driver and its version, if it is where Linux has it and it knows *reader*; else empty."""
    try:
        with plist.open("rb") as stream:
            content = plistlib.load(stream)
        known = any(name.casefold() in reader.casefold() for name in content["ifdFriendlyName"])
        return f"libccid {content['CFBundleShortVersionString']}" if known else ""
    except (OSError, ValueError, KeyError, plistlib.InvalidFileException):
        return ""


DESK_CHECKS: Final = (
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
