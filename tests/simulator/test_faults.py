"""Faults as data: what their names mean, and when they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.simulator.faults import KINDS, Armed, Fault, FaultKind

NUMBERS = {
    FaultKind.ERROR: st.integers(1, 0xFFFFFFFF),
    FaultKind.STATUS: st.integers(0, 0xFFFF),
    FaultKind.GARBAGE: st.integers(0, 0x7FFFFFFF),
    FaultKind.DELAY: st.integers(1, 600_000),
    FaultKind.SLOW_FIRST_COMMAND: st.integers(1, 600_000),
    FaultKind.FALSE_END_6B00: st.integers(0, 0x7FFF),
    FaultKind.FALSE_END_6986: st.integers(0, 0x7FFF),
    FaultKind.FALSE_END_EMPTY: st.integers(0, 0x7FFF),
}
FAULTS = st.sampled_from(FaultKind).flatmap(
    lambda kind: st.builds(Fault, st.just(kind), st.integers(1, 999_999_999), NUMBERS.get(kind, st.just(0)))
)


@given(FAULTS)
def test_a_fault_is_written_as_it_is_read(fault: Fault) -> None:
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind not in NUMBERS])
def test_every_kind_has_a_name(kind: FaultKind) -> None:
    assert Fault.parse(f"{kind.value}@3") == Fault(kind, 3)
    assert kind.value in KINDS


@pytest.mark.parametrize(
    "text",
    ["", "reset", "reset@", "reset@0", "reset@-1", "reset@1.5", "reset@1 ", "RESET@1", "nothing@1", "@1", "error@1",
     "error=@1", "error=0@1", "error=80100016F@1", "error=G@1", "reset=80100016@1", "reset@1@2", "reset@1000000000",
     "status@1", "status=10000@1", "status=6F0G@1", "garbage@1", "garbage=A@1", "garbage=2147483648@1", "delay=0@1",
     "delay=600001@1", "delay=1.5@1", "one-byte=1@1", "removed-before@1", "slow-first-command@1",
     "slow-first-command=0@1", "false-end-6b00@1", "false-end-6b00=32768@1", "false-end-empty=A@1", "false-end=1@1",
     "6b00@1"],
)  # fmt: skip
def test_anything_else_is_no_fault_and_the_kinds_are_named(text: str) -> None:
    with pytest.raises(UsageError, match="the kinds are: removed, .*error=HEX.*status=HEX.*garbage=SEED, delay=MS"):
        Fault.parse(text)


def test_a_fault_comes_at_its_apdu_and_once() -> None:
    armed = Armed([Fault.parse("reset@2"), Fault.parse("error=8010000b@4")])
    struck = [armed.at_next_apdu() for _ in range(6)]
    assert [str(fault) for fault in struck if fault] == ["reset@2", "error=8010000B@4"]
    assert [number for number, fault in enumerate(struck, 1) if fault] == [2, 4]


def test_two_faults_do_not_share_an_apdu() -> None:
    with pytest.raises(UsageError, match="number 2"):
        Armed([Fault.parse("reset@2"), Fault.parse("mute@2")])
