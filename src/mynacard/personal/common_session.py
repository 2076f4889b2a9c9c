"""The common application (共通カードAP), selected: the card's serial number, and one half of a PIN."""

from __future__ import annotations

from mynacard.apdu.commands import InternalAuthenticate
from mynacard.apdu.pins import PinSecret
from mynacard.errors import UsageError
from mynacard.personal.keys import KeyId
from mynacard.personal.layout import COMMON, COMMON_AUTHENTICATION_KEY, COMMON_INFORMATION, COMMON_KEY_ID, COMMON_PIN
from mynacard.personal.objects import CommonInformation
from mynacard.personal.session import ApplicationSession
from mynacard.pin import hidden
from mynacard.texts import N_

__all__ = ["CommonSession"]

_CHALLENGE_MAX = 0xFF


class CommonSession(ApplicationSession):
    """The common application of a card, selected; one APDU. All of it except its PIN is free to anyone near the card.

    People call its PIN and that of the resident register application, together, the resident register PIN.
    :func:`mynacard.personal.change_resident_register_pin` changes both.
    """

    application = COMMON

    def information(self) -> CommonInformation:
        """Serial number, municipality and expiry date of the card; one APDU. They identify the card."""
        return CommonInformation.parse(self._record(COMMON_INFORMATION))

    def key_id(self) -> KeyId:
        """The name of a key; one APDU. Which key it is, is unknown."""
        return self._key_id(COMMON_KEY_ID)

    def authenticate(self, challenge: bytes) -> bytes:
        """INTERNAL AUTHENTICATE: the signature of *challenge*, RSASSA-PKCS1-v1_5 with SHA-256; one APDU, and no PIN.

        The key that would verify it is neither on the card nor published: here it proves nothing.

        Args:
            challenge: 1 to 255 bytes.

        Raises:
            UsageError: the challenge is empty or too long. Nothing was sent.
        """
        if not 1 <= len(challenge) <= _CHALLENGE_MAX:
            raise UsageError(N_("A challenge of INTERNAL AUTHENTICATE has 1 to 255 bytes. Nothing was sent."))
        command = InternalAuthenticate(COMMON_AUTHENTICATION_KEY, challenge)
        return self._selection.channel.send_on(COMMON_AUTHENTICATION_KEY, command)

    def change_pin(self, old: PinSecret | str, new: PinSecret | str, *, spend_last_try: bool = False) -> None:
        """Change only this application's PIN, which is verified first; see :func:`mynacard.apdu.change.change`.

        Raises:
            PinError, UsageError, CardError: as :func:`mynacard.apdu.change.change`.
        """
        old, new = hidden(old), hidden(new)
        self._change(COMMON_PIN, old, new, spend_last_try)
