"""The ciphers of residence cards: 2-key triple DES and the retail MAC, then AES and CMAC.

All of it comes from the library `cryptography`; triple DES through its interface for old algorithms, and only here. It
is not our choice: cards of the first generation know nothing else.

Source: the specification (layout.py names it) Annex 1: triple DES in CBC mode, a zero IV, MAC algorithm 3 of ISO/IEC
9797-1 with padding method 2; for the second generation eringoio/zairyu-card-reader. vectors/residence/agreement.json.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES128
from cryptography.hazmat.primitives.cmac import CMAC

from mynacard._dataclasses import dataclass
from mynacard.apdu.secure import padded

__all__ = ["AES_CMAC", "KEY_LENGTH", "MAC_LENGTH", "TRIPLE_DES", "Suite"]

KEY_LENGTH: Final = 16
MAC_LENGTH: Final = 8

_DES_BLOCK: Final = 8
_AES_BLOCK: Final = 16


@dataclass(frozen=True, slots=True)
class Suite:
    """A block cipher in CBC mode from a zero IV, and a MAC; both with keys of 16 bytes.

    Attributes:
        block: bytes of a block.
        cipher: the cipher with a key.
        mac: eight bytes, from a key and data of whole blocks.
    """

    block: int
    cipher: Callable[[bytes], CipherAlgorithm]
    mac: Callable[[bytes, bytes], bytes]

    def encrypted(self, key: bytes, blocks: bytes) -> bytes:
        """Whole *blocks*, encrypted."""
        return _encrypted(self.cipher(key), self.block, blocks)

    def decrypted(self, key: bytes, blocks: bytes) -> bytes:
        """Whole *blocks*, decrypted."""
        return _decrypted(self.cipher(key), self.block, blocks)


def _encrypted(cipher: CipherAlgorithm, block: int, blocks: bytes) -> bytes:
    encryptor = Cipher(cipher, modes.CBC(bytes(block))).encryptor()
    return encryptor.update(blocks) + encryptor.finalize()


def _decrypted(cipher: CipherAlgorithm, block: int, blocks: bytes) -> bytes:
    decryptor = Cipher(cipher, modes.CBC(bytes(block))).decryptor()
    return decryptor.update(blocks) + decryptor.finalize()


def _two_key_triple_des(key: bytes) -> CipherAlgorithm:
    return TripleDES(key + key[:_DES_BLOCK])


def _single_des(key: bytes) -> CipherAlgorithm:
    return TripleDES(key * 3)  # encrypting, decrypting and encrypting with one key is encrypting once


def _retail_mac(key: bytes, data: bytes) -> bytes:
    first, second = _single_des(key[:_DES_BLOCK]), _single_des(key[_DES_BLOCK:])
    last = _encrypted(first, _DES_BLOCK, padded(data, _DES_BLOCK))[-_DES_BLOCK:]
    return _encrypted(first, _DES_BLOCK, _decrypted(second, _DES_BLOCK, last))


def _cmac(key: bytes, data: bytes) -> bytes:
    mac = CMAC(AES128(key))
    mac.update(data)
    return mac.finalize()[:MAC_LENGTH]


TRIPLE_DES: Final = Suite(_DES_BLOCK, _two_key_triple_des, _retail_mac)
"""The first generation's."""
AES_CMAC: Final = Suite(_AES_BLOCK, AES128, _cmac)
"""The second generation's."""
