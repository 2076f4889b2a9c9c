"""The personal data of the card's other applications, for recordings to mask.

Masked are My Number and its digest, name, address, birth date, sex, pictures; the keys that only this card has; and
bytes of unknown meaning. Shown are the certificates of municipalities, versions, and names of keys. The common and the
resident register application and the issuer's data have no rules here, so nothing of them is shown.
"""

from __future__ import annotations

from typing import Final

from mynacard.apdu.masking import ApplicationMask, FileMask
from mynacard.personal import layout
from mynacard.personal.layout import CARD_FACE, TEXT

__all__ = ["PERSONAL"]

PERSONAL: Final = (
    ApplicationMask(
        TEXT.df_name,
        (
            FileMask(layout.MY_NUMBER.file_id),
            FileMask(layout.ATTRIBUTES.file_id, (0xFF20,)),
            FileMask(layout.TEXT_DIGESTS.file_id, (0xFF30,)),
            FileMask(layout.TEXT_BASIC_DATA.file_id, (0xFF40, 0xDF43)),
            FileMask(layout.SESSION_KEY.file_id),
            FileMask(layout.TEXT_CARD_KEY.file_id, (0xFF50,)),
        ),
        frozenset({layout.TEXT_CERTIFICATE.file_id}),
    ),
    ApplicationMask(
        CARD_FACE.df_name,
        (
            FileMask(layout.AGE_RECORD.file_id, (0xFF10,)),
            FileMask(layout.FACE.file_id, (0xFF20,)),
            FileMask(layout.FACE_BASIC_DATA.file_id, (0xFF30, 0xDF35)),
            FileMask(layout.NUMBER_IMAGE.file_id, (0xFF40,)),
        ),
        frozenset({layout.FACE_CERTIFICATE.file_id}),
    ),
)
