"""Asking the holder outside any terminal: one request in; a PIN, "typed at the keypad" or a refusal out."""

from mynacard.consent.request import (
    Act,
    Answer,
    Asker,
    ConsentRequest,
    Document,
    Door,
    Notice,
    Page,
    Program,
    Refusal,
    spends_last_try,
)

__all__ = [
    "Act",
    "Answer",
    "Asker",
    "ConsentRequest",
    "Document",
    "Door",
    "Notice",
    "Page",
    "Program",
    "Refusal",
    "spends_last_try",
]
