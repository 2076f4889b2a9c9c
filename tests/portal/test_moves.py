"""The order of an application's states: what is withdrawn or completed stays so, and nothing decided is undone."""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise
from pathlib import Path

import pytest

from mynacard.portal import Receiver, Refusal
from mynacard.portal.moves import check_move
from mynacard.submission.applicant import Applicant
from mynacard.submission.client import Client
from mynacard.submission.exchange import AccountState, State
from mynacard.submission.outbox import Outbox
from tests.portal.campaign import Line
from tests.portal.people import ORIGIN, Somebody, logged_in, packed, receiver, registered

OPEN = {State.RECEIVED, State.ACCEPTED, State.UNDER_EXAMINATION, State.AWAITING_DOCUMENTS}
LINE = [state for state in State if state not in (State.REFUSED, State.WITHDRAWN)]


def allowed(before: State, after: State) -> bool:
    try:
        check_move(before, after)
    except Refusal as refusal:
        assert (refusal.status, refusal.problem) == (409, "application/state")
        return False
    return True


@pytest.mark.parametrize("before", State)
def test_no_state_leads_to_itself_or_back_to_the_beginning(before: State) -> None:
    assert not allowed(before, before)
    assert not allowed(before, State.RECEIVED)


@pytest.mark.parametrize("before", State)
def test_only_what_is_not_decided_can_be_withdrawn_or_examined(before: State) -> None:
    assert allowed(before, State.WITHDRAWN) == (before in OPEN)
    assert allowed(before, State.UNDER_EXAMINATION) == (before in OPEN - {State.UNDER_EXAMINATION})
    assert allowed(before, State.AWAITING_DOCUMENTS) == (before in OPEN - {State.AWAITING_DOCUMENTS})
    assert allowed(before, State.ACCEPTED) == (before is State.RECEIVED)


@pytest.mark.parametrize("before", [State.WITHDRAWN, State.REFUSED, State.COMPLETED])
def test_three_states_are_final(before: State) -> None:
    assert [after for after in State if allowed(before, after)] == []


def test_an_application_can_go_through_all_states_in_their_order() -> None:
    assert all(allowed(before, after) for before, after in pairwise(LINE))
    assert not any(allowed(after, before) for before, after in pairwise(LINE[3:]))


# --- at the receiver -------------------------------------------------------------------------------------------------


@pytest.fixture
def made() -> Generator[Receiver]:
    made = receiver()
    yield made
    made.store.close()


def submitted(made: Receiver, tmp_path: Path) -> str:
    outbox, jane = Outbox(tmp_path / "outbox"), Somebody()
    with Client(ORIGIN, outbox, transport=Line(made)) as client:
        registered(client, jane)
        logged_in(client, jane)
        status = client.submit(packed(client, outbox, jane, tmp_path / "files")).status
    assert status is not None
    return status.provisional_number


def problem(raised: pytest.ExceptionInfo[Refusal]) -> tuple[int, str]:
    return raised.value.status, raised.value.problem


def test_the_office_can_say_what_it_decided_about(made: Receiver, tmp_path: Path) -> None:
    number = submitted(made, tmp_path)
    with pytest.raises(Refusal) as raised:
        made.move(number, State.GRANTED, before=State.AWAITING_DOCUMENTS)
    assert problem(raised) == (409, "application/state")
    assert made.move(number, State.GRANTED, before=State.RECEIVED).state is State.GRANTED
    with pytest.raises(Refusal) as raised:
        made.move("no such number", State.GRANTED)
    assert problem(raised) == (404, "application/unknown")


def test_an_application_has_one_final_number(made: Receiver, tmp_path: Path) -> None:
    number = submitted(made, tmp_path)
    accepted = made.accept(number)
    with pytest.raises(Refusal):
        made.accept(number)
    status = made.store.status(None, number)
    assert status == accepted
    assert len(accepted.number) == 12


def test_an_application_that_is_accepted_at_once_is_never_seen_without_its_number(tmp_path: Path) -> None:
    made = receiver(accept_at_once=True)
    number = submitted(made, tmp_path)
    status = made.store.status(None, number)
    assert status is not None
    assert [event.state for event in status.history] == [State.RECEIVED, State.ACCEPTED]
    assert len(status.number) == 12
    made.store.close()


def test_only_renewed_certificates_open_a_closed_account_again(made: Receiver, tmp_path: Path) -> None:
    submitted(made, tmp_path)
    ((account,),) = made.store._all("SELECT id FROM accounts")
    made.close(str(account))
    with pytest.raises(Refusal) as raised:
        made.approve(str(account))
    assert problem(raised) == (403, "account/closed")
    with pytest.raises(Refusal) as raised:
        made.approve("no such account")
    assert problem(raised) == (404, "account/unknown")
    renewed = Somebody("renewed", serial=2)
    with Client(ORIGIN, Outbox(tmp_path / "outbox"), transport=Line(made)) as client:
        assert Applicant(client, renewed).rebind(str(account)).state is AccountState.PENDING
        made.approve(str(account), made.store.rebinding(str(account)))
        logged_in(client, renewed)
