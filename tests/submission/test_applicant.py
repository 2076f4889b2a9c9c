"""The sender's use cases: what is asked of the signer, in which order, and what is never signed."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import pytest

from mynacard.errors import UsageError
from mynacard.portal import Receiver, served
from mynacard.submission.applicant import Applicant, NotAcceptable
from mynacard.submission.application import Application
from mynacard.submission.calls import PortalError
from mynacard.submission.client import Client
from mynacard.submission.exchange import AccountState, State
from mynacard.submission.messages import Violation
from mynacard.submission.outbox import EntryState, Outbox
from mynacard.submission.profile import Profile
from tests.portal.people import Somebody, receiver
from tests.submission.applications import EXTENSION, NOW
from tests.submission.packages import files_in


@dataclass
class Counted(Somebody):
    """A signer that keeps what it was asked for, in order."""

    asked: list[str] = field(default_factory=list[str])

    def token(self, origin: str, nonce: str) -> str:
        self.asked.append("token")
        return super().token(origin, nonce)

    def signature(self, document: bytes) -> bytes:
        self.asked.append("signature")
        return super().signature(document)


@pytest.fixture
def made() -> Generator[Receiver]:
    of_tests = receiver()
    yield of_tests
    of_tests.store.close()


@pytest.fixture
def sender(made: Receiver, tmp_path: Path) -> Generator[Applicant]:
    with served(made) as url, Client(url, Outbox(tmp_path / "outbox")) as client:
        yield Applicant(client, Counted(), lambda: NOW)


def asked(sender: Applicant) -> list[str]:
    assert isinstance(sender.signer, Counted)
    return sender.signer.asked


def test_from_the_registration_to_the_receipt_each_pin_is_asked_for_twice(
    sender: Applicant, made: Receiver, tmp_path: Path
) -> None:
    assert sender.register().state is AccountState.ACTIVE
    paths, attachments = files_in(tmp_path / "files")
    application = replace(EXTENSION, attachments=attachments)
    assert sender.check(application).acceptable
    entry = sender.sign(application, paths)
    assert (entry.state, made.store.count()) == (EntryState.READY, 0)
    assert sender.client.waiting() == (entry,)
    assert sender.client.submit(entry).state is EntryState.RECEIVED
    assert asked(sender) == ["token", "signature", "token", "signature"]


def test_what_breaks_the_rules_here_is_never_sent_and_no_pin_is_asked_for(sender: Applicant) -> None:
    with pytest.raises(NotAcceptable) as raised:
        sender.check(replace(EXTENSION, intent_confirmed=False))
    assert [remark.field for remark in raised.value.report if remark.is_error] == ["/intent_confirmed"]
    assert "breaks 1 rules" in str(raised.value)
    assert asked(sender) == []


class Lenient(Profile):
    """The rules of a sender who finds nothing wrong."""

    def check(self, application: Application, *, now: datetime) -> tuple[Violation, ...]:
        return ()


def test_what_only_the_receiver_refuses_comes_with_its_report_and_nothing_is_signed(sender: Applicant) -> None:
    sender.register()
    before = asked(sender).count("signature")
    sender.client.profile = Lenient()
    with pytest.raises(NotAcceptable) as raised:
        sender.check(replace(EXTENSION, intent_confirmed=False))
    assert [remark.field for remark in raised.value.report if remark.is_error] == ["/intent_confirmed"]
    assert asked(sender).count("signature") == before


def test_documents_are_signed_only_when_the_receiver_asks_for_them(
    sender: Applicant, made: Receiver, tmp_path: Path
) -> None:
    sender.register()
    paths, attachments = files_in(tmp_path / "files")
    entry = sender.client.submit(sender.sign(replace(EXTENSION, attachments=attachments), paths))
    assert entry.status is not None
    number, before = entry.status.provisional_number, asked(sender).count("signature")
    with pytest.raises(UsageError, match="the application is received"):
        sender.supplement(number, paths[1:])
    assert asked(sender).count("signature") == before
    made.move(number, State.AWAITING_DOCUMENTS)
    more = sender.client.submit(sender.supplement(number, paths[1:]))
    assert more.status is not None
    assert (more.number, more.status.state) == (number, State.UNDER_EXAMINATION)
    assert sender.withdraw(number).state is State.WITHDRAWN


def test_a_file_that_is_not_there_is_told_before_any_pin(sender: Applicant, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        sender.supplement("1", [tmp_path / "none.pdf"])
    assert asked(sender) == []


def test_renewed_certificates_are_bound_at_once_for_a_sender_who_is_logged_in(sender: Applicant) -> None:
    account = sender.register().account
    sender.log_in()
    renewed = Applicant(sender.client, Counted("renewed", serial=2))
    assert (renewed.rebind(account).state, asked(renewed)) == (AccountState.ACTIVE, ["token", "signature"])
    with pytest.raises(PortalError):
        sender.log_in()
    assert renewed.log_in().account == account
