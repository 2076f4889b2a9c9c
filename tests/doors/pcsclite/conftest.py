"""A service without sockets, a reader on its desk, and a card in that."""

from __future__ import annotations

import sys

import pytest

from mynacard.doors.pcsclite.service import Service
from mynacard.simulator import SimulatedCard
from tests.doors.pcsclite.client import READER, Clock, Program, new_service

# Other systems have no sockets that name the connecting process, and no pcsc-lite.
collect_ignore = [] if sys.platform == "linux" else ["test_door.py", "test_pinpad_clients.py", "test_real_clients.py"]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(clock: Clock, card: SimulatedCard) -> Service:
    """A service with the card on its one reader."""
    made = new_service(clock)
    made.desk.plug(READER, card)
    return made


@pytest.fixture
def holder(service: Service) -> Program:
    """The program that the test is about."""
    return Program(service, peer=100)


@pytest.fixture
def other(service: Service) -> Program:
    """Another program."""
    return Program(service, peer=200)
