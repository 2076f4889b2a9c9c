"""A simulated residence card as a document of JSON types, and back."""

from __future__ import annotations

import base64
from typing import Any, Final

from mynacard.residence.layout import LAYOUTS, CardType
from mynacard.residence.number import CardNumber
from mynacard.simulator.residence.issuing import ResidenceContents
from mynacard.simulator.traits import Traits

__all__ = ["VERSION", "document_of", "loaded"]

VERSION: Final = 1


def document_of(contents: ResidenceContents) -> dict[str, object]:
    """*contents* as JSON types, number included, for it guards nothing."""
    return {
        "type": contents.type.value,
        "number": contents.number.reveal().decode(),
        "traits": contents.traits.document(),
        "files": {file.place: base64.b64encode(content).decode() for file, content in contents.files.items()},
    }


def loaded(document: Any) -> ResidenceContents:
    """The contents in *document*. The caller handles whatever a document of another shape causes.

    Raises:
        PinFormError: its number does not have the form of a residence card number.
        ValueError, LookupError, TypeError, AttributeError: it has another shape.
    """
    type_ = CardType(document["type"])
    names = {file.place: file for file in LAYOUTS[type_]}
    files = {names[name]: base64.b64decode(text, validate=True) for name, text in document["files"].items()}
    return ResidenceContents(type_, CardNumber(document["number"]), files, Traits.of(document["traits"]))
