"""The reference receiver under test: served on a port of this machine, for simulated cards, with an empty memory."""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import field

from mynacard._dataclasses import dataclass
from mynacard.portal import Receiver, Store, served
from mynacard.portal.simulated import simulated_receiver

__all__ = ["ReceiverUnderTest", "receiver"]


@dataclass(frozen=True, slots=True)
class ReceiverUnderTest:
    """A receiver that is served.

    Attributes:
        url: its address, as :class:`mynacard.submission.client.Client` takes it.
        receiver: the receiver: its clerk's methods let a test decide on applications.
        store: its memory.
    """

    url: str
    receiver: Receiver = field(repr=False)
    store: Store = field(repr=False)


@contextlib.contextmanager
def receiver(*, approve_at_once: bool = True, accept_at_once: bool = False) -> Generator[ReceiverUnderTest, None, None]:
    """A receiver for simulated cards of the third generation of CAs, while the ``with`` lasts.

    Args:
        approve_at_once: whether a registration needs no approval.
        accept_at_once: whether an application gets its final number with its receipt.

    Raises:
        MissingExtraError: a package of the extra ``server`` is not installed.
        TestPkiError: the cache folder cannot be used.
    """
    with contextlib.closing(Store()) as store:
        made = simulated_receiver(store, approve_at_once=approve_at_once, accept_at_once=accept_at_once)
        with served(made) as url:
            yield ReceiverUnderTest(url, made, store)
