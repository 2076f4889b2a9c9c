"""Checks of a reader that concern PC/SC: listing, sharing, transactions, resets and power."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, TypeVar

from mynacard import errors
from mynacard.apdu.keypad import Feature, parse_properties
from mynacard.reader_check.atr import atr_in_words
from mynacard.reader_check.driver import descriptor_of, usb_ids
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

__all__ = ["DESK_CHECKS"]

T = TypeVar("T")

_HELD_S: Final = 0.3
_WAIT_S: Final = 0.3
_LET_IN_S: Final = 3.0


def library(desk: Desk, values: Values) -> str:
    """There is a PC/SC library."""
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
            f"PC/SC lists {same} readers of this model; only their order tells them apart.",
            "Choose one by its full name (--reader), or leave only one attached.",
        )
    return f"PC/SC lists it; total number of readers: {len(states)}."


def events(desk: Desk, values: Values) -> str:
    """PC/SC reports no change where nothing changes."""
    with Watch(desk.library, DEADLINES) as watch:
        watch.next(0)
        start = time.perf_counter()
        change = watch.next(_WAIT_S)
        waited = time.perf_counter() - start
    values["waited_ms"] = waited * 1000
    if change is not None:
        raise Noted(
            "PC/SC reported a change although nothing changed.",
            "Programs that wait for a card may wake up for nothing. If a card was moved just now, check again.",
        )
    if waited < _WAIT_S * 0.9:
        raise Failed(
            "PC/SC does not wait for changes.",
            "Programs that wait for a card would keep the processor busy: update PC/SC.",
        )
    return "PC/SC waits for changes, and reports none where nothing changes."


def card(desk: Desk, values: Values) -> str:
    """A card is on the reader, and answers."""
    state = desk.state()
    if state is None:
        raise errors.ReaderNotFoundError("PC/SC no longer lists the reader.")
    if not state.card_present:
        raise NotTested("There is no card on the reader.")
    if state.mute:
        raise Failed(
            "There is a card on the reader, but it does not answer.",
            "Put it back, chip the right way round. If other readers get no answer either, the card is broken.",
        )
    desk.kind, desk.atr = CardKind.OTHER, state.atr
    values["atr"] = state.atr.hex().upper()
    if state.in_use:
        raise Noted(
            "Another program is also connected to the card: the figures may understate the reader.",
            "Close it and check again (mynacard doctor lists the likely ones).",
        )
    return f"A card answers with {len(state.atr)} bytes: {atr_in_words(state.atr)}."


def protocol(desk: Desk, values: Values) -> str:
    """A connection can be made, and a protocol is agreed on."""
    desk.need_card()
    start = time.perf_counter()
    with connected(desk) as connection:
        values["connect_ms"] = (time.perf_counter() - start) * 1000
        values["protocol"] = {1: "T=0", 2: "T=1"}.get(connection.protocol, str(connection.protocol))
        if connection.atr() != desk.atr:
            raise Noted(
                "SCardStatus and SCardGetStatusChange report different answers to reset.",
                "Nothing needs to be done: mynacard tells cards apart by their contents.",
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
            "A second connection got the card exclusively, although the first one was sharing it.",
            "Sharing protects no program here: let no other program use the reader at the same time.",
        )
    if not values["exclusive_alone"]:
        raise Noted(
            "The card cannot be opened exclusively: another program is connected to it.",
            "Close it and check again (mynacard doctor lists the likely ones).",
        )
    return "Shared, exclusive and direct connections work as they should."


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
                    "Other programs are refused while a transaction lasts; with other PC/SC services they wait.",
                    "They may report that the reader is busy while mynacard uses it, and have to try again.",
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
            "Another program could use a PIN that mynacard verified: let no other use the reader at the same time.",
        )
    return "Other programs wait while a transaction lasts, and are let in at its end."


def reset(desk: Desk, values: Values) -> str:
    """Whether other connections learn of a reset, and what it leaves of the card's state."""
    desk.need_card()
    with connected(desk) as connection:
        connection.begin()
        selected = _select(connection)
        connection.end(Disposition.RESET)
        with desk.witness.expecting_errors():
            values["told"] = _is_told(connection)
    with connected(desk) as connection:
        if selected:
            values["keeps_application"] = _is_selected(connection)
        if connection.atr() != desk.atr:
            raise Noted(
                "The answer to reset changed after a reset.",
                "Nothing needs to be done: ISO/IEC 7816-3 lets a card answer a warm reset differently.",
            )
    if not values["told"]:
        raise Noted(
            "PC/SC does not report to a connection that its card was reset.",
            "The card refuses a program that goes on, which has to select and verify again; mynacard reports that.",
        )
    kept = values.get("keeps_application")
    what = {None: "", True: " The application stays selected.", False: " No application stays selected."}
    return "A reset is reported." + what[None if kept is None else bool(kept)]


def power(desk: Desk, values: Values) -> str:
    """The card is powered off and on again, and forgets what was selected."""
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


def _is_told(connection: Connection) -> bool:
    """Whether PC/SC reports to *connection* that its card was reset."""
    try:
        connection.transmit(PIN_STATUS)
    except errors.CardLostError:
        return True
    return False


def _select(connection: Connection) -> bool:
    return connection.transmit(SELECT_JPKI)[-2:] == b"\x90\x00"


def _is_selected(connection: Connection) -> bool:
    """Whether the JPKI application answers, without being selected first; asked twice, to compare the answers."""
    connection.transmit(PIN_STATUS)
    return connection.transmit(PIN_STATUS)[:1] == b"\x63"


def keypad(desk: Desk, values: Values) -> str:
    """The properties that the reader reports, and whether it has a PIN keypad."""
    with connected(desk, Share.SHARED if desk.kind is not CardKind.NONE else Share.DIRECT) as connection:
        features = _reported(connection.features)
        values["verifies"] = Feature.VERIFY_PIN_DIRECT in features
        values["changes"] = Feature.MODIFY_PIN_DIRECT in features
        values["features"] = ", ".join(map(_feature, sorted(features))) or "none"
        if code := features.get(Feature.GET_TLV_PROPERTIES):
            desk.identity = ReaderIdentity.of(_reported(lambda: parse_properties(connection.control(code))))
    if desk.identity.apdu_data_max is not None:
        values["apdu_data_max_bytes"] = desk.identity.apdu_data_max
    known = desk.identity
    if descriptor := descriptor_of(frozenset({known.usb}) if known.usb else usb_ids(desk.name)):
        values["level"] = descriptor.level or "unknown"
        values["message_max_bytes"], values["block_max_bytes"] = descriptor.message_max, descriptor.block_max
        desk.identity = replace(known, usb=descriptor.usb, firmware=known.firmware or descriptor.firmware)
    return "The reader reports a PIN keypad." if values["verifies"] else "The reader reports no PIN keypad."


def _reported(ask: Callable[[], Mapping[int, T]]) -> Mapping[int, T]:
    """The reader's answer to *ask*; empty where the reader cannot answer, or sends nonsense."""
    try:
        return ask()
    except (errors.CardLostError, errors.ReaderNotFoundError, errors.NoPcscServiceError):
        raise
    except (errors.ReaderError, errors.ProtocolError):
        return {}


def _feature(number: int) -> str:
    """The name of the feature in PC/SC part 10, or else its number."""
    return Feature(number).name if number in {*Feature} else f"{number:02X}"


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
    ("keypad", "PIN keypad", keypad),
)
