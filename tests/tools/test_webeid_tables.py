"""The page of the host has the tables that the code is."""

from __future__ import annotations

import webeid_tables

from mynacard.webeid.host import Event
from mynacard.webeid.messages import Failure


def test_the_page_of_the_host_has_the_tables_that_are_printed_from_the_code() -> None:
    printed = f"{webeid_tables.BEGIN}\n{webeid_tables.tables()}\n{webeid_tables.END}"
    assert printed in webeid_tables.PAGE.read_text("utf-8")


def test_the_tables_have_every_event_and_every_failure() -> None:
    assert all(f"| {event.value} |" in webeid_tables.machine() for event in Event)
    assert all(failure.value[1] in webeid_tables.failures() for failure in Failure)
