"""What a signing certificate says of its holder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from mynacard.apdu.tlv import Tlv
from mynacard.doors.pki_cache import cached_pki
from mynacard.errors import CertificateFileError
from mynacard.jpki import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.personal.fields import Sex
from mynacard.simulator import MIHON
from mynacard.trust import load_certificate
from mynacard.trust.holder import Era, HolderAttributes, holder_of
from tests.support import Vector, id_of, vectors
from tests.trust.authorities import END, START, key

ARC = "1.2.392.200149.8.5.5"


def certificate(names: Sequence[x509.GeneralName]) -> x509.Certificate:
    """Of a holder with these other names, and no more in it than that needs."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    builder = x509.CertificateBuilder(subject, subject, key("holder").public_key(), 1, START, END)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(key("holder"), hashes.SHA256())


def other(number: int | str, value: str | bytes, *, tag: int = 0x0C) -> x509.OtherName:
    oid = number if isinstance(number, str) else f"{ARC}.{number}"
    content = value.encode() if isinstance(value, str) else value
    return x509.OtherName(x509.ObjectIdentifier(oid), bytes(Tlv(tag, content)))


def attributes(*names: x509.GeneralName) -> HolderAttributes:
    found = holder_of(certificate(names))
    assert found is not None
    return found


@pytest.mark.parametrize("row", vectors("trust/holder.json"), ids=id_of)
def test_the_names_say_what_the_world_says(row: Vector) -> None:
    found = attributes(*(other(cast(int, number), cast(str, text)) for number, text in row.rows("names")))
    assert found.name is not None
    assert found.address is not None
    assert found.birth_date is not None
    assert (found.name.value, found.address.value) == (row.text("name"), row.text("address"))
    for text, replaced in ((found.name, "name_replaced"), (found.address, "address_replaced")):
        assert text.replaced is not None
        assert [index for index, flag in enumerate(text.replaced) if flag] == row.fields[replaced]
    assert found.sex == Sex(row.text("sex"))
    assert found.birth_date.date == date.fromisoformat(row.text("birth_date"))
    assert found.birth_date.era == Era(row.text("era"))


def test_a_simulated_card_s_certificate_says_who_holds_it() -> None:
    from datetime import UTC, datetime

    keys = cached_pki().issue(MIHON, {}, datetime.now(UTC))
    found = holder_of(load_certificate(keys[DIGITAL_SIGNATURE.name].certificate_der))
    assert found is not None
    assert found.name is not None
    assert (found.name.value, found.sex) == (MIHON.name, Sex(MIHON.sex))
    assert found.birth_date is not None
    assert found.birth_date.date == MIHON.birth_date
    assert holder_of(load_certificate(keys[USER_AUTHENTICATION.name].certificate_der)) is None


def test_a_certificate_without_such_names_says_nothing() -> None:
    assert holder_of(certificate([])) is None
    assert holder_of(certificate([x509.DNSName("example.invalid")])) is None
    assert holder_of(certificate([other("1.2.3", "?")])) is None


def test_names_that_nobody_knows_are_named_and_left_aside() -> None:
    found = attributes(other(1, "A"), other(7, b"\xff", tag=0x04), other("1.2.3", "?"), x509.DNSName("a.invalid"))
    assert found.others == (f"{ARC}.7", "1.2.3")
    assert found.name is not None
    assert found.sex is found.birth_date is found.address is None


@pytest.mark.parametrize("flags", ["", "0", "0123", "00000000000", "ab"])
def test_flags_that_do_not_fit_the_text_say_nothing(flags: str) -> None:
    found = attributes(other(1, "見本"), other(2, flags)).name
    assert found is not None
    assert found.replaced is None


@pytest.mark.parametrize(
    ("raw", "era", "day"),
    [
        ("419900401", Era.HEISEI, date(1990, 4, 1)), ("019900401", Era.UNKNOWN, date(1990, 4, 1)),
        ("319800000", Era.SHOWA, None), ("919900401", None, date(1990, 4, 1)), ("19900401", None, None),
        ("", None, None),
    ],
)  # fmt: skip
def test_a_birth_date_is_as_much_as_is_known_of_it(raw: str, era: Era | None, day: date | None) -> None:
    found = attributes(other(4, raw)).birth_date
    assert found is not None
    assert (found.raw, found.era, found.date) == (raw, era, day)


@pytest.mark.parametrize("names", [
    [other(1, b"\xff")], [other(1, b"\x00", tag=0x04)], [other(1, "a"), other(1, "b")],
    [x509.OtherName(x509.ObjectIdentifier(f"{ARC}.5"), b"\x30\x03\x0c\x01\x41")],
])  # fmt: skip
def test_what_is_no_text_or_comes_twice_is_an_error(names: list[x509.GeneralName]) -> None:
    with pytest.raises(CertificateFileError):
        holder_of(certificate(names))


@given(st.lists(st.tuples(st.integers(1, 8), st.binary(max_size=20)), max_size=6))
def test_any_names_are_attributes_or_an_error(names: list[tuple[int, bytes]]) -> None:
    extension = x509.SubjectAlternativeName([
        x509.OtherName(x509.ObjectIdentifier(f"{ARC}.{number}"), bytes(Tlv(0x0C, value))) for number, value in names
    ])  # fmt: skip
    try:
        found = holder_of(certificate(list(extension)))
    except CertificateFileError:
        return
    assert found is None or len(found.others) <= len(names)


def test_nothing_of_it_is_printed() -> None:
    found = attributes(other(1, "MIHON"), other(3, "2"), other(4, "419900401"), other(5, "TOKYO"))
    for personal in ("MIHON", "1990", "TOKYO", "FEMALE"):
        assert personal not in repr(found)
