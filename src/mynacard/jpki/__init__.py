"""The JPKI application of the Individual Number Card (公的個人認証サービス): two keys, two PINs, two certificates."""

from mynacard.hashes import HashAlgorithm
from mynacard.jpki.authentication import Authentication
from mynacard.jpki.key import CardPrivateKey
from mynacard.jpki.layout import DF_NAME, DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, KeyPair
from mynacard.jpki.objects import CertificatesPresent, Medium, TokenInfo
from mynacard.jpki.session import JpkiSession

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
]
