"""What is signed here, held before programs that nobody here wrote: each format, each oracle, good and changed."""

from __future__ import annotations

import asyncio
import io
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import (
    async_validate_cms_signature,
    async_validate_detached_cms,
    validate_pdf_signature,
)
from pyhanko_certvalidator import ValidationContext

from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms, pades
from tests.rig.pcscd import program
from tests.signing import tsa
from tests.signing.documents import CA, CERTIFICATE
from tests.signing.pdfs import pdf
from tests.trust.authorities import NOW, der, key, pem

CONTENT: Final = pdf(1, 3000)
CHANGED: Final = CONTENT.replace(b"595 842", b"595 841")


def stamped_cades(*arguments: Any) -> bytes:
    return cms.add_time_stamp(cades.sign(*arguments), tsa.answered)


def stamped_pades(*arguments: Any) -> bytes:
    return pades.add_time_stamp(pades.sign(*arguments, room_for_time_stamp=True), tsa.answered)


MAKERS: Final[dict[str, Callable[..., bytes]]] = {
    "cms": cms.sign,
    "cms around": partial(cms.sign, detached=False),
    "cades": cades.sign,
    "cades around": partial(cades.sign, detached=False),
    "cades with time stamp": stamped_cades,
    "pades": pades.sign,
    "pades with time stamp": stamped_pades,
}

Oracle = Callable[[bytes, bytes, Path], bool]
"""Takes the signature (a PDF holds its own), the content and a folder; whether it accepts both."""


def openssl(*words: str, around: bool = False) -> Oracle:
    where = () if around else ("-content", "content")

    def accepts(signature: bytes, content: bytes, folder: Path) -> bool:
        (folder / "signature").write_bytes(signature)
        (folder / "content").write_bytes(content)
        (folder / "ca.pem").write_bytes(pem(CA.certificate))
        done = subprocess.run(
            [
                program("openssl"), "cms", "-verify", *words, "-binary", "-inform", "DER", "-in", "signature",
                *where, "-CAfile", "ca.pem", "-purpose", "any", "-out", "out",
                "-attime", f"{NOW.timestamp():.0f}",
            ],
            cwd=folder, capture_output=True, check=False, timeout=60,
        )  # fmt: skip
        return done.returncode == 0 and (folder / "out").read_bytes() == content

    return accepts


def context() -> ValidationContext:
    root: Any = asn1_x509.Certificate.load(der(CA.certificate))
    return ValidationContext(trust_roots=[root], allow_fetching=False, moment=NOW, best_signature_time=NOW)


def time_context() -> ValidationContext:
    root: Any = asn1_x509.Certificate.load(der(tsa.CA.certificate))
    return ValidationContext(trust_roots=[root], allow_fetching=False)


def pyhanko(signature: bytes, content: bytes, _folder: Path) -> bool:
    signed: Any = asn1_cms.ContentInfo.load(signature)["content"]
    status: Any = asyncio.run(
        async_validate_detached_cms(
            io.BytesIO(content), signed, signer_validation_context=context(), ts_validation_context=time_context()
        )
    )
    return bool(status.bottom_line) and stamped_well(status, signature)


def pyhanko_around(signature: bytes, _content: bytes, _folder: Path) -> bool:
    signed: Any = asn1_cms.ContentInfo.load(signature)["content"]
    status: Any = asyncio.run(async_validate_cms_signature(signed, validation_context=context()))
    return bool(status.valid and status.intact and status.trusted)


def pyhanko_pdf(signature: bytes, _content: bytes, _folder: Path) -> bool:
    (embedded,) = PdfFileReader(io.BytesIO(signature)).embedded_signatures
    status: Any = validate_pdf_signature(embedded, context(), ts_validation_context=time_context())
    return bool(status.bottom_line) and stamped_well(status, embedded.pkcs7_content)


def stamped_well(status: Any, signature: bytes) -> bool:
    """Whether it found a time stamp where there is one, and found it good."""
    found = status.timestamp_validity
    if TIME_STAMP_OID not in signature:
        return found is None
    return bool(found.valid and found.intact and found.trusted)


TIME_STAMP_OID: Final = bytes.fromhex("060b2a864886f70d010910020e")


def pdfsig(signature: bytes, _content: bytes, folder: Path) -> bool:
    (folder / "signed.pdf").write_bytes(signature)
    done = subprocess.run(
        [program("pdfsig"), "-nocert", "signed.pdf"], cwd=folder, capture_output=True, check=False, timeout=60
    )
    return b"Signature is Valid." in done.stdout and b"Total document signed" in done.stdout


TABLE: Final[dict[tuple[str, str], Oracle]] = {
    ("cms", "openssl"): openssl(),
    ("cms", "pyhanko"): pyhanko,
    ("cms around", "openssl"): openssl(around=True),
    ("cms around", "pyhanko"): pyhanko_around,
    ("cades around", "openssl -cades"): openssl("-cades", around=True),
    ("cades around", "pyhanko"): pyhanko_around,
    ("cades with time stamp", "openssl -cades"): openssl("-cades"),
    ("cades with time stamp", "pyhanko"): pyhanko,
    ("cades", "openssl"): openssl(),
    ("cades", "openssl -cades"): openssl("-cades"),
    ("cades", "pyhanko"): pyhanko,
    ("pades", "pdfsig"): pdfsig,
    ("pades", "pyhanko"): pyhanko_pdf,
    ("pades with time stamp", "pdfsig"): pdfsig,
    ("pades with time stamp", "pyhanko"): pyhanko_pdf,
}


@pytest.mark.parametrize("hash_", HashAlgorithm)
@pytest.mark.parametrize(("format_", "oracle"), TABLE)
def test_it_takes_what_is_signed_here_and_not_what_was_changed(
    format_: str, oracle: str, hash_: HashAlgorithm, tmp_path: Path
) -> None:
    accepts = TABLE[format_, oracle]
    signature = MAKERS[format_](CONTENT, CERTIFICATE, key("holder"), hash_)
    assert accepts(signature, CONTENT, tmp_path)
    assert not accepts(signature.replace(b"595 842", b"595 841"), CHANGED, tmp_path)
