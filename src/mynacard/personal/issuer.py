"""The issuer's data in the card manager, free to read: GET DATA, no PIN."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from mynacard.apdu.channel import refusal
from mynacard.apdu.commands import GetData
from mynacard.apdu.message import NE_MAX, Card
from mynacard.apdu.selection import BLOCK, Selection
from mynacard.apdu.status import SUCCESS, StatusWord
from mynacard.errors import CardDataError
from mynacard.personal.cv import CvCertificate
from mynacard.personal.keys import KeyId
from mynacard.personal.layout import ISSUER, Tag
from mynacard.texts import N_

__all__ = ["IssuerData"]

_DATE: Final = re.compile(rb"([0-9]{4})([0-9]{2})([0-9]{2})")
_LARGE: Final = frozenset({Tag.INTERMEDIATE_CERTIFICATE, Tag.CARD_CERTIFICATE})


class IssuerData:
    """The issuer's domain of a card, selected; one APDU, which logs out of every other application.

    Each object costs one APDU, and one more where the card asks for extended length. An absent one is None. Several
    of them identify this very card.

    Every method raises as :meth:`get` does, and a CardDataError if an object does not have the known form.

    Args:
        card: the card, or a channel to it.
    """

    def __init__(self, card: Card) -> None:
        self._selection = Selection(card, ISSUER.df_name, ISSUER.name)

    def get(self, tag: int) -> bytes | None:
        """The data object *tag* as the card returns it; None where it is absent.

        Raises:
            WrongLength: it needs extended length, which reader or card does not pass.
            CardError: the card refused in another way.
        """
        channel = self._selection.channel
        extended = channel.profile.extended_length
        response = channel.exchange(GetData(tag, NE_MAX if extended and tag in _LARGE else BLOCK))
        refused_length = response.status == StatusWord.WRONG_LENGTH  # seen with a short Le and a long object
        if refused_length and extended is not False:
            response = channel.exchange(GetData(tag, NE_MAX))
        if response.status == StatusWord.REFERENCE_NOT_FOUND:
            return None
        if response.status != SUCCESS:
            raise refusal(response.status, GetData.title)
        return response.data

    def issuer_identification(self) -> KeyId | None:
        """The name of the issuer's root."""
        return self._key_id(Tag.ISSUER_IDENTIFICATION)

    def card_identification(self) -> str | None:
        """The card's number, in ASCII."""
        return self._text(Tag.CARD_IDENTIFICATION)

    def municipality(self) -> str | None:
        """The code of the municipality that issued the card."""
        return self._text(Tag.MUNICIPALITY)

    def expiry(self) -> date | None:
        """The last day on which the card is valid.

        Raises:
            CardDataError: the card does not have a day there.
        """
        content = self.get(Tag.EXPIRY)
        if content is None:
            return None
        try:
            if digits := _DATE.fullmatch(content):
                return date(*map(int, digits.groups()))
        except ValueError:
            pass
        raise CardDataError(N_("The card's expiry date is not a date."))

    def intermediate_key_id(self) -> KeyId | None:
        """The name of the key between the root and the card."""
        return self._key_id(Tag.INTERMEDIATE_KEY_ID)

    def intermediate_certificate(self) -> CvCertificate | None:
        """The certificate of that key, by the root."""
        return self._certificate(Tag.INTERMEDIATE_CERTIFICATE)

    def card_certificate(self) -> CvCertificate | None:
        """The certificate of the key below; some cards do not have it."""
        return self._certificate(Tag.CARD_CERTIFICATE)

    def contact_atr(self) -> bytes | None:
        """The answer to reset of the card's contacts, without its first byte."""
        return self.get(Tag.CONTACT_ATR)

    def _key_id(self, tag: int) -> KeyId | None:
        content = self.get(tag)
        return None if content is None else KeyId.parse(content)

    def _certificate(self, tag: int) -> CvCertificate | None:
        content = self.get(tag)
        return None if content is None else CvCertificate.parse(content)

    def _text(self, tag: int) -> str | None:
        content = self.get(tag)
        if content is None:
            return None
        try:
            return content.decode("ascii")
        except UnicodeDecodeError:
            raise CardDataError(N_("A text of the issuer is not ASCII.")) from None
