"""A simulated Individual Number Card as a document of JSON types, and back."""

from __future__ import annotations

import base64
from typing import Any, Final

from mynacard.apdu.pins import PinReference
from mynacard.jpki.layout import KEY_PAIRS
from mynacard.jpki.objects import Medium
from mynacard.pin import Pin
from mynacard.simulator.files import PinMemory
from mynacard.simulator.individual.contents import SLOTS, CardContents, KeyMaterial, slots_of
from mynacard.simulator.individual.issuing import ApplicationContents
from mynacard.simulator.traits import Traits

__all__ = ["VERSION", "base64_text", "document_of", "loaded"]

VERSION: Final = 2


def document_of(contents: CardContents) -> dict[str, object]:
    """*contents* as JSON types, secrets included, for they guard nothing."""
    keys = {
        name: {
            "certificate": base64_text(material.certificate_der),
            "ca_certificate": base64_text(material.ca_certificate_der),
            "private_key": base64_text(material.private_key_der),
        }
        for name, material in contents.keys.items()
    }
    pins = {
        name: {"secret": memory.secret.reveal().decode(), "tries_left": memory.tries_left}
        for name, memory in contents.pins.items()
    }
    return {
        "traits": contents.traits.document(),
        "medium": contents.medium.value,
        "pins": pins,
        "keys": keys,
        "applications": {name: _written(written) for name, written in contents.applications.items()},
    }


def loaded(document: Any) -> CardContents:
    """The contents in *document*. The caller handles whatever a document of another shape causes.

    Raises:
        ValueError, LookupError, TypeError, AttributeError: it has another shape.
    """
    contents = CardContents(
        keys={pair.name: _material(document["keys"][pair.name]) for pair in KEY_PAIRS if pair.name in document["keys"]},
        pins={name: _memory(entry, SLOTS[name][1]) for name, entry in document["pins"].items()},
        traits=Traits.of(document["traits"]),
        applications={name: _application(document["applications"][name]) for name in document["applications"]},
        medium=Medium(document["medium"]),
    )
    if not slots_of(contents.applications) <= contents.pins.keys():
        raise ValueError
    return contents


def _material(entry: Any) -> KeyMaterial:
    return KeyMaterial(*(_bytes(entry[name]) for name in ("certificate", "ca_certificate", "private_key")))


def _written(contents: ApplicationContents) -> dict[str, object]:
    return {
        "files": {_hex(number): base64_text(content) for number, content in contents.files.items()},
        "records": {
            _hex(number): [base64_text(record) for record in rows] for number, rows in contents.records.items()
        },
        "objects": {_hex(tag): base64_text(content) for tag, content in contents.objects.items()},
        "keys": {use: base64_text(der) for use, der in contents.keys.items()},
    }


def _application(entry: Any) -> ApplicationContents:
    return ApplicationContents(
        files={int(number, 16): _bytes(content) for number, content in entry["files"].items()},
        records={int(number, 16): tuple(map(_bytes, rows)) for number, rows in entry["records"].items()},
        objects={int(tag, 16): _bytes(content) for tag, content in entry["objects"].items()},
        keys={use: _bytes(der) for use, der in entry["keys"].items()},
    )


def _hex(number: int) -> str:
    return f"{number:04X}"


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _memory(entry: Any, reference: PinReference) -> PinMemory:
    tries_left = entry["tries_left"]
    if type(tries_left) is not int or not 0 <= tries_left <= reference.tries:
        raise ValueError
    return PinMemory(Pin(entry["secret"].encode()), tries_left)


def base64_text(data: bytes) -> str:
    """*data* as text that JSON can hold."""
    return base64.b64encode(data).decode()
