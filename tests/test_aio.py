"""The same in an event loop: the loop goes on, one thread at a time has the card, and cancelling lets it go."""
# ruff: noqa: PT012 - what happens inside of the with is what these tests are about

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterator

import anyio
import pytest
from cli.harness import Desk
from readers.fake_scard import LOG_OUT, READER

from mynacard import JpkiSession, Pin, aio, errors
from mynacard.jpki import DIGITAL_SIGNATURE
from mynacard.pin_entry import PinRequest
from mynacard.readers import Deadlines, events, pcsc
from mynacard.readers.pyscard import Pyscard
from mynacard.simulator import SimulatedCard
from mynacard.simulator.doors import disk

BACKENDS = ["asyncio", "trio"]


@pytest.fixture
def card() -> SimulatedCard:
    return disk.new_card()


@pytest.fixture
def desk(card: SimulatedCard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = Desk(card)
    for room in (pcsc, events):
        monkeypatch.setattr(room, "find_library", lambda: Pyscard(made))
    yield made
    made.wait_until_nothing_is_open()
    assert not card.state.verified


@pytest.fixture(params=BACKENDS)
def run(request: pytest.FixtureRequest) -> Callable[[Callable[[], Awaitable[None]]], None]:
    return lambda main: anyio.run(main, backend=request.param)


async def typed(_: PinRequest) -> Pin:
    await anyio.sleep(0)
    return Pin("ABC123")


def test_a_card_is_read_in_threads(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        async with aio.open_card() as card:
            session = await card.run(JpkiSession)
            assert await card.run(lambda _: session.token_info().label) == "JPKIAPICCTOKEN2"

    run(main)
    assert desk.transaction is None


def test_a_pin_is_asked_for_in_the_loop_and_in_no_transaction(run: Callable[[object], None], desk: Desk) -> None:
    asked: list[threading.Thread] = []

    async def ask(request: PinRequest) -> Pin:
        assert desk.transaction is None
        asked.append(threading.current_thread())
        return await typed(request)

    async def main() -> None:
        async with aio.verified_session(DIGITAL_SIGNATURE, ask) as session:
            signatures = [await session.run(JpkiSession.sign, data) for data in (b"one", b"two")]
        assert [len(signature) for signature in signatures] == [256, 256]

    run(main)
    assert asked == [threading.current_thread()]


def test_two_tasks_take_turns(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        async with (
            aio.verified_session(DIGITAL_SIGNATURE, Pin("ABC123")) as session,
            anyio.create_task_group() as tasks,
        ):
            for number in range(8):
                tasks.start_soon(session.run, JpkiSession.sign, b"%d" % number)

    run(main)
    assert len([wire for wire in desk.transmitted if wire[1] == 0x2A]) == 8


def test_the_loop_goes_on_while_a_card_works(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        async with aio.open_card() as card, anyio.create_task_group() as tasks:
            released = desk.block("SCardTransmit")

            async def release() -> None:
                released.set()

            tasks.start_soon(release)
            await card.run(JpkiSession)

    run(main)


def test_a_cancelled_task_waits_for_its_command_and_logs_out(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        async with aio.verified_session(DIGITAL_SIGNATURE, Pin("ABC123")) as session:
            before, released = len(desk.transmitted), desk.block("SCardTransmit")
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(session.run, JpkiSession.sign, b"a document")
                while len(desk.transmitted) == before:
                    await anyio.sleep(0.001)
                tasks.cancel_scope.cancel()
                threading.Timer(0.05, released.set).start()
            assert released.is_set(), "the command was waited for"

    run(main)
    assert desk.transmitted[-1] == LOG_OUT


def test_an_error_leaves_the_card_as_in_a_thread(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        with pytest.raises(ZeroDivisionError):
            async with aio.verified_session(DIGITAL_SIGNATURE, Pin("ABC123")):
                raise ZeroDivisionError
        with pytest.raises(errors.PinIncorrect):
            async with aio.verified_session(DIGITAL_SIGNATURE, Pin("WRONG1")):
                pytest.fail("verified")

    run(main)


def test_a_mute_card_holds_the_loop_up_no_longer_than_its_deadline(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        with pytest.raises(errors.CallTimeoutError):
            async with aio.open_card(deadlines=Deadlines(card_s=0.05)) as card:
                released = desk.block("SCardTransmit")
                try:
                    await card.run(JpkiSession)
                finally:
                    threading.Timer(0.1, released.set).start()

    run(main)


def test_readers_are_watched(run: Callable[[object], None], desk: Desk) -> None:
    async def main() -> None:
        states = await aio.wait_for_card()
        assert [state.name for state in states] == [READER]
        desk.readers = {READER: (0x12, [])}
        with pytest.raises(errors.NoCardError):
            await aio.wait_for_card(timeout_s=0.01)

    run(main)


def test_a_cancelled_watch_ends_at_once(run: Callable[[object], None], desk: Desk) -> None:
    desk.readers = {READER: (0x12, [])}

    async def main() -> None:
        with anyio.move_on_after(0.05) as scope:
            await aio.wait_for_card()
        assert scope.cancelled_caught

    run(main)
