"""The test PKI: made once, in the shape of JPKI's, and impossible to take for it."""

from __future__ import annotations

import itertools
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtensionOID, NameOID
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mynacard.doors import disk, pki_cache
from mynacard.errors import TestPkiError
from mynacard.jpki import DIGITAL_SIGNATURE, KEY_PAIRS, USER_AUTHENTICATION, KeyPair
from mynacard.simulator import MIHON, Holder
from tests.extent import examples

NOW = datetime(2026, 10, 27, 3, 4, 5, 678, tzinfo=UTC)
YEAR = timedelta(days=365)

Certificates = dict[str, tuple[x509.Certificate, x509.Certificate]]


@pytest.fixture(scope="module")
def keys() -> Iterator[rsa.RSAPrivateKey]:
    """Keys in turn, for each PKI in another order: making a dozen anew takes a second, and here many PKIs are made."""
    return itertools.cycle([rsa.generate_private_key(65537, 2048) for _ in range(7)])


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: Iterator[rsa.RSAPrivateKey]) -> Path:
    folder = tmp_path / "deep" / "cache"
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: next(keys))
    monkeypatch.setenv("MYNACARD_CACHE", str(folder))
    return folder


@pytest.fixture(scope="module")
def pki() -> pki_cache.TestPki:
    return pki_cache.cached_pki()


def issued(pki: pki_cache.TestPki, holder: Holder = MIHON, now: datetime | None = None) -> Certificates:
    """For each key pair, the holder's certificate and its CA's."""
    material = pki.issue(holder, {}, now or datetime.now(UTC))
    load = x509.load_der_x509_certificate
    return {name: (load(found.certificate_der), load(found.ca_certificate_der)) for name, found in material.items()}


PAIRS = pytest.mark.parametrize("pair", KEY_PAIRS, ids=lambda pair: pair.name)


# --- the cache ---------------------------------------------------------------------------------------


def test_the_test_pki_is_made_once(cache: Path) -> None:
    first = pki_cache.cached_pki()
    made = (cache / "test-pki.json").read_bytes()
    assert pki_cache.cached_pki() == first
    assert (cache / "test-pki.json").read_bytes() == made


def test_only_the_owner_can_read_the_test_pki(cache: Path) -> None:
    pki_cache.cached_pki()
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (cache, cache / "test-pki.json")]
    assert modes == [0o700, 0o600] or os.name == "nt"  # Windows has no such modes


def test_the_test_pki_is_made_anew_before_its_end(cache: Path) -> None:
    first = pki_cache.cached_pki(NOW)
    assert pki_cache.cached_pki(NOW + 13 * YEAR) == first
    assert pki_cache.cached_pki(NOW + 15 * YEAR) != first
    assert cache.is_dir()


def test_a_test_pki_from_the_future_is_made_anew(cache: Path) -> None:
    """A clock was wrong once; certificates that are not valid yet would stay for years."""
    assert pki_cache.cached_pki(NOW + 3 * YEAR) != pki_cache.cached_pki(NOW)
    assert cache.is_dir()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b'{"version": 1}', b'{"version": 2}', b"\xff", b"[" * 99_999],
    ids=["empty", "cut-off", "list", "null", "bare", "newer", "no-text", "deep"],
)
def test_a_damaged_test_pki_is_made_anew(cache: Path, content: bytes) -> None:
    cache.mkdir(parents=True)
    (cache / "test-pki.json").write_bytes(content)
    made = pki_cache.cached_pki(NOW)
    assert pki_cache.cached_pki(NOW) == made


def test_a_test_pki_with_a_damaged_key_says_what_to_delete(cache: Path) -> None:
    pki_cache.cached_pki()
    document = json.loads((cache / "test-pki.json").read_text())
    for entry in document["authorities"].values():
        entry["private_key"] = "MAA="
    (cache / "test-pki.json").write_text(json.dumps(document))
    with pytest.raises(TestPkiError, match="Delete its folder"):
        disk.new_card()


def test_a_cache_folder_that_is_a_file_leaves_cards_in_memory(cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_bytes(b"")
    assert disk.new_card().transmit(bytes.fromhex("00A4040C0AD392F000260100000001")) == b"\x90\x00"


def test_no_key_is_shown(pki: pki_cache.TestPki) -> None:
    assert "key_der" not in repr(pki)


# --- the certificates --------------------------------------------------------------------------------


@PAIRS
def test_a_certificate_is_signed_by_its_own_ca_and_by_no_other(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    certificates = issued(pki)
    certificate, authority = certificates.pop(pair.name)
    certificate.verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(authority)
    ((_, other),) = certificates.values()
    with pytest.raises(ValueError, match=r".*"):
        certificate.verify_directly_issued_by(other)


@PAIRS
def test_keys_and_signatures_are_those_of_jpki(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    for certificate in issued(pki)[pair.name]:
        key = certificate.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert key.key_size == 2048
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
        assert certificate.version == x509.Version.v3


@PAIRS
def test_every_name_says_that_it_is_simulated(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    for certificate in issued(pki)[pair.name]:
        names = [certificate.subject, certificate.issuer]
        for extension in certificate.extensions:
            match extension.value:
                case x509.SubjectAlternativeName() | x509.IssuerAlternativeName():
                    names += extension.value.get_values_for_type(x509.DirectoryName)
                case x509.CRLDistributionPoints():
                    names += [name.value for point in extension.value for name in point.full_name or ()]
                case _:
                    pass
        assert len(names) > 2
        for name in names:
            assert [found.value for found in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["JPKI-SIM"]


@PAIRS
def test_the_key_usage_is_critical_and_what_the_key_is_for(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    certificate, authority = issued(pki)[pair.name]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment == (pair is DIGITAL_SIGNATURE)
    assert [usage.value.key_cert_sign, usage.value.crl_sign, usage.value.key_encipherment] == [False] * 3
    usage = authority.extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.key_cert_sign, usage.value.crl_sign) == (True, True, True)
    assert not usage.value.digital_signature


@PAIRS
def test_the_ca_says_that_it_is_one(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    certificate, authority = issued(pki)[pair.name]
    constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, None)
    with pytest.raises(x509.ExtensionNotFound):
        authority.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier)
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.BasicConstraints)


@PAIRS
def test_the_policy_is_critical(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    policies = issued(pki)[pair.name][0].extensions.get_extension_for_class(x509.CertificatePolicies)
    oid = {USER_AUTHENTICATION.name: "1.2.392.200149.8.5.1.3.30", DIGITAL_SIGNATURE.name: "1.2.392.200149.8.5.1.1.20"}
    assert policies.critical
    assert [policy.policy_identifier.dotted_string for policy in policies.value] == [oid[pair.name]]


@PAIRS
def test_the_revocation_list_is_at_a_directory_name(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    for certificate in issued(pki)[pair.name]:
        (point,) = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        assert point.full_name == [x509.DirectoryName(certificate.issuer)]


@PAIRS
def test_the_authority_key_identifier_is_the_ca_s_subject_key_identifier(pki: pki_cache.TestPki, pair: KeyPair) -> None:
    certificate, authority = issued(pki)[pair.name]
    of_subject = authority.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    of_issuer = certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert of_issuer.key_identifier == of_subject.digest


def other_names(certificate: x509.Certificate) -> dict[str, str]:
    extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert not extension.critical
    found: dict[str, str] = {}
    for name in extension.value:
        assert isinstance(name, x509.OtherName)
        assert name.value[0] == 0x0C  # UTF8String
        head = 2 if name.value[1] < 0x80 else 2 + (name.value[1] & 0x7F)
        found[name.type_id.dotted_string.removeprefix("1.2.392.200149.8.5.5.")] = name.value[head:].decode()
    return found


def test_the_signing_certificate_names_its_holder_in_the_order_of_cards(pki: pki_cache.TestPki) -> None:
    names = other_names(issued(pki)[DIGITAL_SIGNATURE.name][0])
    assert list(names) == ["1", "4", "3", "5", "2", "6"]
    assert (names["1"], names["3"], names["4"], names["5"]) == (MIHON.name, "9", "419900401", MIHON.address)
    assert (len(names["2"]), len(names["6"])) == (len(MIHON.name), len(MIHON.address))


def test_a_long_address_is_a_long_string(pki: pki_cache.TestPki) -> None:
    holder = Holder("見本", "1", date(1988, 12, 31), "あ" * 200)
    names = other_names(issued(pki, holder)[DIGITAL_SIGNATURE.name][0])
    assert (names["5"], names["4"]) == ("あ" * 200, "319881231")


def test_the_authentication_certificate_does_not_name_its_holder(pki: pki_cache.TestPki) -> None:
    certificate = issued(pki)[USER_AUTHENTICATION.name][0]
    oids = {extension.oid for extension in certificate.extensions}
    assert ExtensionOID.SUBJECT_ALTERNATIVE_NAME not in oids
    text = certificate.public_bytes(Encoding.DER)
    assert MIHON.name.encode() not in text
    assert MIHON.address.encode() not in text


@pytest.mark.parametrize(
    ("born", "made", "end"),
    [
        (date(1990, 2, 17), datetime(2025, 10, 27, tzinfo=UTC), datetime(2030, 2, 17, 14, 59, 59, tzinfo=UTC)),
        (date(1990, 12, 31), datetime(2026, 10, 27, tzinfo=UTC), datetime(2030, 12, 31, 14, 59, 59, tzinfo=UTC)),
        (date(2000, 2, 29), datetime(2026, 10, 27, tzinfo=UTC), datetime(2031, 2, 28, 14, 59, 59, tzinfo=UTC)),
    ],
    ids=["as-published", "the-last-day-of-a-year", "leap-day"],
)
def test_a_certificate_ends_with_the_holder_s_fifth_birthday_in_japan(
    pki: pki_cache.TestPki, born: date, made: datetime, end: datetime
) -> None:
    for certificate, _ in issued(pki, Holder("X", "9", born, "Y"), made).values():
        assert certificate.not_valid_after_utc == end


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(25))
@given(born=st.dates(date(1900, 1, 1), date(2026, 1, 1)), days=st.integers(0, 365 * 14), seconds=st.integers(0, 86399))
@example(born=date(2000, 2, 29), days=365 * 13, seconds=86399)
def test_no_certificate_outlives_its_ca(pki: pki_cache.TestPki, born: date, days: int, seconds: int) -> None:
    """Whenever the cache would still be used, and whoever the holder is."""
    start = min(certificate.not_valid_before_utc for certificate in pki.ca_certificates()) + timedelta(hours=1)
    now = start + timedelta(days=days, seconds=seconds)
    for certificate, authority in issued(pki, Holder("X", "9", born, "Y"), now).values():
        if authority.not_valid_after_utc - now > pki_cache._RENEW_BEFORE:
            assert certificate.not_valid_after_utc <= authority.not_valid_after_utc
            assert authority.not_valid_before_utc <= certificate.not_valid_before_utc <= now


@pytest.mark.parametrize(
    ("born", "text"),
    [
        (date(2019, 5, 1), "520190501"), (date(2019, 4, 30), "420190430"), (date(1989, 1, 8), "419890108"),
        (date(1989, 1, 7), "319890107"), (date(1926, 12, 25), "319261225"), (date(1926, 12, 24), "219261224"),
        (date(1912, 7, 30), "219120730"), (date(1912, 7, 29), "119120729"), (date(1868, 1, 24), "018680124"),
    ],
)  # fmt: skip
def test_a_birth_date_begins_with_its_era(born: date, text: str) -> None:
    assert Holder("X", "9", born, "Y").birth_date_with_era == text


def test_a_disk_that_takes_nothing_leaves_a_pki_in_memory(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path, _content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mynacard.doors.cache.replace_file", full)
    assert pki_cache.cached_pki() == pki_cache.cached_pki()
    assert [path.suffix for path in cache.iterdir()] == [".lock"]


@pytest.mark.parametrize("clock", [datetime(1970, 1, 1, tzinfo=UTC), datetime(1999, 12, 31, tzinfo=UTC)])
@pytest.mark.parametrize("generation", [2, 3])
def test_a_clock_before_2000_makes_a_pki_that_is_good_then_and_another_one_now(
    cache: Path, clock: datetime, generation: int
) -> None:
    then = pki_cache.cached_pki(clock, generation)
    assert pki_cache.cached_pki(clock, generation) == then
    issued(then, now=clock)
    now = pki_cache.cached_pki(NOW, generation)
    assert now != then
    assert pki_cache.cached_pki(NOW, generation) == now


def test_a_revocation_list_names_its_issuers_key_and_has_a_number_that_grows(pki: pki_cache.TestPki) -> None:
    first, second = (pki.revocation_list(USER_AUTHENTICATION, NOW + timedelta(seconds=later)) for later in (0, 1))
    key = x509.load_der_x509_certificate(pki.authorities[USER_AUTHENTICATION.name].certificate_der).public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    issuer = first.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
    assert issuer == x509.AuthorityKeyIdentifier.from_issuer_public_key(key)
    numbers = [one.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number for one in (first, second)]
    assert numbers[0] < numbers[1]
