"""A CMS signature is the same one in DER, BER, PEM and base64; an S/MIME message is called one."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mynacard.errors import CertificateFileError, UnsupportedAlgorithmError
from mynacard.signing import cades, cms, der
from mynacard.signing.content import of_bytes
from mynacard.signing.encodings import ENCODED_MAX, to_der
from mynacard.signing.judging import judge
from mynacard.signing.making import add_time_stamp
from mynacard.trust import Anchor, Verdict
from tests.signing import tsa
from tests.signing.ber import ber_of
from tests.signing.desk import Desk, desk
from tests.signing.documents import CA, CERTIFICATE, DATA, SIGNATURE
from tests.signing.pdfs import pdf
from tests.trust.authorities import NOW, key, pem
from tests.trust.authorities import der as der_of

__all__ = ["desk"]

OPAQUE: Final = cades.sign(DATA, CERTIFICATE, key("holder"), detached=False)
TRUST: Final[dict[str, Any]] = {"anchors": (Anchor(CA.certificate),), "at": NOW}


def pem_of(data: bytes, label: str = "CMS", end: bytes = b"\n", before: str = "") -> bytes:
    lines = base64.encodebytes(data).split()
    whole = [f"{before}-----BEGIN {label}-----".encode(), *lines, f"-----END {label}-----".encode(), b""]
    return end.join(whole)


def streamed(data: bytes) -> bytes:
    return ber_of(data, lambda below: below - 1)


ENCODINGS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "DER": bytes,
    "BER": streamed,
    "PEM, CMS": pem_of,
    "PEM, PKCS7": lambda data: pem_of(data, "PKCS7"),
    "PEM, PKCS #7 SIGNED DATA": lambda data: pem_of(data, "PKCS #7 SIGNED DATA"),
    "PEM of Windows": lambda data: pem_of(data, end=b"\r\n"),
    "PEM with a mark": lambda data: b"\xef\xbb\xbf" + pem_of(data),
    "PEM after a text": lambda data: pem_of(data, before="My signature:\n"),
    "PEM before a text": lambda data: pem_of(data) + b"That was my signature.\n",
    "PEM of BER": lambda data: pem_of(streamed(data)),
    "base64": base64.b64encode,
    "base64 on lines": base64.encodebytes,
    "base64 on lines of Windows": lambda data: base64.encodebytes(data).replace(b"\n", b"\r\n"),
    "base64 after a mark and a line": lambda data: b"\xef\xbb\xbf\r\n" + base64.b64encode(data),
    "base64 of BER": lambda data: base64.b64encode(streamed(data)),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_signature_is_good_in_every_encoding(encoding: str) -> None:
    assert to_der(ENCODINGS[encoding](SIGNATURE)) == SIGNATURE
    beside = judge(DATA, ENCODINGS[encoding](SIGNATURE), **TRUST)
    around = judge(io.BytesIO(ENCODINGS[encoding](OPAQUE)), **TRUST)
    assert around.content == DATA
    for (judged,) in (beside, around):
        assert judged.require({"revocation"}).certificate == CERTIFICATE
    changed = judge(DATA + b"\n", ENCODINGS[encoding](SIGNATURE), **TRUST)
    assert changed[0].signature.code == "signature/changed"


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_signature_with_its_time_stamp_is_der(encoding: str) -> None:
    stamped = add_time_stamp(ENCODINGS[encoding](SIGNATURE), tsa.answered)
    der.check(stamped)
    assert len(cms.parse(stamped).time_stamps) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", b"M", b"MIND the gap", b"MIIB\x00", pem(CERTIFICATE), b"Subject: x\n\nhello", pdf(), bytes(256)]
    + [b"%PDF-1.7\n" + pem_of(SIGNATURE)]
    + [b'Subject: x\nContent-Type: multipart/signed; protocol="application/pgp-signature"\n\n'],
)
def test_what_is_not_cms_is_said_not_to_look_like_it(data: bytes) -> None:
    assert to_der(data) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (pem_of(SIGNATURE) * 2, "there are 2"),
        (pem_of(SIGNATURE) + pem_of(SIGNATURE, "PKCS7"), "there are 2"),
        (pem_of(SIGNATURE).partition(b"-----END")[0], "damaged"),
        (pem_of(SIGNATURE).replace(b"-----END CMS", b"-----END PKCS7"), "damaged"),
        (pem_of(SIGNATURE).replace(b"\nM", b"\n?"), "damaged"),
        (pem_of(SIGNATURE).replace(b"CMS-----\n", b"CMS-----\nProc-Type: 4,ENCRYPTED\n\n", 1), "damaged"),
        (pem_of(b""), "neither DER nor BER"),
        (pem_of(DATA), "neither DER nor BER"),
        (base64.b64encode(SIGNATURE[:-1]), "neither DER nor BER"),
        (b"0" * (ENCODED_MAX + 1), "too long"),
    ],
)
def test_a_damaged_signature_file_is_named_as_one(data: bytes, said: str) -> None:
    for call in (lambda: to_der(data), lambda: judge(DATA, data, **TRUST), lambda: judge(data, **TRUST)):
        with pytest.raises(CertificateFileError, match=said):
            call()


def message(kind: str) -> bytes:
    made = EmailMessage()
    made["Subject"] = "An application"
    made["Content-Type"] = kind
    return bytes(made)


@pytest.mark.parametrize(
    "kind",
    [
        'multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=x',
        f'multipart/signed; boundary={"long" * 15}; protocol="application/x-pkcs7-signature"',
        "application/pkcs7-mime; smime-type=signed-data",
        "application/x-pkcs7-mime; smime-type=signed-data",
        "Application/PKCS7-Signature; name=smime.p7s",
    ],
)
def test_an_s_mime_message_is_called_one_with_the_cure(kind: str) -> None:
    for data in (message(kind), b"\r\n" + message(kind).replace(b"\n", b"\r\n")):
        for call in (lambda data=data: judge(DATA, data, **TRUST), lambda data=data: judge(data, **TRUST)):
            with pytest.raises(CertificateFileError, match=r"S/MIME message: openssl cms -verify .* -cmsout"):
                call()


@pytest.mark.parametrize("options", [(), ("-nodetach",)], ids="".join)
def test_the_cure_for_an_s_mime_message_works(desk: Desk, options: tuple[str, ...]) -> None:
    mail = desk.sign("-outform", "SMIME", *options)
    with pytest.raises(CertificateFileError, match="S/MIME"):
        to_der(mail)
    desk.done("cms", "-cmsout", "-inform", "SMIME", "-in", "theirs", "-outform", "DER", "-out", "taken")
    judgements = judge(DATA, (desk.path / "taken").read_bytes(), **TRUST)
    assert judgements[0].signature.verdict is Verdict.GOOD


# --- beside openssl ---

STREAMED: Final = [
    ("-outform", "DER", "-stream"),
    ("-outform", "DER", "-stream", "-nodetach"),
    ("-outform", "DER", "-indef", "-nodetach", "-cades"),
    ("-outform", "DER", "-stream", "-nodetach", "-md", "sha512", "-keyid"),
    ("-outform", "PEM"),
    ("-outform", "PEM", "-nodetach"),
    ("-outform", "PEM", "-stream", "-nodetach"),
]


@pytest.mark.parametrize("options", STREAMED, ids="".join)
def test_what_is_read_here_is_good_where_openssl_says_so(desk: Desk, options: tuple[str, ...]) -> None:
    """Both as openssl wrote it, and with another content."""
    data = desk.sign(*options)
    for changed in (False, True):
        if changed:
            data = swapped(data, options[1])
        around = "-nodetach" in options
        content = DATA if around or not changed else DATA + b"\n"
        judgements = judge(data, **TRUST) if around else judge(content, data, **TRUST)
        accepted = desk.verifies(data, content, "-inform", options[1], around=around)
        assert (judgements[0].signature.verdict is Verdict.GOOD) == accepted == (not changed)


def swapped(data: bytes, form: str) -> bytes:
    """*data* with another content, if it holds one."""
    if form == "DER":
        return data.replace(b"a document", b"A document")
    body = base64.b64decode(data.partition(b"-----\n")[2].partition(b"-----END")[0])
    return pem_of(body.replace(b"a document", b"A document"))


def test_openssl_reads_ber_of_any_value_around_what_was_signed_as_it_is_read_here(desk: Desk) -> None:
    """Inside of a certificate or of a signed attribute it refuses BER; here that is the DER which was signed."""
    for content in (DATA, DATA.replace(b"a document", b"A document")):
        data = OPAQUE.replace(DATA, content)
        attributes = cms.parse(data).signed_attributes
        written = ber_of(data, lambda below: below - 1, kept=(attributes[1:], der_of(CERTIFICATE)))
        assert written != data
        good = judge(written, **TRUST)[0].signature.verdict is Verdict.GOOD
        assert good == desk.verifies(written, content, around=True) == (content == DATA)


@pytest.mark.parametrize("length", [1, 1023, 100_000, 5_000_000])
def test_a_content_of_any_length_comes_out_of_its_pieces(desk: Desk, length: int) -> None:
    content = bytes(range(256)) * (length // 256) + bytes(length % 256)
    (desk.path / "content").write_bytes(content)
    judgements = judge(desk.sign("-stream", "-nodetach"), **TRUST)
    assert judgements.content == content
    assert judgements[0].signature.verdict is Verdict.GOOD


@given(st.binary(max_size=200), st.sampled_from([b"", b"MI", b"-----BEGIN CMS-----\n", b"Content-Type: "]))
def test_any_bytes_are_a_value_or_nothing_or_one_error(data: bytes, start: bytes) -> None:
    try:
        to_der(start + data)
    except CertificateFileError as error:
        assert "\n" not in str(error)


MUTATED: Final = [streamed(OPAQUE), base64.b64encode(streamed(OPAQUE)), pem_of(OPAQUE)]


@given(st.sampled_from(MUTATED), st.integers(0), st.integers(0, 40), st.binary(max_size=8))
def test_whatever_is_changed_only_the_content_that_was_signed_is_good(
    data: bytes, start: int, length: int, piece: bytes
) -> None:
    start %= len(data)
    changed = data[:start] + piece + data[start + length :]
    try:
        signature_der = to_der(changed)
        if signature_der is None:
            return
        parsed = cms.parse(signature_der)
        good = cms.verify(parsed, of_bytes(parsed.content or b"")).verdict is Verdict.GOOD
    except (CertificateFileError, UnsupportedAlgorithmError):
        return
    assert not good or parsed.content == DATA
