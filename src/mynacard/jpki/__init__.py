"""The JPKI application of the Individual Number Card (公的個人認証サービス): two keys, two PINs, two certificates."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.hashes import HashAlgorithm
    from mynacard.jpki.authentication import Authentication
    from mynacard.jpki.held import undamaged
    from mynacard.jpki.key import CardPrivateKey
    from mynacard.jpki.layout import DF_NAME, DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, KeyPair
    from mynacard.jpki.objects import CertificatesPresent, Medium, TokenInfo
    from mynacard.jpki.session import JpkiSession
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.hashes": "HashAlgorithm",
            "mynacard.jpki.authentication": "Authentication",
            "mynacard.jpki.held": "undamaged",
            "mynacard.jpki.key": "CardPrivateKey",
            "mynacard.jpki.layout": "DF_NAME DIGITAL_SIGNATURE KEY_PAIRS USER_AUTHENTICATION KeyPair",
            "mynacard.jpki.objects": "CertificatesPresent Medium TokenInfo",
            "mynacard.jpki.session": "JpkiSession",
        },
    )

__all__ = [
    "DF_NAME",
    "DIGITAL_SIGNATURE",
    "KEY_PAIRS",
    "USER_AUTHENTICATION",
    "Authentication",
    "CardPrivateKey",
    "CertificatesPresent",
    "HashAlgorithm",
    "JpkiSession",
    "KeyPair",
    "Medium",
    "TokenInfo",
    "undamaged",
]
