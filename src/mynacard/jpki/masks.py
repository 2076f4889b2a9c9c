"""The personal parts of the JPKI application, for recordings.

The signing certificate holds name, address, birth date and sex. The user-authentication certificate holds none of them,
but is the same for the card's whole life: a program that sees it again recognizes the card. CA certificates do not tell
cards apart.
"""

from __future__ import annotations

from typing import Final

from mynacard.apdu.masking import ApplicationMask, FileMask
from mynacard.jpki.layout import CERTIFICATES_PRESENT, DF_NAME, DIGITAL_SIGNATURE, TOKEN_INFO, USER_AUTHENTICATION

__all__ = ["LINKABLE", "PERSONAL"]

_SEQUENCE: Final = 0x30
_SIGNING_CERTIFICATE: Final = FileMask(DIGITAL_SIGNATURE.certificate, (_SEQUENCE,))

_CA_CERTIFICATES: Final = frozenset({DIGITAL_SIGNATURE.ca_certificate, USER_AUTHENTICATION.ca_certificate})

PERSONAL: Final = ApplicationMask(
    DF_NAME,
    (_SIGNING_CERTIFICATE,),
    _CA_CERTIFICATES | {USER_AUTHENTICATION.certificate, TOKEN_INFO, CERTIFICATES_PRESENT},
)
"""The signing certificate; its length and the filler after it are shown."""

LINKABLE: Final = ApplicationMask(
    DF_NAME,
    (_SIGNING_CERTIFICATE, FileMask(USER_AUTHENTICATION.certificate, (_SEQUENCE,)), FileMask(TOKEN_INFO)),
    _CA_CERTIFICATES | {CERTIFICATES_PRESENT},
)
"""The same, and the parts that tell cards apart: the user-authentication certificate and the token's numbers."""
