"""Faults as data: what their names mean, and when they come."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.simulator.faults import KINDS, Armed, Fault, FaultKind

FAULTS = st.builds(
    lambda kind, at, code: Fault(kind, at, code if kind is FaultKind.ERROR else 0),
    st.sampled_from(FaultKind), st.integers(1, 999_999_999), st.integers(1, 0xFFFFFFFF),
)  # fmt: skip


@given(FAULTS)
def test_a_fault_is_written_as_it_is_read(fault: Fault) -> None:
    assert Fault.parse(str(fault)) == fault


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind is not FaultKind.ERROR])
def test_every_kind_has_a_name(kind: FaultKind) -> None:
    assert Fault.parse(f"{kind.value}@3") == Fault(kind, 3)
    assert kind.value in KINDS


@pytest.mark.parametrize(
    "text",
    ["", "reset", "reset@", "reset@0", "reset@-1", "reset@1.5", "reset@1 ", "RESET@1", "nothing@1", "@1", "error@1",
     "error=@1", "error=0@1", "error=80100016F@1", "error=G@1", "reset=80100016@1", "reset@1@2", "reset@1000000000"],
)  # fmt: skip
def test_anything_else_is_no_fault_and_the_kinds_are_named(text: str) -> None:
    with pytest.raises(UsageError, match="the kinds are: removed, .*error=HEX"):
        Fault.parse(text)


def test_a_fault_comes_at_its_apdu_and_once() -> None:
    armed = Armed([Fault.parse("reset@2"), Fault.parse("error=8010000b@4")])
    struck = [armed.at_next_apdu() for _ in range(6)]
    assert [str(fault) for fault in struck if fault] == ["reset@2", "error=8010000B@4"]
    assert [number for number, fault in enumerate(struck, 1) if fault] == [2, 4]


def test_two_faults_do_not_share_an_apdu() -> None:
    with pytest.raises(UsageError, match="number 2"):
        Armed([Fault.parse("reset@2"), Fault.parse("mute@2")])
