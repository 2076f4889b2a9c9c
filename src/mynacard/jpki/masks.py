"""What is personal in the JPKI application, for recordings.

The signing certificate holds name, address, birth date and sex. The user-authentication certificate holds none of them,
but is the same for the card's whole life: whoever sees it again knows the card again. So do CA certificates not.
"""

from __future__ import annotations

from typing import Final

from mynacard.apdu.masking import ApplicationMask, FileMask
from mynacard.jpki.layout import DF_NAME, DIGITAL_SIGNATURE, TOKEN_INFO, USER_AUTHENTICATION

__all__ = ["LINKABLE", "PERSONAL"]

_SEQUENCE: Final = 0x30
_SIGNING_CERTIFICATE: Final = FileMask(DIGITAL_SIGNATURE.certificate, (_SEQUENCE,))

PERSONAL: Final = ApplicationMask(DF_NAME, (_SIGNING_CERTIFICATE,))
"""The signing certificate; its length and the filler behind it are shown."""

LINKABLE: Final = ApplicationMask(
    DF_NAME,
    (_SIGNING_CERTIFICATE, FileMask(USER_AUTHENTICATION.certificate, (_SEQUENCE,)), FileMask(TOKEN_INFO)),
)
"""The same, and what tells one card from another: the user-authentication certificate, and the token's numbers."""
