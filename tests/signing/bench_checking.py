"""Measures how fast signatures are checked, beside the bare work of `cryptography` and `hashlib` in the same run.

Usage: python -m tests.signing.bench_checking. Prints docs/checking.md; exits with 1 if a figure misses its bound.
"""

from __future__ import annotations

import hashlib
import os
import platform
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import timedelta
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.hashes import HashAlgorithm
from mynacard.signing import cms, rawsig
from mynacard.signing.content import of_bytes
from mynacard.signing.judging import Trust, judge, judged
from mynacard.signing.judging_many import REMEMBERED, Item, judge_many
from mynacard.trust import Anchor, RevocationEvidence, Verdict, load_certificate
from tests.signing.signing_memory import WAYS, measured
from tests.trust.authorities import NOW, START, authority, der, holder, key

ROUNDS, ROUND_S = 15, 0.05
MANY, SIGNERS = 100_000, REMEMBERED + 200
CA: Final = authority()
CERTIFICATE: Final = holder(CA)
DATA: Final = bytes(1000)
SIGNATURE: Final = cms.sign(DATA, CERTIFICATE, key("holder"))
ANCHORS: Final = (Anchor(CA.certificate),)
MIB: Final = 1 << 20


def revocation_list(entries: int) -> bytes:
    builder = x509.CertificateRevocationListBuilder(CA.certificate.subject, NOW, NOW + timedelta(days=1))
    for number in range(entries):
        builder = builder.add_revoked_certificate(x509.RevokedCertificateBuilder((1 << 60) + number, START).build())
    return builder.sign(key(CA.key_name), hashes.SHA256()).public_bytes(Encoding.DER)


def loaded(entries: int) -> RevocationEvidence:
    return RevocationEvidence.load([revocation_list(entries)], issuers=[CA.certificate])


def medians(*works: Callable[[], object]) -> list[float]:
    """The seconds that each of *works* takes: the medians of rounds that take turns."""
    counts = [max(1, int(ROUND_S / _seconds(work, 20))) for work in works]
    rounds = [[_seconds(work, count) for work, count in zip(works, counts, strict=True)] for _ in range(ROUNDS)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def _seconds(work: Callable[[], object], count: int) -> float:
    start = time.perf_counter()
    for _ in range(count):
        work()
    return (time.perf_counter() - start) / count


def one_by_one() -> Iterator[tuple[str, float, str, bool]]:
    evidence, long = loaded(100), loaded(20_000)
    raw, certificate_der = key("holder").sign(DATA, PKCS1v15(), hashes.SHA256()), der(CERTIFICATE)
    public = CERTIFICATE.public_key()
    assert isinstance(public, RSAPublicKey)
    known = Trust.of(ANCHORS, NOW, NOW, evidence, (), ()).remembering(REMEMBERED)

    def by_cryptography() -> None:
        loaded_key = x509.load_der_x509_certificate(certificate_der).public_key()
        assert isinstance(loaded_key, RSAPublicKey)
        loaded_key.verify(raw, DATA, PKCS1v15(), hashes.SHA256())

    bare, new, met, without, with_long, alone, ours = medians(
        lambda: public.verify(raw, DATA, PKCS1v15(), hashes.SHA256()),
        lambda: judge(DATA, SIGNATURE, anchors=ANCHORS, at=NOW, now=NOW, evidence=evidence),
        lambda: judged(DATA, SIGNATURE, None, HashAlgorithm.SHA256, known),
        lambda: judge(DATA, SIGNATURE, anchors=ANCHORS, at=NOW, now=NOW),
        lambda: judge(DATA, SIGNATURE, anchors=ANCHORS, at=NOW, now=NOW, evidence=long),
        by_cryptography,
        lambda: rawsig.verify(raw, load_certificate(certificate_der, whole=False), of_bytes(DATA)),
    )
    yield (
        "CMS beside a file, with chain and list, a new signer",
        new / bare,
        "at most 25 RSA verifications",
        new <= 25 * bare,
    )
    yield "the same, a signer met before", met / bare, "at most 15 RSA verifications", met <= 15 * bare
    yield (
        "raw signature from a certificate's bytes",
        alone / ours,
        "at least 0.45 of cryptography's speed",
        ours * 0.45 <= alone,
    )
    yield "a loaded list of 20,000 entries", with_long / without, "at most 1.1 of no list", with_long <= 1.1 * without


def items() -> list[Item]:
    """Documents of more signers than a process remembers."""
    signers = [holder(CA, serial=1000 + number) for number in range(SIGNERS)]
    return [Item(DATA, cms.sign(DATA, signer, key("holder"))) for signer in signers]


def hash_much(_number: int) -> str:
    return hashlib.sha256(bytes(1 << 26)).hexdigest()


def by_two() -> Iterator[tuple[str, float, str, bool]]:
    work, evidence = items() * 3, loaded(100)

    def checked(pool: ProcessPoolExecutor | None) -> None:
        results = judge_many(work, anchors=ANCHORS, at=NOW, now=NOW, evidence=evidence, executor=pool)
        for result in results:
            assert result.judgements is not None
            assert result.judgements.overall is Verdict.GOOD

    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        checked(pool)
        ratios = []
        for _ in range(5):
            one, two = _seconds(lambda: checked(None), 1), _seconds(lambda: checked(pool), 1)
            hash_one = _seconds(lambda: [hash_much(number) for number in range(40)], 1)
            hash_two = _seconds(lambda: list(pool.map(hash_much, range(40))), 1)
            ratios.append((one / two) / (hash_one / hash_two))
    ratio = statistics.median(ratios)
    yield "two processes, new signers", ratio, "at least 0.85 of what SHA-256 gains by two", ratio >= 0.85


def resident() -> int:
    """The bytes of memory that this process has now, which its peak does not tell."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def memory() -> Iterator[tuple[str, float, str, bool]]:
    distinct = items()
    endless = (Item(item.document, item.signature) for _ in range(MANY) for item in distinct)
    results = judge_many(islice(endless, MANY), anchors=ANCHORS, at=NOW, now=NOW, evidence=loaded(100))
    for _ in islice(results, 10_000):
        pass
    before = resident()
    for _ in results:
        pass
    grown = (resident() - before) / MIB
    yield f"memory from 10,000 to {MANY:,} items", grown, "MiB more, at most 8", grown <= 8


def signing() -> Iterator[tuple[str, float, str, bool]]:
    for way, (_, most) in WAYS.items():
        with TemporaryDirectory() as folder:
            figure = measured(way, Path(folder))
        bound = f"lengths of the file in memory, at most {most}"
        yield f"a PDF file of 200 MB signed {way}", figure, bound, figure <= most


HEAD: Final = """# How fast signatures are checked

`make checking` measures this, each beside bare work in the same run: figures are ratios of medians, and say the same on
every machine. An RSA verification is `cryptography`'s, of 2,048 bits. Each check covers the signature, the chain, the
usage, the validity and, where there is a list, revocation. [How to check many](many.md) shows the calls.

{machine}

| what | figure | bound | held |
| --- | ---: | --- | --- |"""


def main() -> int:
    machine = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores."
    print(HEAD.format(machine=machine), flush=True)
    missed = False
    for part in (one_by_one, by_two, memory, signing):
        for what, figure, bound, held in part():
            print(f"| {what} | {figure:.2f} | {bound} | {'yes' if held else 'no'} |", flush=True)
            missed |= not held
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
