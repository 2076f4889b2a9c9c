"""Challenges, which need no memory until they are used: each carries its expiry, and proves that this receiver made it.

The proof is an HMAC over purpose, account, generation, expiry and a random value, under a key that only the receiver
has. Used challenges are stored until they expire. Should the clock then go back, those that are forgotten stay closed:
nothing that expires before the latest of them is open. A new generation begins when the clock has gone back so far that
a new challenge would be closed, too; no proof of the generation before it is worth anything.

Source: RFC 2104 (HMAC) with SHA-256; a Web eID 1.0 challenge has 44 to 128 characters of base64.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import sqlite3
import struct
from dataclasses import field
from typing import Final

from mynacard._dataclasses import dataclass
from mynacard.portal.refusal import unknown_challenge
from mynacard.submission.exchange import Purpose

__all__ = ["KEY_LENGTH", "Bound", "Challenges"]

KEY_LENGTH: Final = 32
_RANDOM: Final = 20
_HEAD: Final = struct.Struct(f">Q{_RANDOM}s")
_LENGTH: Final = _HEAD.size + 32  # 80 characters of base64 without padding: one spelling for one challenge


@dataclass(frozen=True, slots=True)
class Bound:
    """What a challenge is bound to, and is unknown without; *account* is None if it does not belong to one."""

    purpose: Purpose
    account: str | None = None


@dataclass(frozen=True, slots=True)
class Challenges:
    """Makes challenges under *key*, which has :data:`KEY_LENGTH` bytes, and recognises them.

    *reading* is a connection to the store's database, *change* one within a transaction; times are seconds since 1970.
    """

    key: bytes = field(repr=False)

    def new(self, reading: sqlite3.Connection, bound: Bound, expires: int) -> str | None:
        """A new challenge, for the field ``nonce``; None if :meth:`begin_generation` has to come first."""
        generation, forgotten = _generation(reading, bound.purpose)
        if expires <= forgotten:
            return None
        head = _HEAD.pack(expires, secrets.token_bytes(_RANDOM))
        return base64.b64encode(head + self._proof(head, bound, generation)).decode("ascii")

    def begin_generation(self, change: sqlite3.Connection, purpose: Purpose, expires: int) -> None:
        """Begin a new generation, unless another process has done so, and a challenge until *expires* would be open."""
        generation, forgotten = _generation(change, purpose)
        if expires <= forgotten:
            change.execute("INSERT OR REPLACE INTO generations VALUES (?, ?, 0)", (purpose, generation + 1))
            change.execute("DELETE FROM used_challenges WHERE purpose = ?", (purpose,))

    def check(self, reading: sqlite3.Connection, nonce: str, bound: Bound, now: int) -> int:
        """The expiry of the challenge, which is open.

        Raises:
            Refusal: ``challenge/unknown``.
        """
        generation, forgotten = _generation(reading, bound.purpose)
        expires = self._expiry(nonce, bound, generation)
        row = (bound.purpose, expires, nonce)
        used = reading.execute(f"SELECT 1 {_USED}", row).fetchone()
        if expires <= max(now, forgotten) or used is not None:
            raise unknown_challenge()
        return expires

    def use(self, change: sqlite3.Connection, nonce: str, bound: Bound, now: int) -> None:
        """Close the challenge, and forget those that have expired.

        Raises:
            Refusal: ``challenge/unknown``.
        """
        expires, expired = self.check(change, nonce, bound, now), (bound.purpose, now)
        (latest,) = change.execute(f"SELECT max(expires) {_EXPIRED}", expired).fetchone()
        if latest is not None:
            generation, forgotten = _generation(change, bound.purpose)
            values = (bound.purpose, generation, max(latest, forgotten))
            change.execute("INSERT OR REPLACE INTO generations VALUES (?, ?, ?)", values)
            change.execute(f"DELETE {_EXPIRED}", expired)
        change.execute("INSERT INTO used_challenges VALUES (?, ?, ?)", (bound.purpose, expires, nonce))

    def _expiry(self, nonce: str, bound: Bound, generation: int) -> int:
        """The expiry in the challenge; 0 if it is not one that was made for *bound*."""
        try:
            content = base64.b64decode(nonce, validate=True)
        except (binascii.Error, ValueError):  # ValueError: not ASCII
            return 0
        head, proof = content[: _HEAD.size], content[_HEAD.size :]
        if len(content) != _LENGTH or not hmac.compare_digest(proof, self._proof(head, bound, generation)):
            return 0
        expires, _ = _HEAD.unpack(head)
        return int(expires)

    def _proof(self, head: bytes, bound: Bound, generation: int) -> bytes:
        binding = f"{bound.purpose}\0{bound.account or ''}\0{generation}"
        return hmac.digest(self.key, head + binding.encode(), "sha256")


_USED: Final = "FROM used_challenges WHERE purpose = ? AND expires = ? AND nonce = ?"
_EXPIRED: Final = "FROM used_challenges WHERE purpose = ? AND expires <= ?"


def _generation(reading: sqlite3.Connection, purpose: Purpose) -> tuple[int, int]:
    """The generation of the challenges for *purpose*, and the latest expiry of those that it has forgotten."""
    row = reading.execute("SELECT generation, forgotten FROM generations WHERE purpose = ?", (purpose,)).fetchone()
    return (0, 0) if row is None else (int(row[0]), int(row[1]))
