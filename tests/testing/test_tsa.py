"""The simulated time-stamping authority: its stamps are taken by this library, by pyHanko and by OpenSSL."""

from __future__ import annotations

import asyncio
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pyhanko.sign.validation import generic_cms
from pyhanko_certvalidator import ValidationContext

from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms, pades, timestamp
from mynacard.signing.content import of_bytes
from mynacard.testing import tsa as subject
from mynacard.testing.tsa import TimeStampAuthority, cached_authority
from mynacard.trust import RevocationEvidence, Verdict
from tests.rig.pcscd import program
from tests.signing.documents import CERTIFICATE, DATA
from tests.signing.pdfs import pdf
from tests.trust.authorities import key

HASH: Final = HashAlgorithm.SHA256
NOW: Final = datetime.now(UTC)


@pytest.fixture
def authority() -> TimeStampAuthority:
    return cached_authority()


def token(authority: TimeStampAuthority) -> bytes:
    """A time stamp on DATA."""
    return timestamp.obtain(HASH.digest(DATA), HASH, authority.ask)


def proven(authority: TimeStampAuthority, stamp: timestamp.AnyTimeStamp) -> timestamp.Proof:
    trusted = [anchor.certificate for anchor in authority.anchors]
    evidence = RevocationEvidence((authority.crl(NOW),))
    proof = timestamp.check([stamp], trusted, at=datetime.now(UTC), evidence=evidence)
    assert proof is not None
    return proof


def test_its_stamp_is_proof_for_a_verifier_who_trusts_its_ca_and_has_its_list(authority: TimeStampAuthority) -> None:
    proof = proven(authority, timestamp.parse(token(authority), of_bytes(DATA)))
    assert proof.step.verdict is Verdict.GOOD
    assert proof.time is not None
    assert proof.time - NOW < timedelta(days=1)


def test_openssl_takes_its_stamp(authority: TimeStampAuthority, tmp_path: Path) -> None:
    for name, content in (
        ("token", token(authority)),
        ("data", DATA),
        ("ca.pem", authority.ca.public_bytes(Encoding.PEM)),
    ):
        (tmp_path / name).write_bytes(content)
    words = [program("openssl"), "ts", "-verify", "-token_in", "-in", "token", "-CAfile", "ca.pem", "-data", "data"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "Verification: OK"), done.stderr


def test_pyhanko_takes_its_stamp(authority: TimeStampAuthority) -> None:
    root: Any = asn1_x509.Certificate.load(authority.ca.public_bytes(Encoding.DER))
    content: Any = asn1_cms.ContentInfo.load(token(authority))["content"]
    context = ValidationContext(trust_roots=[root], allow_fetching=False, revocation_mode="soft-fail")
    status: Any = asyncio.run(generic_cms.validate_tst_signed_data(content, context, lambda _: HASH.digest(DATA)))
    assert (status["intact"], status["valid"], status["trust_problem_indic"]) == (True, True, None)


def test_it_stamps_signatures_and_pdf_files(authority: TimeStampAuthority) -> None:
    signature = cms.add_time_stamp(cades.sign(DATA, CERTIFICATE, key("holder")), authority.ask)
    file = pades.sign(pdf(), CERTIFICATE, key("holder"), room_for_time_stamp=True)
    (in_file,) = pades.read(pades.add_time_stamp(file, authority.ask))
    for stamps in (cms.parse(signature).time_stamps, in_file.time_stamps):
        assert [proven(authority, stamp).step.verdict for stamp in stamps] == [Verdict.GOOD]


def test_it_stamps_at_any_time_of_the_simulated_cas(authority: TimeStampAuthority) -> None:
    long_ago = NOW.replace(microsecond=5) - timedelta(days=22 * 365)
    proof = proven(authority, timestamp.parse(token(authority.at(long_ago)), of_bytes(DATA)))
    assert (proof.step.verdict, proof.time) == (Verdict.GOOD, long_ago.replace(microsecond=0))


def test_programs_ask_it_over_http(authority: TimeStampAuthority) -> None:
    with authority.served() as url:
        stamp = timestamp.obtain(HASH.digest(DATA), HASH, timestamp.ask_http(url))
    assert timestamp.parse(stamp, of_bytes(DATA)).fits


def test_all_stamps_have_different_numbers(authority: TimeStampAuthority) -> None:
    statements: list[Any] = [asn1_cms.ContentInfo.load(token(authority)) for _ in range(3)]
    numbers = {one["content"]["encap_content_info"]["content"].parsed["serial_number"].native for one in statements}
    assert len(numbers) == 3


def test_its_names_say_that_it_is_simulated_and_its_keys_are_not_printed(authority: TimeStampAuthority) -> None:
    for certificate in (authority.ca, authority.certificate):
        for name in (certificate.subject, certificate.issuer):
            assert [one.value for one in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)] == ["JPKI-SIM"]
    assert repr(authority) == "TimeStampAuthority()"


def test_it_is_made_once_and_again_before_it_expires(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MYNACARD_CACHE", str(tmp_path))
    first = cached_authority()
    assert cached_authority() == first
    monkeypatch.setattr(subject, "_now", lambda: NOW + timedelta(days=366 * 15))
    later = cached_authority()
    assert later.ca != first.ca
    monkeypatch.setattr(subject, "_now", lambda: NOW)
    assert cached_authority().ca != later.ca  # that one is from the future
    names: list[x509.Name] = [authority.ca.subject for authority in (first, later)]
    assert names[0] == names[1]
