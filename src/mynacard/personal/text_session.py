"""The text input support application (券面事項入力補助AP), selected: My Number and the four attributes."""

from __future__ import annotations

from mynacard import errors
from mynacard.apdu.channel import CardProfile, Channel
from mynacard.apdu.commands import ReadBinarySfi, SetSessionKey
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinSecret
from mynacard.personal.checking import Presence, TextFiles
from mynacard.personal.cv import CvCertificate
from mynacard.personal.layout import (
    ATTRIBUTES,
    MY_NUMBER,
    SESSION_KEY,
    TEXT,
    TEXT_BASIC_DATA,
    TEXT_CARD_KEY,
    TEXT_CERTIFICATE,
    TEXT_DIGESTS,
    TEXT_PIN,
)
from mynacard.personal.messaging import SecureCard, encrypt_seed
from mynacard.personal.numbers import MyNumber
from mynacard.personal.objects import Attributes, CardKey, NumberFile, SessionKey, TextBasicData, TextDigests
from mynacard.personal.session import SigningSession
from mynacard.pin import Pin, hidden
from mynacard.texts import N_

__all__ = ["TextSession"]


class TextSession(SigningSession):
    """The text input support application of a card, selected; one APDU.

    Its PIN opens everything; number A all except the attributes, number B all except My Number.
    """

    application = TEXT

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self._certificate: bytes | None = None

    # --- free to read ---

    def certificate(self) -> CvCertificate:
        """The certificate of the key that signed the files (EF 0004); read once a session.

        Read it before presenting a PIN: reading it shows whether extended length passes.
        """
        return CvCertificate.parse(self._certificate_stored())

    def basic_data(self) -> TextBasicData:
        """The basic data of the application (EF 0005); one APDU."""
        return TextBasicData.parse(self._selection.read(TEXT_BASIC_DATA.file_id))

    # --- opened by a PIN ---

    def my_number(self) -> MyNumber:
        """The Individual Number (EF 0001); one APDU.

        Not checked: to know that it is the holder's, use :meth:`evidence` and :func:`mynacard.personal.check_text`.

        Raises:
            SecurityStatusNotSatisfied: neither the PIN nor number A is verified.
        """
        return NumberFile.parse(self._number_stored()).number

    def attributes(self) -> Attributes:
        """Name, address, birth date and sex (EF 0002), not checked; one APDU, and one more for each further 256 bytes.

        Raises:
            SecurityStatusNotSatisfied: neither the PIN nor number B is verified.
        """
        return Attributes.parse(self._selection.read_content(ATTRIBUTES.file_id))

    def digests(self) -> TextDigests:
        """The signed digests of both (EF 0003).

        Raises:
            SecurityStatusNotSatisfied: no PIN or number of this application is verified.
        """
        return TextDigests.parse(self._selection.read_content(TEXT_DIGESTS.file_id))

    def card_key(self) -> CardKey:
        """The public half of the card's own key, and its signature (EF 0007).

        Raises:
            SecurityStatusNotSatisfied: no PIN or number of this application is verified.
        """
        return CardKey.parse(self._selection.read_content(TEXT_CARD_KEY.file_id))

    def session_key(self) -> SessionKey:
        """The key for secure messaging (EF 0006).

        Raises:
            SecurityStatusNotSatisfied: no PIN or number of this application is verified.
        """
        return SessionKey.parse(self._selection.read_content(SESSION_KEY.file_id))

    def evidence(self, nonce: bytes, *, number: bool = True, attributes: bool = True) -> tuple[TextFiles, Presence]:
        """The files that :func:`mynacard.personal.check_text` needs, as stored, and the card's answer to *nonce*.

        Six APDUs where extended length passes, eleven where it does not, one less if the certificate is read already.

        Args:
            nonce: at least 16 unpredictable bytes, made for this one question.
            number: whether to read My Number; number B does not open it.
            attributes: whether to read them; number A does not open them.

        Raises:
            UsageError: the nonce has fewer than 16 bytes.
            SecurityStatusNotSatisfied: the PIN or number that opens one of the files is not verified.
        """
        selection = self._selection
        files = TextFiles(
            certificate=self._certificate_stored(),
            digests=selection.read_content(TEXT_DIGESTS.file_id),
            number=self._number_stored() if number else None,
            attributes=selection.read_content(ATTRIBUTES.file_id) if attributes else None,
            card_key=selection.read_content(TEXT_CARD_KEY.file_id),
        )
        return files, self.answer(nonce)

    def change_pin(self, old: PinSecret | str, new: PinSecret | str, *, spend_last_try: bool = False) -> None:
        """Change the PIN, which is verified first; see :func:`mynacard.apdu.change.change`. Four APDUs.

        Raises:
            PinError, UsageError, CardError: as :func:`mynacard.apdu.change.change`.
        """
        old, new = hidden(old), hidden(new)
        self._change(TEXT_PIN, old, new, spend_last_try)

    # --- secure messaging ---

    def begin_secure_messaging(self, pin: Pin | str, seed: bytes, *, spend_last_try: bool = False) -> None:
        """Present the PIN, in the clear, and encrypt everything from then on.

        Reading gives the same. It ends with the session, and when the card says so; it never goes back to the clear.

        Args:
            pin: the application's, not one of the numbers.
            seed: 32 unpredictable bytes, new for each session.
            spend_last_try: as in :meth:`verify`.

        Raises:
            ExtendedLengthError: reader or card does not pass extended length, which this needs. No PIN was sent.
            PinError: as :meth:`verify`.
            UsageError: the seed has another length. By then the PIN is verified.
            CardError: the card refused the session key.
        """
        pin = hidden(pin)
        self._certificate_stored()
        if not self._selection.channel.profile.extended_length:
            raise errors.ExtendedLengthError(
                N_("Secure messaging needs commands of more than 256 bytes, which this reader or card does not pass.")
            )
        self.verify(TEXT_PIN, pin, spend_last_try=spend_last_try)
        cryptogram = encrypt_seed(self.session_key().public_key.key(), seed)
        self._selection.channel.send(SetSessionKey(cryptogram))
        self._selection.go_through(lambda channel: Channel(SecureCard(channel, seed), _SECURE))

    # --- how ---

    def _certificate_stored(self) -> bytes:
        self._selection.check()
        if self._certificate is None:
            self._certificate = self._selection.read_content(TEXT_CERTIFICATE.file_id)
        return self._certificate

    def _number_stored(self) -> bytes:
        """Filler included: its digest covers that."""
        return self._selection.read(MY_NUMBER.file_id)


_SECURE = CardProfile(extended_length=True, selects_first=frozenset({ReadBinarySfi}))
"""Short identifiers under secure messaging are known to work in VERIFY; in READ BINARY they are untried."""
