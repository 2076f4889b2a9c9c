"""An account id names a certificate's holder to one portal; whether two certificates have one holder is often open."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any, Final

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import CertificateFileError, UsageError
from mynacard.jpki import DIGITAL_SIGNATURE, JpkiSession
from mynacard.personal.fields import Sex
from mynacard.testing import CardOptions
from mynacard.trust import load_certificate
from mynacard.trust.holder import BirthDate, Era, HolderAttributes, Text, holder_of
from mynacard.webeid import Match, Rebinding, account_id, rebinding
from tests.trust.authorities import AUTHENTICATION, CA_END, CA_START, Authority, authority, holder

KEY: Final = bytes(range(32))
CA: Final = authority("login ca")
SAME, DIFFERENT, CANNOT_TELL = Match.SAME, Match.DIFFERENT, Match.CANNOT_TELL


def named(*names: str, ca: Authority = CA, **options: Any) -> x509.Certificate:
    attributes = [(x509.NameOID.COUNTRY_NAME, "JP"), *((x509.NameOID.COMMON_NAME, name) for name in names)]
    subject = x509.Name([x509.NameAttribute(oid, value) for oid, value in attributes])
    return holder(ca, "person", extensions=AUTHENTICATION, subject=subject, **options)


def identified(*names: str, key: bytes = KEY, ca: Authority = CA, **options: Any) -> str:
    return account_id(named(*names, ca=ca, **options), ca.certificate, key)


def test_an_account_id_is_64_digits_without_the_name() -> None:
    name = identified("2026ABC")
    assert len(bytes.fromhex(name)) == 32
    assert name == name.lower()


def test_an_account_id_depends_on_name_authority_and_key_and_on_nothing_else() -> None:
    usual = identified("2026ABC")
    assert usual == identified("2026ABC", serial=7, key=bytearray(KEY))  # type: ignore[arg-type]  # any bytes will do
    others = [
        identified("2026ABD"),
        identified("2026ABC", ca=authority("another ca")),
        identified("2026ABC", key=bytes(32)),
    ]
    assert len({usual, *others}) == 4


def test_an_authority_that_has_a_new_certificate_for_its_key_keeps_its_accounts() -> None:
    again = authority("login ca", start=CA_START.replace(year=2024), end=CA_END.replace(year=2034), serial=9)
    assert again.certificate != CA.certificate
    assert identified("2026ABC", ca=again) == identified("2026ABC")


def test_account_ids_stay_what_they_are() -> None:
    """A portal stores them: with an id made in another way, everyone would be a stranger."""
    import hmac
    from hashlib import sha256

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    spki = CA.certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    message = b"mynacard account id 1\0" + sha256(spki).digest() + b"2026ABC"
    assert identified("2026ABC") == hmac.new(KEY, message, "sha256").hexdigest()


@pytest.mark.parametrize("names", [(), ("2026ABC", "2026ABD")])
def test_a_certificate_without_exactly_one_name_has_no_account(names: tuple[str, ...]) -> None:
    with pytest.raises(CertificateFileError):
        identified(*names)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(UsageError):
        identified("2026ABC", key=KEY[1:])


# --- rebinding ---

NAME: Final = Text("見本　花子", (False,) * 5)
OLD: Final = HolderAttributes(
    name=NAME,
    sex=Sex.FEMALE,
    birth_date=BirthDate("419900102", Era.HEISEI, date(1990, 1, 2)),
    address=Text("東京都見本区一丁目", (False,) * 9),
    others=(),
)


def changed(**attributes: Any) -> HolderAttributes:
    return replace(OLD, **attributes)


def born(raw: str, era: Era | None, day: date | None) -> HolderAttributes:
    return changed(birth_date=BirthDate(raw, era, day))


@pytest.mark.parametrize(
    ("new", "name", "birth_date", "sex", "person"),
    [
        pytest.param(OLD, SAME, SAME, SAME, SAME, id="renewed"),
        pytest.param(changed(address=None), SAME, SAME, SAME, SAME, id="moved"),
        pytest.param(
            changed(name=Text("見本 花子", (False,) * 5)), SAME, SAME, SAME, SAME, id="another space in the name"
        ),
        pytest.param(
            changed(name=Text("模擬　花子", (False,) * 5)), DIFFERENT, SAME, SAME, CANNOT_TELL, id="married"
        ),
        pytest.param(
            changed(name=Text("見本　花子", (False, True, False, False, False))), CANNOT_TELL, SAME, SAME, CANNOT_TELL,
            id="a character is replaced now",
        ),
        pytest.param(
            changed(name=Text("見元　花子", (False, True, False, False, False))), CANNOT_TELL, SAME, SAME, CANNOT_TELL,
            id="a character is replaced by another now",
        ),
        pytest.param(
            changed(name=Text("見本　花子", None)), CANNOT_TELL, SAME, SAME, CANNOT_TELL, id="replacements unknown"
        ),
        pytest.param(changed(name=None), CANNOT_TELL, SAME, SAME, CANNOT_TELL, id="no name"),
        pytest.param(
            born("419900103", Era.HEISEI, date(1990, 1, 3)), SAME, DIFFERENT, SAME, DIFFERENT, id="born on another day"
        ),
        pytest.param(
            born("019900102", Era.UNKNOWN, date(1990, 1, 2)), SAME, SAME, SAME, SAME, id="the same day without an era"
        ),
        pytest.param(
            born("419900000", Era.HEISEI, None), SAME, CANNOT_TELL, SAME, CANNOT_TELL, id="the day is unknown now"
        ),
        pytest.param(changed(birth_date=None), SAME, CANNOT_TELL, SAME, CANNOT_TELL, id="no birth date"),
        pytest.param(changed(sex=Sex.MALE), SAME, SAME, DIFFERENT, CANNOT_TELL, id="another sex"),
        pytest.param(changed(sex=None), SAME, SAME, CANNOT_TELL, CANNOT_TELL, id="no sex"),
        pytest.param(None, CANNOT_TELL, CANNOT_TELL, CANNOT_TELL, CANNOT_TELL, id="no attributes"),
    ],
)  # fmt: skip
def test_two_holders_compare_attribute_by_attribute(
    new: HolderAttributes | None, name: Match, birth_date: Match, sex: Match, person: Match
) -> None:
    comparison = rebinding(OLD, new)
    assert comparison == Rebinding(name, birth_date, sex)
    assert comparison.person is person
    assert rebinding(new, OLD) == comparison


def test_partly_known_birth_dates_are_the_same_only_as_they_are_written() -> None:
    partly = born("419900000", Era.HEISEI, None)
    assert rebinding(partly, partly).person is SAME
    assert rebinding(partly, born("419900100", Era.HEISEI, None)).person is CANNOT_TELL


@pytest.mark.parametrize("value", [rebinding(OLD, OLD), Match.DIFFERENT])
def test_a_comparison_is_neither_true_nor_false(value: object) -> None:
    with pytest.raises(TypeError):
        bool(value)


_MATCHES = st.sampled_from(Match)


@given(_MATCHES, _MATCHES, _MATCHES)
def test_a_person_is_the_same_only_if_everything_is(name: Match, birth_date: Match, sex: Match) -> None:
    person = Rebinding(name, birth_date, sex).person
    assert (person is SAME) == (name is birth_date is sex is SAME)
    assert (person is DIFFERENT) == (birth_date is DIFFERENT)


def test_a_renewed_card_of_a_persona_is_the_same_persons() -> None:
    def attributes(persona: str) -> HolderAttributes | None:
        session = JpkiSession(CardOptions(persona=persona).make())
        session.verify(DIGITAL_SIGNATURE, "ABC123")
        return holder_of(load_certificate(session.certificate_der(DIGITAL_SIGNATURE)))

    resident = attributes("mid-term-resident")
    assert resident is not None
    assert rebinding(resident, attributes("long-address")).person is SAME
    assert rebinding(resident, attributes("japanese-national")).person is DIFFERENT
