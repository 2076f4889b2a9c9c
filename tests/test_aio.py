"""The same in an event loop: the loop goes on, one thread at a time has the card, and cancelling lets it go."""
# ruff: noqa: PT012 - what happens inside of the with is what these tests are about

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator

import anyio
import pytest

from mynacard import AtKeypad, JpkiSession, Pin, aio, errors
from mynacard.apdu.keypad import GET_FEATURE_REQUEST, Feature, feature_list
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.opening.pins import PinRequest
from mynacard.readers import Deadlines
from mynacard.simulator import SimulatedCard
from tests.readers.fake_scard import LOG_OUT, READER, Desk, desk_with

BACKENDS = ["asyncio", "trio"]
VERIFY = 0x42330006
SCARD_CTL_CODE = 0x42000000


@pytest.fixture
def desk(card: SimulatedCard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    yield (made := desk_with(card, monkeypatch))
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


def have_typed(desk: Desk, *pins: str) -> None:
    """The reader has keys, at which these PINs are typed."""
    entries = iter(pins)

    def typed() -> list[int]:
        pin = next(entries).encode()
        return list(desk.simulated.transmit(b"\x00\x20\x00\x98" + bytes((len(pin),)) + pin))

    features = feature_list({Feature.VERIFY_PIN_DIRECT: VERIFY})
    desk.controls = {SCARD_CTL_CODE + GET_FEATURE_REQUEST: list(features), VERIFY: typed}


def test_a_pin_is_typed_at_the_reader_in_a_thread(run: Callable[[object], None], desk: Desk) -> None:
    have_typed(desk, "1234", "1234", "9999")
    keypad = AtKeypad(untested=True)

    async def told(request: PinRequest) -> AtKeypad:
        assert desk.transaction is None
        return keypad

    async def main() -> None:
        for pin in (keypad, told):
            async with aio.verified_session(USER_AUTHENTICATION, pin) as session:
                assert await session.run(JpkiSession.authenticate, "https://example.jp", "n" * 44)
            assert desk.transmitted[-1] == LOG_OUT
        with pytest.raises(errors.PinIncorrect):
            async with aio.verified_session(USER_AUTHENTICATION, keypad):
                pytest.fail("verified")
        with pytest.raises(errors.NoKeypadError):
            async with aio.verified_session(USER_AUTHENTICATION, AtKeypad()):
                pytest.fail("verified at keys that nobody tried")

    run(main)
    assert not desk.verifies, "the program has sent none itself"


def test_a_cancelled_task_waits_for_the_entry_at_the_reader_and_logs_out(
    run: Callable[[object], None], desk: Desk
) -> None:
    have_typed(desk, "1234")

    async def use() -> None:
        async with aio.verified_session(USER_AUTHENTICATION, AtKeypad(untested=True)):
            await anyio.sleep(0)
            pytest.fail("the task went on")

    async def main() -> None:
        released = desk.block("SCardControl", after=1)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(use)
            while desk.calls.count("SCardControl") < 2:
                await anyio.sleep(0.001)
            tasks.cancel_scope.cancel()
            threading.Timer(0.05, released.set).start()

    run(main)
    assert desk.transmitted[-1] == LOG_OUT


@pytest.mark.parametrize("call", ["SCardConnect", "SCardBeginTransaction", "SCardTransmit", "SCardControl"])
def test_asyncios_own_cancelling_waits_as_well(desk: Desk, call: str) -> None:
    have_typed(desk, "1234")
    released = desk.block(call, after=call == "SCardControl")

    async def use() -> None:
        async with aio.verified_session(USER_AUTHENTICATION, AtKeypad(untested=True)):
            pytest.fail("the task went on")

    async def main() -> None:
        task = asyncio.create_task(use())
        while call not in desk.calls[-1:] or (call == "SCardControl" and desk.calls.count(call) < 2):
            await asyncio.sleep(0.001)
        for _ in range(3):  # somebody is impatient
            task.cancel()
            await asyncio.sleep(0.01)
        assert not task.done()
        released.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert desk.nothing_is_open

    asyncio.run(main())
    if call == "SCardControl":
        assert desk.transmitted[-1] == LOG_OUT


def test_asyncios_own_cancelling_ends_the_question_for_a_pin(desk: Desk) -> None:
    asked = asyncio.Event()

    async def never(_: PinRequest) -> Pin:
        asked.set()
        await asyncio.sleep(60)
        raise AssertionError

    async def use() -> None:
        async with aio.verified_session(DIGITAL_SIGNATURE, never):
            pytest.fail("the task went on")

    async def main() -> None:
        task = asyncio.create_task(use())
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(task, 10)
        assert desk.nothing_is_open

    asyncio.run(main())
    assert desk.verifies == []


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
