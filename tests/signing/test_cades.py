"""CAdES: one card signature, accepted by OpenSSL as CAdES and here as CMS; a certificate that is named is looked at."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import pades
from mynacard.signing.cades import sign
from mynacard.signing.cms import not_named, parse, verify
from mynacard.signing.content import of_bytes
from mynacard.signing.judging import judge
from mynacard.signing.pdf import unpadded
from mynacard.trust import Anchor, Verdict
from tests.rig.pcscd import program
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER, SIGNATURE, verdict
from tests.signing.pdfs import pdf
from tests.signing.test_cms import OnCard
from tests.signing.test_cms_forged import forge, set_attribute
from tests.trust.authorities import NOW, der, holder, key, pem

NAMED = sign(DATA, CERTIFICATE, key("holder"))


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_one_document_costs_one_signature_of_the_card(hash_: HashAlgorithm) -> None:
    card = OnCard(key("holder"))
    signature = sign(DATA, CERTIFICATE, card, hash_)
    assert card.signatures == 1
    parsed = parse(signature)
    assert (parsed.certificate, parsed.hash, parsed.names_certificate) == (CERTIFICATE, hash_, True)
    assert verdict(signature) is Verdict.GOOD
    assert verdict(signature, DATA + b"\n") is Verdict.BAD


def test_no_certificate_but_the_signer_s_goes_along() -> None:
    info: Any = asn1_cms.ContentInfo.load(NAMED)
    assert [one.chosen.dump() for one in info["content"]["certificates"]] == [der(CERTIFICATE)]


def openssl(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [program("openssl"), *arguments]
    return subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60)


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_openssl_takes_it_as_cades_and_plain_cms_not(hash_: HashAlgorithm, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(DATA)
    (tmp_path / "ca.pem").write_bytes(pem(CA.certificate))
    (tmp_path / "cades").write_bytes(sign(DATA, CERTIFICATE, key("holder"), hash_))
    (tmp_path / "cms").write_bytes(SIGNATURE)
    words = (
        "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-CAfile", "ca.pem", "-purpose", "any",
        "-attime", "1782864000", "-content", "content", "-out", "out", "-in",
    )  # fmt: skip
    done = openssl(tmp_path, *words, "cades")
    assert done.returncode == 0, done.stderr
    assert b"CAdES" in done.stderr
    assert openssl(tmp_path, *words, "cms").returncode != 0
    (tmp_path / "content").write_bytes(DATA + b"\n")
    assert openssl(tmp_path, *words, "cades").returncode != 0


@pytest.mark.parametrize("hash_", ["sha256", "sha384", "sha512"])
def test_what_openssl_makes_as_cades_is_taken_here(hash_: str, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(DATA)
    (tmp_path / "holder.pem").write_bytes(pem(CERTIFICATE))
    private = key("holder").private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "holder.key").write_bytes(private)
    done = openssl(
        tmp_path, "cms", "-sign", "-cades", "-binary", "-in", "content", "-outform", "DER", "-out", "theirs", "-md",
        hash_, "-signer", "holder.pem", "-inkey", "holder.key",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    theirs = (tmp_path / "theirs").read_bytes()
    assert parse(theirs).names_certificate is True
    assert verdict(theirs) is Verdict.GOOD


# --- the certificate that is named ------------------------------------------------------------------------------


def naming(certificate: x509.Certificate, hash_: HashAlgorithm = HashAlgorithm.SHA256, **more: object) -> Any:
    entry = {"hash_algorithm": {"algorithm": hash_.value}, "cert_hash": hash_.digest(der(certificate)), **more}
    return tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(entry)]})


def renamed(value: Any) -> bytes:
    """A good signature over attributes that name something else."""
    return forge(set_attribute("signing_certificate_v2", value), resign="holder", signature=NAMED)


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_the_certificate_may_be_named_by_any_hash(hash_: HashAlgorithm) -> None:
    assert verdict(renamed(naming(CERTIFICATE, hash_))) is Verdict.GOOD


def test_another_certificate_of_the_same_key_is_not_the_one_that_signed() -> None:
    """That is what the attribute is for: somebody puts another certificate of this key into the signature."""
    renewed = holder(CA, serial=0x705D999)
    assert verdict(renamed(naming(renewed))) is Verdict.BAD
    assert verdict(renamed(naming(OTHER))) is Verdict.BAD


def test_a_plain_signature_names_none() -> None:
    assert parse(SIGNATURE).names_certificate is None
    assert verdict(SIGNATURE) is Verdict.GOOD


def test_a_name_made_with_an_old_hash_is_refused() -> None:
    entry = {"hash_algorithm": {"algorithm": "sha1"}, "cert_hash": bytes(20)}
    with pytest.raises(errors.UnsupportedAlgorithmError):
        parse(renamed(tsp.SigningCertificateV2({"certs": [tsp.ESSCertIDv2(entry)]})))


@pytest.mark.parametrize("value", [tsp.SigningCertificateV2({"certs": []})])
def test_an_attribute_that_names_nothing_is_an_error(value: Any) -> None:
    with pytest.raises(errors.CertificateFileError):
        parse(renamed(value))


# --- what cannot be signed --------------------------------------------------------------------------------------


def test_a_certificate_of_another_key_costs_no_signature() -> None:
    card = OnCard(key("holder"))
    with pytest.raises(errors.UsageError):
        sign(DATA, OTHER, card)
    with pytest.raises(errors.UnsupportedAlgorithmError):
        sign(DATA, holder(CA, "weak", bits=1024), card)
    assert card.signatures == 0


def test_an_event_loop_is_not_held_up() -> None:
    card = OnCard(key("holder"))

    async def in_a_loop() -> None:
        with pytest.raises(errors.UsageError, match="loop"):
            sign(DATA, CERTIFICATE, card)
        assert verdict(await asyncio.to_thread(sign, DATA, CERTIFICATE, card)) is Verdict.GOOD

    asyncio.run(in_a_loop())
    assert card.signatures == 1


def test_what_the_card_raises_comes_out() -> None:
    class Gone(OnCard):
        def sign(self, *_: object) -> bytes:  # type: ignore[override]
            raise errors.CardRemovedError("gone")

    with pytest.raises(errors.CardRemovedError):
        sign(DATA, CERTIFICATE, Gone(key("holder")))


def test_without_pyhanko_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko", None)
    card = OnCard(key("holder"))
    with pytest.raises(errors.MissingExtraError, match=r"mynacard\[pdf\]"):
        sign(DATA, CERTIFICATE, card)
    assert card.signatures == 0


@pytest.mark.parametrize("content", [b"", b"\0", bytes(3_000_000)])
def test_any_content_is_signed_whole(content: bytes) -> None:
    signature = parse(sign(content, CERTIFICATE, key("holder")))
    assert verify(signature, of_bytes(content)).verdict is Verdict.GOOD


def test_signing_loads_no_pyhanko_unasked() -> None:
    script = "import sys, mynacard.signing.cades, mynacard.cli.commands.sign; sys.exit('pyhanko' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


# --- by SHA-1 only (signing-certificate v1) -------------------------------------------------------------------


def naming_v1(*certificates: x509.Certificate) -> Any:
    entries = [{"cert_hash": hashlib.sha1(der(certificate)).digest()} for certificate in certificates]
    return tsp.SigningCertificate({"certs": [tsp.ESSCertID(entry) for entry in entries]})


def named_v1(*certificates: x509.Certificate, signature: bytes = SIGNATURE) -> bytes:
    return forge(set_attribute("signing_certificate", naming_v1(*certificates)), resign="holder", signature=signature)


def test_a_name_by_sha_1_is_told_apart_from_none() -> None:
    parsed = parse(named_v1(CERTIFICATE, OTHER))
    assert (parsed.names_certificate, parsed.names_certificate_v1) == (None, True)
    assert verify(parsed, of_bytes(DATA)).verdict is Verdict.GOOD, "plain CMS need not name its certificate"
    assert not_named(parsed).code == "signature/signing-certificate-v1"
    assert "only with SHA-1" in not_named(parsed).text()
    assert not_named(parse(SIGNATURE)).code == "signature/names-no-certificate"


def test_another_certificate_named_by_sha_1_is_bad_whatever_is_named_besides() -> None:
    for signature in (named_v1(OTHER), named_v1(OTHER, CERTIFICATE), named_v1(OTHER, signature=NAMED)):
        parsed = parse(signature)
        assert verify(parsed, of_bytes(DATA)).code == "signature/other-certificate"
        assert not_named(parsed).code == "signature/other-certificate"


def test_of_both_versions_the_second_counts() -> None:
    both = parse(named_v1(CERTIFICATE, signature=NAMED))
    assert (both.names_certificate, both.names_certificate_v1) == (True, True)
    assert verify(both, of_bytes(DATA)).verdict is Verdict.GOOD
    other = forge(
        set_attribute("signing_certificate_v2", naming(OTHER)), resign="holder", signature=named_v1(CERTIFICATE)
    )
    assert verify(parse(other), of_bytes(DATA)).code == "signature/other-certificate"


@pytest.mark.parametrize(
    ("certificates", "code"),
    [
        ((CERTIFICATE,), "signature/signing-certificate-v1"),
        ((OTHER,), "signature/other-certificate"),
        ((), "signature/names-no-certificate"),
    ],
)
def test_a_pdf_signature_that_names_its_certificate_by_sha_1_is_told_so(
    certificates: tuple[x509.Certificate, ...], code: str
) -> None:
    def change(signed: Any) -> None:
        set_attribute("signing_certificate_v2")(signed)
        if certificates:
            set_attribute("signing_certificate", naming_v1(*certificates))(signed)

    (judged,) = judge(replaced(change), anchors=(Anchor(CA.certificate),), at=NOW)
    assert (judged.signature.verdict, judged.signature.code) == (Verdict.BAD, code)


def replaced(change: Callable[[Any], None]) -> bytes:
    """A signed PDF file whose CMS is forged and signed again, over the same bytes of the file."""
    signed = pades.sign(pdf(), CERTIFICATE, key("holder"), room_for_time_stamp=True)
    start = signed.index(b"/Contents <") + len(b"/Contents <")
    end = signed.index(b">", start)
    own = bytes.fromhex(signed[start:end].decode())
    forged = forge(change, resign="holder", signature=unpadded(own)).hex().encode()
    return signed[:start] + forged.ljust(end - start, b"0") + signed[end:]


def test_a_pdf_signature_that_is_replaced_unchanged_is_good() -> None:
    (judged,) = judge(replaced(lambda _: None), anchors=(Anchor(CA.certificate),), at=NOW)
    assert judged.require({"revocation"}).certificate == CERTIFICATE


@pytest.mark.parametrize(
    "value", [naming_v1(), tsp.SigningCertificate({"certs": [tsp.ESSCertID({"cert_hash": bytes(21)})]})]
)
def test_a_name_by_sha_1_that_names_nothing_is_not_taken_for_one(value: Any) -> None:
    signature = forge(set_attribute("signing_certificate", value), resign="holder")
    try:
        assert parse(signature).names_certificate_v1 is False
    except errors.CertificateFileError:
        assert not len(value["certs"])
