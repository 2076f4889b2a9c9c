"""What OpenSSL, pyHanko and DSS say of CMS signatures, beside what is said here: a table of docs/oracles.md."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pyhanko.sign.general import CMSExtractionError
from pyhanko.sign.validation import async_validate_cms_signature, async_validate_detached_cms
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from mynacard import errors
from mynacard.signing import cades, cms
from mynacard.signing.judging import judge
from mynacard.trust import Anchor, RevocationEvidence, Verdict
from tests.rig import dss
from tests.signing.desk import Desk, laid_out
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER, SIGNATURE
from tests.signing.dss_files import lay_out
from tests.signing.oracles import NO_SIGNATURE, column, of_dss, together, version
from tests.signing.test_cades import named_v1, naming
from tests.signing.test_cms_forged import (
    forge,
    no_attributes,
    protected,
    protection,
    put_certificates,
    set_attribute,
    twice,
)
from tests.signing.test_encodings import pem_of
from tests.signing.test_timestamp import revocation_list
from tests.trust.authorities import END, NOW, START, der, holder, key, pem

TITLE: Final = "CMS signatures"
REVOKED: Final = 0x705D99F
LISTED: Final = NOW - timedelta(hours=1)
LIST: Final = revocation_list(CA, REVOKED, when=LISTED)
NOT_ASKED: Final = "cannot be asked"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature and the content beside it, None if it holds its content. Without *cms* it is a bare RSA value."""

    signature: bytes
    content: bytes | None = DATA
    cms: bool = True


def cms_of(certificate: x509.Certificate) -> Signed:
    return Signed(cms.sign(DATA, certificate, key("holder")))


def without_attributes() -> bytes:
    """A signature whose value is of the content itself (RFC 5652 §5.4)."""
    value = key("holder").sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    return forge(no_attributes).replace(cms.parse(SIGNATURE).value, value)


def unsorted(signed_so: bool) -> bytes:
    """Attributes that are not in the order of DER (RFC 5652 §5.3), in which they are signed unless *signed_so*."""
    parsed = cms.parse(SIGNATURE)
    info: Any = asn1_cms.ContentInfo.load(SIGNATURE)
    one, two, *_ = [attribute.dump() for attribute in info["content"]["signer_infos"][0]["signed_attrs"]]
    value = key("holder").sign(
        parsed.signed_attributes.replace(one + two, two + one), padding.PKCS1v15(), hashes.SHA256()
    )
    return SIGNATURE.replace(one + two, two + one).replace(parsed.value, value if signed_so else parsed.value)


def in_order(*certificates: x509.Certificate) -> bytes:
    """The signature with *certificates* in this order, which need not be that of DER."""
    first, last = map(der, certificates)
    return forge(put_certificates(*certificates)).replace(last + first, first + last)


def on_a_curve(desk: Desk) -> bytes:
    private = ec.generate_private_key(ec.SECP256R1())
    issuer, serial = CA.certificate.subject, 0x705D99E
    builder = x509.CertificateBuilder(issuer, CERTIFICATE.subject, private.public_key(), serial, START, END)
    usage = CERTIFICATE.extensions.get_extension_for_class(x509.KeyUsage).value
    certificate = builder.add_extension(usage, critical=True).sign(key(CA.key_name), hashes.SHA256())
    (desk.path / "curve.pem").write_bytes(pem(certificate))
    (desk.path / "curve.key").write_bytes(
        private.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    )
    return desk.sign(signer="curve")


def situations(desk: Desk) -> dict[str, Signed]:
    twin, v2 = holder(CA, "somebody"), "signing_certificate_v2"
    return {
        "beside the content": Signed(SIGNATURE),
        "beside the content, CAdES": Signed(cades.sign(DATA, CERTIFICATE, key("holder"))),
        "around the content": Signed(cms.sign(DATA, CERTIFICATE, key("holder"), detached=False), None),
        "beside a changed content": Signed(SIGNATURE, DATA + b"\n"),
        "PEM": Signed(pem_of(SIGNATURE)),
        "BER, streamed by OpenSSL": Signed(desk.sign("-cades", "-stream", "-nodetach"), None),
        "SHA-1": Signed(desk.sign("-md", "sha1")),
        "RSASSA-PSS": Signed(desk.sign("-keyopt", "rsa_padding_mode:pss")),
        "ECDSA": Signed(on_a_curve(desk)),
        "two signers": Signed(desk.sign("-signer", "somebody.pem", "-inkey", "somebody.key")),
        "no signed attributes": Signed(without_attributes()),
        "unsorted attributes, signed sorted": Signed(unsorted(signed_so=False)),
        "unsorted attributes, signed so": Signed(unsorted(signed_so=True)),
        "two message digests": Signed(forge(twice, resign="holder")),
        "contradicting algorithm protection": Signed(protected(protection("sha384"))),
        "signing-certificate v1 only": Signed(named_v1(CERTIFICATE)),
        "signing-certificate v1 of another certificate": Signed(named_v1(OTHER)),
        "signing-certificate v2 of another certificate": Signed(
            forge(set_attribute(v2, naming(OTHER)), resign="holder")
        ),
        "certificate missing": Signed(forge(put_certificates())),
        "certificate of another key": Signed(forge(put_certificates(twin))),
        "two certificates with the signer's name, the right one first": Signed(in_order(CERTIFICATE, twin)),
        "two certificates with the signer's name, the right one last": Signed(in_order(twin, CERTIFICATE)),
        "expired signer": cms_of(holder(CA, end=LISTED)),
        "revoked signer": cms_of(holder(CA, serial=REVOKED)),
        "bare value of signed attributes": Signed(
            cms.parse(SIGNATURE).value, cms.parse(SIGNATURE).signed_attributes, cms=False
        ),
    }


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = laid_out(tmp_path_factory.mktemp("desk"))
    listed = x509.load_der_x509_crl(LIST).public_bytes(Encoding.PEM)
    (desk.path / "trusted.pem").write_bytes(pem(CA.certificate) + listed)
    public = key("holder").public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (desk.path / "public.pem").write_bytes(public)
    return desk


@pytest.fixture(scope="module")
def files(desk: Desk) -> Mapping[str, Signed]:
    return situations(desk)


def here(signed: Signed, _desk: Desk) -> str:
    trust: dict[str, Any] = {
        "anchors": (Anchor(CA.certificate),), "at": NOW, "evidence": RevocationEvidence((LIST,)), "now": NOW,
    }  # fmt: skip
    document, *beside = [part for part in (signed.content, signed.signature) if part is not None]
    try:
        (judged,) = judge(document, *beside, **trust, certificate=None if signed.cms else CERTIFICATE)
    except errors.MynacardError as error:
        return f"error ({type(error).__name__})"
    if judged.overall is Verdict.GOOD:
        return "good"
    worst = next(step for _, step in judged.steps if step.verdict is judged.overall)
    return f"{judged.overall.value}: {worst.code}"


def openssl(signed: Signed, desk: Desk) -> str:
    """What ``openssl cms -verify`` says, told the encoding; ``openssl dgst -verify`` of a bare value."""
    (desk.path / "signature").write_bytes(signed.signature)
    (desk.path / "document").write_bytes(signed.content or b"")
    if not signed.cms:
        done = desk.openssl("dgst", "-sha256", "-verify", "public.pem", "-signature", "signature", "document")
        return "good" if done.returncode == 0 else "bad"
    done = desk.openssl(
        "cms", "-verify", "-binary", "-inform", "PEM" if signed.signature.startswith(b"-----") else "DER",
        "-in", "signature", "-CAfile", "trusted.pem", "-crl_check", "-purpose", "any", "-out", "out",
        "-attime", f"{NOW.timestamp():.0f}", *(("-content", "document") if signed.content is not None else ()),
    )  # fmt: skip
    if done.returncode == 0:
        return "good"
    told = re.findall(r"error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):[^:]*:\d+:(?:Verify error:\s*)?(.*)", done.stderr.decode())
    return f"bad: {told[-1][1] or told[-1][0]}"


def pyhanko(signed: Signed, _desk: Desk) -> str:
    if not signed.cms:
        return NOT_ASKED
    load: Any = asn1_x509.Certificate.load
    listed: Any = asn1_crl.CertificateList.load(LIST)
    context = ValidationContext(
        trust_roots=[load(der(CA.certificate))], allow_fetching=False, moment=NOW, best_signature_time=NOW,
        crls=[listed], revocation_mode="require",
    )  # fmt: skip
    try:
        data: Any = asn1_cms.ContentInfo.load(signed.signature)["content"]
        validated: Any = (
            async_validate_cms_signature(data, validation_context=context)
            if signed.content is None
            else async_validate_detached_cms(io.BytesIO(signed.content), data, signer_validation_context=context)
        )
        status: Any = asyncio.run(validated)
    except (SignatureValidationError, CMSExtractionError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"error ({type(error).__name__})"
    return "good" if status.valid and status.intact and status.trusted else "bad"


ASKED: Final[dict[str, Callable[[Signed, Desk], str]]] = {"mynacard": here, "OpenSSL": openssl, "pyHanko": pyhanko}


def of_all(name: str, files: Mapping[str, Signed], desk: Desk) -> dict[str, str]:
    return {situation: ASKED[name](signed, desk) for situation, signed in files.items()}


def of_all_by_dss(files: Mapping[str, Signed], folder: Path) -> dict[str, str]:
    """One run of DSS for all *files*, on its own policy."""
    written = {f"{number}.p7s": signed for number, signed in enumerate(files.values()) if signed.cms}
    contents = {f"{name}.content": signed.content for name, signed in written.items() if signed.content is not None}
    lay_out(folder, {name: signed.signature for name, signed in written.items()} | contents, [CA], NOW, [REVOKED])
    beside = {name: f" {name}.content" if f"{name}.content" in contents else "" for name in written}
    done = dss.run(folder, NOW, [f"validate {name}{content}" for name, content in beside.items()])
    said = {name: together(of_dss(one).removesuffix(": none") for one in done[name]) or NO_SIGNATURE for name in done}
    return {situation: said.get(f"{number}.p7s", NOT_ASKED) for number, situation in enumerate(files)}


def test_the_page_has_what_is_said_here_of_each_situation(files: Mapping[str, Signed], desk: Desk) -> None:
    assert column(TITLE, "mynacard") == ("", of_all("mynacard", files, desk))


@pytest.mark.parametrize("name", ["OpenSSL", "pyHanko"])
def test_the_page_has_what_other_programs_say_of_each_situation(
    name: str, files: Mapping[str, Signed], desk: Desk
) -> None:
    """Other versions of them than the page names may say something else, which is not a mistake of the page."""
    page = column(TITLE, name)
    if page[0] == version(name):
        assert page[1] == of_all(name, files, desk)


@pytest.mark.thorough("DSS, which is written in Java")
def test_the_page_has_what_dss_says_of_each_situation(files: Mapping[str, Signed], tmp_path: Path) -> None:
    assert column(TITLE, "DSS") == (dss.version(), of_all_by_dss(files, tmp_path))
