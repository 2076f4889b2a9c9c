"""The base of the sessions of the card's other applications: PINs, and the way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mynacard.apdu import change, verification
from mynacard.apdu.commands import ComputeWithDefaultKey, ReadRecord, SignatureScheme
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinReference, PinSecret, PinStatus
from mynacard.apdu.selection import Selection
from mynacard.arguments import check_type
from mynacard.errors import CardDataError, UsageError
from mynacard.personal.keys import KeyId
from mynacard.personal.layout import Application
from mynacard.personal.signatures import challenge_input
from mynacard.pin import hidden
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.personal.checking import Presence

__all__ = ["ApplicationSession", "SigningSession"]

_SIGNATURE: Final = 256


class ApplicationSession:
    """An application of a card, selected; one APDU.

    A session ends when another application is selected on its channel, and says so when it is used again. It belongs
    to one thread at a time. It does not end the login by itself: :meth:`log_out` does, and so does the way out of
    :func:`mynacard.open_card`, which should wrap every use of a PIN. No personal data is kept here.

    Methods that read raise a CardDataError if a file does not have the known form, and a CardError if the card refuses.

    Args:
        card: the card, or a channel to it. Sessions that share a card share a channel.

    Raises:
        ApplicationNotFound: the card does not have it; phones have only JPKI.
    """

    application: Application

    def __init__(self, card: Card) -> None:
        self._selection = Selection(card, self.application.df_name, self.application.name)

    def pin_status(self, reference: PinReference) -> PinStatus:
        """How many tries of a PIN of this application are left; one APDU, and no try.

        Raises:
            UsageError: it is another application's PIN. Nothing was sent.
            CardError: the card does not have it, or does not say.
        """
        return verification.pin_status(self._selection.channel, self._own(reference))

    def verify(self, reference: PinReference, pin: PinSecret | str, *, spend_last_try: bool = False) -> None:
        """Present a PIN to the card: asks for the tries left, then sends one VERIFY, or none.

        See :func:`mynacard.apdu.verification.verify` for every possible outcome.

        Raises:
            UsageError: it is another application's PIN. Nothing was sent.
            PinError, CardError: as that function.
        """
        pin = hidden(pin)
        channel = self._selection.channel
        verification.check_form(self._own(reference), pin)
        self._before_verify()
        self._selection.may_probe = False
        verification.verify(channel, reference, pin, spend_last_try=spend_last_try)

    def log_out(self) -> None:
        """End what PINs opened, and this session: SELECT the issuer's domain, one APDU."""
        self._selection.log_out()

    def _before_verify(self) -> None:
        """Read what is better read before a PIN is sent."""

    def _own(self, reference: PinReference) -> PinReference:
        check_type(reference, PinReference)
        if reference not in self.application.pins:
            raise UsageError(
                N_("The {application} application has no {pin}. Nothing was sent."),
                application=self.application.name,
                pin=reference.label,
            )
        return reference

    def _change(self, reference: PinReference, old: PinSecret, new: PinSecret, spend_last_try: bool) -> None:
        """Change a PIN, which is verified first; see :func:`mynacard.apdu.change.change`."""
        kind = self.application.change
        if kind is None:
            raise TypeError  # a session without PINs to change does not call this
        self._selection.may_probe = False
        change.change(self._selection.channel, reference, kind, old, new, spend_last_try=spend_last_try)

    def _record(self, file_id: int) -> bytes:
        """Record 1 of an EF; one APDU."""
        return self._selection.channel.send_on(file_id, ReadRecord(1, file_id))

    def _key_id(self, file_id: int) -> KeyId:
        return KeyId.parse(self._record(file_id))


class SigningSession(ApplicationSession):
    """An application with a key of its own on the card, which signs without a PIN."""

    def sign_with_card_key(self, digest_info: bytes) -> bytes:
        """The signature of the application's own key, RSASSA-PKCS1-v1_5, 256 bytes; one APDU, and no PIN.

        It shows that this card is here, and nothing about its holder. It is not checked here: the public key is in a
        file that a PIN opens.

        Raises:
            CardDataError: the answer is not a signature.
        """
        command = ComputeWithDefaultKey(SignatureScheme.PKCS1, digest_info, _SIGNATURE)
        signature = self._selection.channel.send(command)
        if len(signature) != _SIGNATURE:
            raise CardDataError(N_("The card's own key did not return a signature of 256 bytes."))
        return signature

    def answer(self, nonce: bytes) -> Presence:
        """The card's answer to a challenge; one APDU.

        Args:
            nonce: at least 16 unpredictable bytes, made for this one question.

        Raises:
            UsageError: there are fewer. Nothing was sent.
            CardDataError: the answer is not a signature.
        """
        from mynacard.personal.checking import Presence  # noqa: PLC0415  # reading does without the checks

        return Presence(nonce, self.sign_with_card_key(challenge_input(nonce)))
