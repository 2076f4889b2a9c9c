"""The JPKI application has the name, files and PINs that others found on cards."""

from __future__ import annotations

from typing import cast

import pytest

from mynacard.apdu.verification import check_form
from mynacard.errors import PinFormError
from mynacard.jpki import DF_NAME, KEY_PAIRS, KeyPair, layout
from mynacard.pin import Pin
from tests.support import Vector, id_of, vectors

LAYOUT = "jpki/layout.json"
PAIRS = vectors(LAYOUT, "of")


def pair_of(vector: Vector) -> KeyPair:
    (pair,) = (pair for pair in KEY_PAIRS if pair.name == vector.text("of"))
    return pair


@pytest.mark.parametrize("vector", vectors(LAYOUT, "df_name"), ids=id_of)
def test_the_application_has_the_name_that_all_use(vector: Vector) -> None:
    assert vector.data("df_name") == DF_NAME


@pytest.mark.parametrize("vector", vectors(LAYOUT, "constant"), ids=id_of)
def test_the_small_files_are_where_others_read_them(vector: Vector) -> None:
    assert getattr(layout, vector.text("constant")) == vector.number("file_id")


@pytest.mark.parametrize("vector", PAIRS, ids=id_of)
def test_the_parts_of_a_key_pair_are_where_others_use_them(vector: Vector) -> None:
    pair = pair_of(vector)
    assert pair.certificate == vector.number("certificate")
    assert pair.ca_certificate == vector.number("ca_certificate")
    assert pair.key == vector.number("key")
    assert pair.pin.key == vector.number("pin")
    assert pair.pin.tries == vector.number("tries")
    assert pair.certificate_is_private == vector.flag("certificate_is_private", default=False)


@pytest.mark.parametrize("vector", PAIRS, ids=id_of)
def test_a_pin_of_the_known_form_is_taken_and_any_other_refused(vector: Vector) -> None:
    reference = pair_of(vector).pin
    for pin in cast(list[str], vector.fields["pins"]):
        assert check_form(reference, Pin(pin)) == Pin(pin)
    for pin in cast(list[str], vector.fields["not_pins"]):
        with pytest.raises(PinFormError):
            check_form(reference, Pin(pin))


def test_every_key_pair_is_in_the_table() -> None:
    assert {vector.text("of") for vector in PAIRS} == {pair.name for pair in KEY_PAIRS}


@pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)
def test_the_pin_of_a_key_pair_has_its_name(pair: KeyPair) -> None:
    assert pair.pin.name == pair.name
