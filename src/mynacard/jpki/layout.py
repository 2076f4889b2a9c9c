"""The JPKI application: its name, files, PINs, keys and access rules. Data only; driver and simulator read it.

Its specification is not public. Sources, as named in vectors/jpki/layout.json: OpenSC's JPKI driver, jpki/myna,
soltia48/myna-card and others, who found this on cards.
"""

from __future__ import annotations

import re
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import PinReference
from mynacard.arguments import check_choice
from mynacard.texts import N_

__all__ = [
    "APPLICATION",
    "CERTIFICATES_PRESENT",
    "DF_NAME",
    "DIGITAL_SIGNATURE",
    "KEY_PAIRS",
    "TOKEN_INFO",
    "USER_AUTHENTICATION",
    "KeyPair",
    "check_pair",
]

DF_NAME: Final = bytes.fromhex("D392F000260100000001")
APPLICATION: Final = "JPKI"

TOKEN_INFO: Final = 0x0006
CERTIFICATES_PRESENT: Final = 0x0008


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One of JPKI's two key pairs: where its parts are, and which PIN guards it.

    Attributes:
        name: its name on the command line, in English.
        certificate: file identifier (and short identifier) of its certificate.
        ca_certificate: the same for its CA's certificate, which is free to read.
        key: the same for the private key, which signs only after VERIFY of *pin*.
        pin: the PIN that guards the key.
        certificate_is_private: whether the certificate, too, can be read only after VERIFY of *pin*.
        signature_length: the length of a signature, in bytes.
    """

    name: str
    certificate: int
    ca_certificate: int
    key: int
    pin: PinReference
    certificate_is_private: bool
    signature_length: int = 256


USER_AUTHENTICATION: Final = KeyPair(  # 利用者証明用電子証明書
    name=N_("user-authentication"),
    certificate=0x000A, ca_certificate=0x000B, key=0x0017, certificate_is_private=False,
    pin=PinReference(
        label=N_("user-authentication PIN"), key=0x0018, tries=3,
        form=re.compile(rb"[0-9]{4}"), form_label=N_("exactly 4 digits"), name="user-authentication",
    ),
)  # fmt: skip

DIGITAL_SIGNATURE: Final = KeyPair(  # 署名用電子証明書
    name=N_("digital-signature"),
    certificate=0x0001, ca_certificate=0x0002, key=0x001A, certificate_is_private=True,
    pin=PinReference(
        label=N_("digital-signature password"), key=0x001B, tries=5,
        form=re.compile(rb"[0-9A-Z]{6,16}"), form_label=N_("6 to 16 capital letters and digits"), upper_case=True,
        name="digital-signature",
    ),
)  # fmt: skip

KEY_PAIRS: Final = (USER_AUTHENTICATION, DIGITAL_SIGNATURE)


def check_pair(pair: object) -> None:
    """Check that *pair* is a KeyPair, such as those in :data:`KEY_PAIRS`; its name is not enough.

    Raises:
        UsageError: it is not. Nothing was sent.
    """
    check_choice(pair, KeyPair, _CHOICES)


_CHOICES: Final = {
    "DIGITAL_SIGNATURE": DIGITAL_SIGNATURE.name,
    "USER_AUTHENTICATION": USER_AUTHENTICATION.name,
}
