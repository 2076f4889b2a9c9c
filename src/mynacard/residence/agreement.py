"""Mutual authentication: both sides show that they know the card's number, and agree on a session key.

Both ends are here, as functions of values; random bytes are passed in. Nothing here proves that the chip is the one
that was issued: anyone who knows the number can play the card.

Source: the specification (layout.py names it) §3.5.2, §4.2.3, §4.2.4, Annex 1 and 2; for the second generation
eringoio/zairyu-card-reader. vectors/residence/agreement.json.
"""

from __future__ import annotations

import hmac
from dataclasses import field
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA1, Hash

from mynacard._dataclasses import dataclass
from mynacard.errors import ProtocolError, UsageError
from mynacard.residence.ciphers import KEY_LENGTH, MAC_LENGTH, Suite
from mynacard.residence.messaging import SessionKey
from mynacard.residence.number import CardNumber
from mynacard.texts import N_

__all__ = ["CHALLENGE_LENGTH", "ENTROPY_LENGTH", "Half", "NumberKey", "session_key"]

CHALLENGE_LENGTH: Final = 8
ENTROPY_LENGTH: Final = CHALLENGE_LENGTH + KEY_LENGTH
"""Random bytes that each side brings: a challenge, and half of a key."""

_ENCRYPTION: Final = bytes((0, 0, 0, 1))


@dataclass(frozen=True, slots=True)
class Half:
    """One side's contribution: eight random bytes that the other must show again, and half of the session key."""

    challenge: bytes
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, entropy: bytes) -> Half:
        """The half made of *entropy*: 24 unpredictable bytes, used once.

        Raises:
            UsageError: there are more or fewer.
        """
        if len(entropy) != ENTROPY_LENGTH:
            raise UsageError(N_("An authentication takes {length} random bytes."), length=ENTROPY_LENGTH)
        return cls(entropy[:CHALLENGE_LENGTH], entropy[CHALLENGE_LENGTH:])


@dataclass(frozen=True, slots=True)
class NumberKey:
    """The key derived from a card's number, for the ciphers of one generation."""

    suite: Suite
    key: bytes = field(repr=False)

    @classmethod
    def of(cls, suite: Suite, number: CardNumber) -> NumberKey:
        """The key derived from *number*."""
        return cls(suite, _sha1(number.reveal()))

    def token(self, half: Half, answered: bytes) -> bytes:
        """The 40 bytes that one side sends: its *half*, and the challenge of the other side that it answers."""
        cryptogram = self.suite.encrypted(self.key, half.challenge + answered + half.key)
        return cryptogram + self.suite.mac(self.key, cryptogram)

    def open(self, token: bytes, challenge: bytes) -> Half:
        """The half that the other side sent in *token*, which answers *challenge*.

        Raises:
            ProtocolError: another key made it, or it answers another challenge.
        """
        cryptogram, mac = token[:-MAC_LENGTH], token[-MAC_LENGTH:]
        if len(cryptogram) != ENTROPY_LENGTH + CHALLENGE_LENGTH:
            raise ProtocolError(N_("An answer to MUTUAL AUTHENTICATE is not 40 bytes long."))
        if not hmac.compare_digest(self.suite.mac(self.key, cryptogram), mac):
            raise ProtocolError(N_("Whatever answered MUTUAL AUTHENTICATE does not know the number."))
        plain = self.suite.decrypted(self.key, cryptogram)
        if not hmac.compare_digest(plain[CHALLENGE_LENGTH : 2 * CHALLENGE_LENGTH], challenge):
            raise ProtocolError(N_("MUTUAL AUTHENTICATE was answered for another challenge."))
        return Half(plain[:CHALLENGE_LENGTH], plain[2 * CHALLENGE_LENGTH :])


def session_key(suite: Suite, first: Half, second: Half) -> SessionKey:
    """The session key made of two halves, in either order."""
    seed = bytes(a ^ b for a, b in zip(first.key, second.key, strict=True))
    return SessionKey(suite, _sha1(seed + _ENCRYPTION))


def _sha1(data: bytes) -> bytes:
    digest = Hash(SHA1())  # the card's choice
    digest.update(data)
    return digest.finalize()[:KEY_LENGTH]
