"""The card face application (券面事項確認AP), selected: the printed card, and the holder's birth date."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import Final

from mynacard import errors
from mynacard.apdu.message import Card
from mynacard.apdu.selection import FILE_MAX, object_length
from mynacard.personal.checking import FaceFiles, Presence
from mynacard.personal.cv import CvCertificate
from mynacard.personal.layout import AGE_RECORD, CARD_FACE, FACE, FACE_BASIC_DATA, FACE_CERTIFICATE, NUMBER_IMAGE
from mynacard.personal.objects import AgeRecord, Face, FaceBasicData, NumberImage
from mynacard.personal.session import SigningSession

__all__ = ["FaceSession"]

_WITH_PICTURES: Final = partial(object_length, most=FILE_MAX)


class FaceSession(SigningSession):
    """The card face application of a card, selected; one APDU.

    Its PINs are not chosen: they are made of what is printed on the card, so anyone who has seen it can read it.
    """

    application = CARD_FACE

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self._certificate: bytes | None = None

    # --- free to read ---

    def certificate(self) -> CvCertificate:
        """The certificate of the key that signed the files (EF 0004); read once a session."""
        return CvCertificate.parse(self._certificate_stored())

    def basic_data(self) -> FaceBasicData:
        """The basic data of the application, with the issuing municipality (EF 0003)."""
        return FaceBasicData.parse(self._selection.read_content(FACE_BASIC_DATA.file_id))

    # --- opened by a number ---

    def age_record(self) -> AgeRecord:
        """The holder's birth date (EF 0001), not checked; the birth date opens it.

        Raises:
            SecurityStatusNotSatisfied: the birth date is not verified.
        """
        return AgeRecord.parse(self._selection.read_content(AGE_RECORD.file_id))

    def face(self) -> Face:
        """The printed card, as pictures (EF 0002), not checked; number A or B opens it.

        One APDU where extended length passes, else one for each 256 bytes: dozens.

        Raises:
            SecurityStatusNotSatisfied: neither number A nor number B is verified.
        """
        return Face.parse(self._selection.read_content(FACE.file_id, _WITH_PICTURES))

    def number_image(self) -> NumberImage:
        """My Number as a picture (EF 0005), not checked; number A opens it.

        Raises:
            SecurityStatusNotSatisfied: number A is not verified.
        """
        return NumberImage.parse(self._selection.read_content(NUMBER_IMAGE.file_id))

    def evidence(
        self, nonce: bytes, *, age_record: bool = False, face: bool = False, number_image: bool = False
    ) -> tuple[FaceFiles, Presence]:
        """The files that :func:`mynacard.personal.check_face` needs, as stored, and the card's answer to *nonce*.

        Args:
            nonce: at least 16 unpredictable bytes, made for this one question.
            age_record: whether to read it, its number being verified.
            face: the same for the card face.
            number_image: the same for My Number's image.

        Raises:
            UsageError: the nonce has fewer than 16 bytes.
            SecurityStatusNotSatisfied: the number that opens one of the files is not verified.
        """
        selection = self._selection
        files = FaceFiles(
            certificate=self._certificate_stored(),
            age_record=selection.read_content(AGE_RECORD.file_id) if age_record else None,
            face=selection.read_content(FACE.file_id, _WITH_PICTURES) if face else None,
            number_image=selection.read_content(NUMBER_IMAGE.file_id) if number_image else None,
        )
        return files, self.answer(nonce)

    # --- how ---

    def _before_verify(self) -> None:
        """All files here have more than 256 bytes. The certificate is needed to check them anyway."""
        if not self._selection.knows_lengths():
            with suppress(errors.CardError, errors.CardDataError):  # reading it later says what is wrong
                self._certificate_stored()

    def _certificate_stored(self) -> bytes:
        self._selection.check()
        if self._certificate is None:
            self._certificate = self._selection.read_content(FACE_CERTIFICATE.file_id)
        return self._certificate
