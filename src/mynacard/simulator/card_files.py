"""Simulated cards of either kind as bytes, and back: the contents of a card file.

The format is JSON. The secrets in such a file guard nothing.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from mynacard.errors import CardFileError, MynacardError
from mynacard.simulator.individual import card_file as individual
from mynacard.simulator.individual.contents import CardContents
from mynacard.texts import N_

if TYPE_CHECKING:
    from mynacard.simulator.residence.issuing import ResidenceContents

__all__ = ["AnyContents", "dump", "load"]

AnyContents: TypeAlias = "CardContents | ResidenceContents"

_FORMAT: Final = "mynacard simulated card"
_RESIDENCE_FORMAT: Final = "mynacard simulated residence card"


def dump(contents: AnyContents) -> bytes:
    """*contents* as the text of a card file: JSON, secrets included, for they guard nothing."""
    if isinstance(contents, CardContents):
        document = {"format": _FORMAT, "version": individual.VERSION, **individual.document_of(contents)}
    else:
        from mynacard.simulator.residence import card_file as residence  # noqa: PLC0415  # few cards need it

        document = {"format": _RESIDENCE_FORMAT, "version": residence.VERSION, **residence.document_of(contents)}
    return json.dumps(document, indent=1).encode()


def load(text: bytes) -> AnyContents:
    """The contents in *text*, a card file.

    Raises:
        CardFileError: the file is damaged, of another kind, or of a version that this program does not know.
    """
    try:
        document = json.loads(text)
        if document["format"] == _RESIDENCE_FORMAT:
            from mynacard.simulator.residence import card_file as residence  # noqa: PLC0415

            _check_version(document, residence.VERSION)
            return residence.loaded(document)
        if document["format"] != _FORMAT:
            raise CardFileError(N_("This file is not a simulated card."))
        _check_version(document, individual.VERSION)
        return individual.loaded(document)
    except CardFileError:
        raise
    except (
        MynacardError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # all that JSON of another shape can cause
        raise CardFileError(N_("The file of this simulated card is damaged.")) from None


def _check_version(document: Any, known: int) -> None:
    if document["version"] != known:
        raise CardFileError(
            N_("This simulated card has file version {version}; this program knows {known}."),
            version=document["version"],
            known=known,
        )
