"""What passes is counted, and what it comes to is computed."""

from __future__ import annotations

import pytest

from mynacard.reader_check.measures import Meter, Sample, Step, Summary, summaries


class Clock:
    """Nanoseconds as the test says."""

    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


class Slow:
    """A card that takes 5 ms and answers four bytes."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def transmit(self, command: bytes, /) -> bytes:
        self.clock.now += 5_000_000
        if command == b"lost":
            raise ConnectionError
        return b"\x01\x02\x90\x00"


def test_a_lap_has_what_passed_since_the_one_before() -> None:
    clock = Clock()
    meter = Meter(clock)
    card = meter.around(Slow(clock))
    for command in (b"12345", b"123"):
        assert card.transmit(command) == b"\x01\x02\x90\x00"
    assert meter.lap(Step.OPEN) == Sample(Step.OPEN, 10_000_000, 2, 8, 8)
    clock.now += 7
    assert meter.lap(Step.PIN_STATUS) == Sample(Step.PIN_STATUS, 7, 0, 0, 0)
    card.transmit(b"1")
    meter.start()
    assert meter.lap(Step.CERTIFICATE) == Sample(Step.CERTIFICATE, 0, 0, 0, 0)


def test_an_error_of_the_card_goes_on() -> None:
    clock = Clock()
    card = Meter(clock).around(Slow(clock))
    with pytest.raises(ConnectionError):
        card.transmit(b"lost")


def sample(ms: float, received: int = 100, step: Step = Step.CERTIFICATE) -> Sample:
    return Sample(step, int(ms * 1e6), 1, 7, received)


def test_a_summary_is_by_the_median_and_the_ends() -> None:
    found = Summary(Step.CERTIFICATE, tuple(map(sample, (4, 1, 10, 2))))
    assert (found.median_ms, found.min_ms, found.max_ms) == (3, 1, 10)
    assert found.bytes_per_s == pytest.approx((100 / 0.002 + 100 / 0.004) / 2)
    alone = Summary(Step.CERTIFICATE, (sample(2.5, 2050),))
    assert (alone.median_ms, alone.min_ms, alone.max_ms, alone.bytes_per_s) == (2.5, 2.5, 2.5, 820_000)


def test_where_the_clock_stood_still_there_is_no_speed() -> None:
    assert Summary(Step.CERTIFICATE, (sample(0),)).bytes_per_s is None


@pytest.mark.parametrize("step", [step for step in Step if step is not Step.CERTIFICATE])
def test_only_the_certificate_has_a_speed_in_bytes(step: Step) -> None:
    assert Summary(step, (sample(1, step=step),)).bytes_per_s is None


def test_samples_are_summed_up_by_their_steps_in_order() -> None:
    samples = [sample(1, step=step) for step in (Step.SIGNATURE, Step.OPEN, Step.SIGNATURE)]
    assert [(found.step, len(found.samples)) for found in summaries(samples)] == [(Step.OPEN, 1), (Step.SIGNATURE, 2)]
    assert summaries([]) == []
