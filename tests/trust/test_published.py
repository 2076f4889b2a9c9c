"""The CAs of JPKI: the table is the world's, and nothing but a fingerprint makes a certificate one of them."""

from __future__ import annotations

import pytest

from mynacard.trust import Purpose
from mynacard.trust import published as module
from mynacard.trust.published import PUBLISHED, generation, published
from tests.support import Vector, id_of, vectors
from tests.trust.authorities import authority

ROWS = vectors("trust/published.json")


@pytest.mark.parametrize("row", ROWS, ids=id_of)
def test_the_table_is_the_world_s(row: Vector) -> None:
    found = [
        one
        for one in PUBLISHED
        if (one.purpose, one.generation) == (Purpose(row.text("purpose")), row.number("generation"))
    ]
    assert len(found) == 1
    assert found[0].serial == int(row.text("serial"), 16)
    assert found[0].sha256 == (row.data("sha256") if row.fields["sha256"] else None)


def test_five_of_six_are_known_by_their_fingerprint() -> None:
    assert len(PUBLISHED) == len(ROWS) == 6
    assert len({found.sha256 for found in PUBLISHED if found.sha256}) == 5
    assert len(module._BY_FINGERPRINT) == 5


@pytest.mark.parametrize("serial", [found.serial for found in PUBLISHED])
def test_a_name_and_a_number_make_no_published_ca(serial: int) -> None:
    """Not even those of the one whose fingerprint nobody knows."""
    assert published(authority(serial=serial, organization="JPKI").certificate) is None


def test_a_fingerprint_does(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives import hashes

    found = authority().certificate
    monkeypatch.setitem(module._BY_FINGERPRINT, found.fingerprint(hashes.SHA256()), PUBLISHED[2])
    assert published(found) is PUBLISHED[2]
    assert generation(found) == PUBLISHED[2].generation == 3


def test_a_generation_is_known_by_its_fingerprint() -> None:
    certificate = authority(serial=1, organization="JPKI").certificate
    assert generation(certificate) is None, "a name and a number are easily copied"


def test_of_the_second_only_the_number_is_known() -> None:
    assert generation(authority(serial=0x0133C349, organization="JPKI").certificate) == 2
    assert generation(authority(serial=0x0133C349, organization="JPKI-SIM").certificate) is None
