"""The receiver under test takes what a simulated card on a reader signs, and forgets everything afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest

from mynacard import Pin
from mynacard.submission.applicant import Applicant
from mynacard.submission.card_signer import CardSigner
from mynacard.submission.client import Client
from mynacard.submission.exchange import AccountState
from mynacard.submission.outbox import Outbox
from mynacard.testing import CardOptions, reader_with, receiver


@pytest.mark.parametrize(("approve_at_once", "state"), [(True, AccountState.ACTIVE), (False, AccountState.PENDING)])
def test_an_applicant_registers(tmp_path: Path, approve_at_once: bool, state: AccountState) -> None:
    signer = CardSigner.with_pins(Pin("1234"), Pin("ABC123"))
    with receiver(approve_at_once=approve_at_once) as here, reader_with(CardOptions().make()):
        with Client(here.url, Outbox(tmp_path)) as client:
            account = Applicant(client, signer).register()
        assert account.state is state
        known = here.store.account(account.account)
        assert known is not None
        assert known.state is state
        here.receiver.approve(account.account)
        folder = here.store.folder
        assert folder.exists()
    assert not folder.exists()
