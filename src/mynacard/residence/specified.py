"""Whether a card is a specified residence card: an Individual Number Card and a residence card in one."""

from __future__ import annotations

from mynacard.apdu.channel import Channel
from mynacard.apdu.commands import SelectDf
from mynacard.apdu.status import SUCCESS
from mynacard.residence.layout import RESIDENCE_APPLICATION

__all__ = ["has_residence_application"]


def has_residence_application(channel: Channel) -> bool:
    """Whether the card is a specified residence card, which is also an Individual Number Card; one APDU.

    It ends every selection, whatever the card answers.
    """
    return channel.exchange(SelectDf(RESIDENCE_APPLICATION)).status == SUCCESS
