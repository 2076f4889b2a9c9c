"""A residence card's number is asked for outside any transaction, and presented inside one, as PINs are."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Generator
from typing import TypeAlias, Unpack

from mynacard.apdu.channel import CardProfile
from mynacard.apdu.message import Card
from mynacard.arguments import check_class, wrong_type
from mynacard.opening import OpeningOptions, connect_card
from mynacard.pin import hidden
from mynacard.residence.agreement import ENTROPY_LENGTH
from mynacard.residence.card import ResidenceCard
from mynacard.residence.layout import CardType
from mynacard.residence.number import CardNumber, as_number

__all__ = ["NumberProvider", "opened_residence_card", "unlocked_residence_card"]

NumberProvider: TypeAlias = Callable[[CardType], CardNumber]
"""Gets a residence card's number from its holder; called with the type of card, outside any transaction."""


@contextlib.contextmanager
def opened_residence_card(
    number: CardNumber | NumberProvider,
    *,
    name: str | None = None,
    extended_length: bool | None = None,
    **opening: Unpack[OpeningOptions],
) -> Generator[ResidenceCard, None, None]:
    """A residence card, opened with its number; afterwards it is powered off, which closes it.

    Args:
        number: the number, or a function that gets it. The card counts no tries; even so, it is presented only once.
        name: which card, as :func:`mynacard.open_card` takes it.
        extended_length: whether reader and card pass long answers, if the caller knows; otherwise the card is tried.
        opening: ``around``, ``deadlines`` and ``wait_s``, as :func:`mynacard.connect_card` takes them.

    Raises:
        NoResidenceCard, NotPublicError: the card is of another kind; the number is not asked for.
        CardNumberIncorrect: it is another card's number.
        CardLostError: the card was removed, replaced or reset while the holder typed. The number was not used.
        ProtocolError, OutcomeUnknownError: as :meth:`mynacard.residence.ResidenceCard.authenticate`.
        ReaderError, UsageError, CardFileError, TestPkiError: as :func:`mynacard.open_card`.
    """
    typed = hidden(number)
    del number  # before the text is looked at: tracebacks show variables
    known = as_number(typed)
    if not (isinstance(known, CardNumber) or callable(known)):
        raise wrong_type(type(known), "CardNumber or NumberProvider")
    profile = CardProfile(extended_length=extended_length)
    with connect_card(name, **opening) as connection:
        if not isinstance(known, CardNumber):
            with connection.transaction() as channel:
                channel.learn(profile)
                card_type = ResidenceCard(channel).type
                profile = channel.profile
            typed = hidden(known(card_type))
            known = as_number(typed)
        with connection.transaction() as channel:
            channel.learn(profile)
            yield unlocked_residence_card(channel, known)


def unlocked_residence_card(card: Card, number: CardNumber) -> ResidenceCard:
    """A session on *card*, opened with its *number*: for a card that the caller holds, such as a simulated one.

    :meth:`mynacard.residence.ResidenceCard.authenticate` with random bytes of the system. Nothing closes the card here.

    Raises:
        as :class:`mynacard.residence.ResidenceCard` and its ``authenticate``.
    """
    typed = hidden(number)
    del number  # before the text is looked at: tracebacks show variables
    known = as_number(typed)
    check_class(type(known), CardNumber)
    unlocked = ResidenceCard(card)
    unlocked.authenticate(known, secrets.token_bytes(ENTROPY_LENGTH))
    return unlocked
