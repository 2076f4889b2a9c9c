"""The short way to read a CMS signature says what the long one says, or nothing."""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from mynacard.errors import CertificateFileError, MynacardError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms, encodings, plain_cms
from mynacard.signing.pdf import unpadded
from tests.signing import test_cms_forged as forged
from tests.signing.desk import laid_out
from tests.signing.documents import CERTIFICATE, DATA, SIGNATURE
from tests.signing.test_cms_oracles import Signed, here, situations
from tests.signing.test_dss_oracles import pdf_files
from tests.signing.test_judging import OPAQUE
from tests.signing.test_timestamp import STAMPED
from tests.trust.authorities import key

OF_EACH_HASH: Final = [cms.sign(DATA, CERTIFICATE, key("holder"), hash_) for hash_ in HashAlgorithm]
WITHOUT_TIME: Final = forged.forge(forged.set_attribute("signing_time"), resign="holder")
WITH_BOTH_NAMES: Final = [forged.forge(forged.signature_algorithm(name)) for name in ("rsassa_pkcs1v15", "sha256_rsa")]
PLAIN: Final = [*OF_EACH_HASH, WITHOUT_TIME, *WITH_BOTH_NAMES]
CADES: Final = cades.sign(DATA, CERTIFICATE, key("holder"))


def read_both_ways(data: bytes) -> bool:
    """Whether the short way reads *data*; then the long one reads the same."""
    plain = cms.parse_plain(data)
    if plain is not None:
        signature_der = encodings.to_der(data)
        assert signature_der == data
        assert cms.parse(signature_der) == plain
    return plain is not None


@pytest.mark.parametrize("data", PLAIN, ids=[*HashAlgorithm, "no time", "rsa", "sha256_rsa"])
def test_the_usual_form_is_read_in_the_short_way(data: bytes) -> None:
    assert read_both_ways(data)


@pytest.mark.parametrize("data", OF_EACH_HASH, ids=[*HashAlgorithm])
def test_what_was_read_is_written_to_the_byte(data: bytes) -> None:
    plain = plain_cms.read(data)
    assert plain is not None
    assert plain.claimed_time is not None
    assert plain_cms.signed_attributes(plain.content_digest, plain.hash, plain.claimed_time) == plain.signed_attributes
    assert plain_cms.written(plain.certificate_der, plain.hash, plain.signed_attributes, plain.value) == data


@pytest.mark.parametrize("data", [OPAQUE, STAMPED, CADES, b"", b"\x30", DATA, SIGNATURE + b"\0", SIGNATURE[:-1]])
def test_other_forms_are_left_to_the_long_way(data: bytes) -> None:
    assert not read_both_ways(data)


def changes() -> Iterator[Callable[[Any], None]]:
    """Those that forgers make in the tests of the long way."""
    for name, test in vars(forged).items():
        for mark in getattr(test, "pytestmark", ()) if name.startswith("test_") else ():
            if mark.name == "parametrize" and mark.args[0] == "change":
                yield from mark.args[1]
    algorithms = ("sha1_rsa", "sha384_rsa", "sha512_rsa", "md5_rsa", "rsassa_pss", "sha256_ecdsa")
    yield from map(forged.signature_algorithm, algorithms)


@pytest.mark.parametrize("resign", [None, "holder"])
def test_a_forgery_is_read_the_same_or_left(resign: str | None) -> None:
    forgeries = [forged.forge(change, resign=resign) for change in changes()]
    assert len(forgeries) > 20
    for forgery in forgeries:
        if read_both_ways(forgery):
            continue
        with pytest.raises(MynacardError):
            cms.parse(forgery)


def mutant(draw: random.Random) -> bytes:
    """One of the signatures with bits, bytes, lengths or pieces changed: most are still nearly DER."""
    data = bytearray(draw.choice(PLAIN))
    for _ in range(draw.choice((1, 1, 1, 2, 3))):
        place = draw.randrange(len(data))
        match draw.randrange(5):
            case 0:
                data[place] ^= 1 << draw.randrange(8)
            case 1:
                data[place] = draw.randrange(256)
            case 2:
                del data[place : place + draw.randint(1, 4)]
            case 3:
                data[place:place] = draw.randbytes(draw.randint(1, 4))
            case _:
                start = draw.randrange(len(data))
                data[place : place + 8] = data[start : start + 8]
    return bytes(data)


def mutants_read(seed: int, count: int) -> int:
    draw = random.Random(seed)
    return sum(read_both_ways(mutant(draw)) for _ in range(count))


def test_a_mutant_is_read_the_same_or_left() -> None:
    assert mutants_read(1, 600) > 30


@pytest.mark.thorough("minutes")
def test_a_hundred_thousand_mutants_are_read_the_same_or_left() -> None:
    assert mutants_read(2, 100_000) > 5_000


@pytest.mark.thorough("makes all files of docs/oracles.md")
def test_both_ways_give_one_verdict_on_every_file_of_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = laid_out(tmp_path)
    (desk.path / "trusted.pem").write_bytes(b"")
    signed = situations(desk) | {f"{hash_}": Signed(OF_EACH_HASH[at]) for at, hash_ in enumerate(HashAlgorithm)}
    short = {name: here(one, desk) for name, one in signed.items()}
    assert sum(read_both_ways(one.signature) for one in signed.values()) > 5
    monkeypatch.setattr(cms, "parse_plain", lambda *_: None)
    assert {name: here(one, desk) for name, one in signed.items()} == short


@pytest.mark.thorough("makes all files of docs/oracles.md")
def test_both_ways_read_every_signature_in_the_pdf_files_of_the_tables() -> None:
    digits = [text for data in pdf_files().values() for text in re.findall(rb"/Contents\s*<([0-9a-fA-F]+)>", data)]
    signatures = [one for text in digits for one in without_padding(bytes.fromhex(text.decode()))]
    assert len(signatures) > 100
    for signature in signatures:
        read_both_ways(signature)


def without_padding(contents: bytes) -> Iterator[bytes]:
    yield contents
    with contextlib.suppress(CertificateFileError):
        yield unpadded(contents)


def test_bits_of_the_headers_are_changed_one_by_one() -> None:
    """Every bit outside of the certificate and the signature value, so of all that the short way compares."""
    certificate = SIGNATURE.index(cms.plain_cms.read(SIGNATURE).certificate_der)  # type: ignore[union-attr]
    after = certificate + len(cms.plain_cms.read(SIGNATURE).certificate_der)  # type: ignore[union-attr]
    for place in (*range(certificate + 4), *range(after, len(SIGNATURE) - 256)):
        for bit in range(8):
            data = bytearray(SIGNATURE)
            data[place] ^= 1 << bit
            read_both_ways(bytes(data))
