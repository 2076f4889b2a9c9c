"""The examination of a desk, from the library to the card: each step needs the one before it. It spends no try."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from mynacard import errors
from mynacard.apdu.channel import Channel
from mynacard.doctor.browsers import findings_of_browsers
from mynacard.doctor.card import findings_of_card
from mynacard.doctor.desk import Desk, session, this_desk
from mynacard.doctor.findings import Finding, Level
from mynacard.doctor.service import VARIABLE, look_at_protocol, look_at_socket
from mynacard.doctor.systems import System
from mynacard.doctor.usb import findings_of_usb
from mynacard.opening import SIMULATED, card_name, open_card
from mynacard.opening.names import Simulated
from mynacard.readers import Deadlines, Library, ReaderCard, ReaderState, find_library, likely_holders, list_readers
from mynacard.texts import N_

__all__ = ["examine"]

PATIENCE: Final = Deadlines(service_s=5.0, card_s=10.0, busy_s=2.0)
_HOLDERS_UNKNOWN: Final = N_("not known here")
_WRITTEN: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""Every copy of mynacard with this module is newer: a clock that shows an earlier time is wrong."""
_THIS_PROGRAM: Final = N_("this version of mynacard")
_THE_CARD: Final = N_("the card's certificate")


def examine(name: str = "", desk: Desk | None = None) -> Iterator[Finding]:
    """The findings, as they are made.

    They come in this order: library, service, readers and cards, as far as each leads to the next; then USB, where it
    tells more than the readers do; then browsers, and the clock.

    Args:
        name: a part of a reader's name; without it all readers are examined. For the name of a simulated card, only
            what such a card needs.
        desk: the things around the reader; None is this computer.

    Raises:
        UsageError: ``MYNACARD_PCSC`` names no library.
    """
    desk = this_desk() if desk is None else desk
    if isinstance(card_name(name), Simulated):
        yield from _look_at_simulated(name, desk)
        return
    listed: int | None = None
    than = _THIS_PROGRAM if desk.now < _WRITTEN else ""
    for finding in _look_at_pcsc(name, desk):
        yield finding
        match finding.code:
            case "reader/found" | "reader/other":
                listed = 1
            case "reader/none":
                listed = 0
            case "certificate/not-yet-valid":
                than = than or _THE_CARD
            case _:
                pass
    devices = None if VARIABLE in desk.environment else desk.usb()  # the readers on USB do not belong to this service
    if devices is not None:
        yield from findings_of_usb(devices, desk.system, listed)
    if desk.account is not None:
        yield from findings_of_browsers(desk.account)
    yield _clock(desk, than)


def _clock(desk: Desk, than: str) -> Finding:
    """The finding about the clock, which is behind if something newer *than* it is named."""
    return Finding("clock/behind", {"than": than}, desk.system) if than else Finding("clock/good")


def _look_at_simulated(name: str, desk: Desk) -> Iterator[Finding]:
    """The findings about a simulated card, for which library, service, readers and USB do not matter."""
    where = {"reader": SIMULATED}
    try:
        with open_card(name) as channel:
            findings = [Finding("simulated/found", where), *findings_of_card(channel, where, desk.now)]
    except errors.MynacardError as error:
        findings = [Finding("simulated/failed", {"reason": error})]
    yield from findings
    yield _clock(desk, _THIS_PROGRAM if desk.now < _WRITTEN else "")


def _look_at_pcsc(name: str, desk: Desk) -> Iterator[Finding]:
    try:
        library = find_library()
    except errors.NoPcscLibraryError as error:
        yield Finding("library/missing", {"cure": error})
        return
    yield Finding("library/found", {"library": library.name})
    if desk.system is System.LINUX:
        for finding in look_at_socket(desk):
            yield finding
            if finding.level is Level.PROBLEM:
                return
    try:
        states = list_readers(library, PATIENCE)
    except errors.ReaderError as error:
        yield _service(error, desk)
        return
    yield Finding("service/running")
    yield from _look_at_readers(library, states, name, desk)


def _service(error: errors.ReaderError, desk: Desk) -> Finding:
    match error:
        case errors.NoPcscServiceError() if desk.system is System.LINUX:
            return look_at_protocol(desk)
        case errors.NoPcscServiceError():
            return Finding("service/not-running", system=desk.system)
        case errors.AccessRefusedError():
            return Finding("service/refuses", {"session": session(desk)}, desk.system)
        case errors.CallTimeoutError():
            return Finding("service/silent", {"call": error.call}, desk.system)
        case _:
            return Finding("service/failed", {"reason": error}, desk.system)


def _look_at_readers(library: Library, states: tuple[ReaderState, ...], name: str, desk: Desk) -> Iterator[Finding]:
    if not states:
        yield Finding("reader/none", system=desk.system)
        return
    wanted = [state for state in states if state.answers_to(name)]
    if not wanted:
        yield Finding("reader/other", {"name": name, "readers": ", ".join(state.name for state in states)})
    for state in wanted:
        yield Finding("reader/found", {"reader": state.name})
        yield from _look_at_card(library, state, desk.now)


def _look_at_card(library: Library, state: ReaderState, now: datetime) -> Iterator[Finding]:
    where = {"reader": state.name}
    if not state.card_present:
        yield Finding("card/none", where)
    elif state.mute:
        yield Finding("card/mute", where)
    elif state.exclusive:
        yield Finding("card/exclusive", {**where, **_holders()})
    else:
        if state.in_use:
            yield Finding("card/shared", {**where, **_holders()})
        yield from _ask_card(library, where, now)


def _ask_card(library: Library, where: dict[str, str], now: datetime) -> list[Finding]:
    """All findings about the card, collected first: the caller may take time over each, with the card released."""
    findings: list[Finding] = []
    try:
        with ReaderCard(where["reader"], library, PATIENCE) as card, card.transaction():
            for finding in findings_of_card(Channel(card), where, now, card.atr):
                findings.append(finding)
    except errors.ReaderBusyError:
        findings.append(Finding("card/held", {**where, **_holders()}))
    except errors.CardMuteError:
        findings.append(Finding("card/mute", where))
    except (errors.CardLostError, errors.NoCardError, errors.ReaderNotFoundError):
        findings.append(Finding("card/lost", where))
    except errors.MynacardError as error:
        findings.append(Finding("card/failed", {**where, "reason": error}))
    return findings


def _holders() -> dict[str, str]:
    return {"holders": ", ".join(likely_holders()) or _HOLDERS_UNKNOWN}
