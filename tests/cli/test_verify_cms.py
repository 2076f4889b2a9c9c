"""`mynacard verify` on CMS signatures of other programs: what it reads, what it names, and with which exit code."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import algos, cms
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from mynacard.signing.cms import parse
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, run
from tests.signing.desk import Desk, desk
from tests.signing.documents import CERTIFICATE, DATA, SIGNATURE
from tests.signing.test_cms_forged import forge, put_certificates
from tests.trust.authorities import der

__all__ = ["desk"]

AT: Final = ("--at", "2026-07-01")


@pytest.mark.parametrize(
    "options",
    [("-outform", "DER"), ("-outform", "PEM"), ("-outform", "DER", "-stream"), ("-outform", "PEM", "-stream")],
    ids="".join,
)
def test_a_cms_signature_is_verified_in_every_encoding(desk: Desk, options: tuple[str, ...]) -> None:
    for around in (False, True):
        desk.sign(*options, *(("-nodetach",) if around else ()))
        files = [desk.path / "theirs"] if around else [desk.path / "content", desk.path / "theirs"]
        words = ("verify", *files, "--ca", desk.path / "ca.pem", *AT)
        assert run(*words).code == 71  # all but revocation
    assert run(*words, "--content", desk.path / "content of it").code == 71
    assert (desk.path / "content of it").read_bytes() == DATA


def test_base64_without_labels_is_verified(desk: Desk) -> None:
    (desk.path / "encoded").write_bytes(base64.encodebytes(desk.sign()))
    words = ("verify", desk.path / "content", desk.path / "encoded", "--ca", desk.path / "ca.pem", *AT)
    assert run(*words).code == 71
    (desk.path / "content").write_bytes(DATA + b"\n")
    assert run(*words).code == 70


def test_an_s_mime_message_is_called_one(desk: Desk) -> None:
    desk.sign("-outform", "SMIME")
    theirs = desk.path / "theirs"
    for files in ([theirs], [desk.path / "content", theirs]):
        outcome = run("verify", *files, "--ca", desk.path / "ca.pem")
        assert (outcome.code, "S/MIME message: openssl cms -verify" in outcome.complaint) == (60, True)


def test_several_signatures_in_one_file_are_refused(desk: Desk) -> None:
    (desk.path / "twice").write_bytes(desk.sign("-outform", "PEM") * 2)
    outcome = run("verify", desk.path / "content", desk.path / "twice", "--ca", desk.path / "ca.pem")
    assert (outcome.code, "there are 2" in outcome.complaint) == (60, True)


# --- algorithms that are not taken: a verdict, and not a wrong command line ---


def sha_1(desk: Desk) -> bytes:
    return desk.sign("-md", "sha1")


def pss(desk: Desk) -> bytes:
    return desk.sign("-keyopt", "rsa_padding_mode:pss")


def ecdsa(desk: Desk) -> bytes:
    desk.person("ecdsa", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    return desk.sign(signer="ecdsa")


def dsa(desk: Desk) -> bytes:
    desk.done("genpkey", "-genparam", "-algorithm", "DSA", "-pkeyopt", "dsa_paramgen_bits:1024", "-out", "parameters")
    desk.person("dsa", "-paramfile", "parameters")
    return desk.sign(signer="dsa")


def ed25519(_desk: Desk) -> bytes:
    """OpenSSL 3.0 makes none."""
    private, name = Ed25519PrivateKey.generate(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ed25519")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, now, now + timedelta(days=1))
    certificate = builder.sign(private, None)

    def change(signed: Any) -> None:
        put_certificates(certificate)(signed)
        (signer,) = signed["signer_infos"]
        chosen = signed["certificates"][0].chosen
        signer["sid"] = cms.SignerIdentifier(
            {"issuer_and_serial_number": {"issuer": chosen.issuer, "serial_number": chosen.serial_number}}
        )
        signer["signature_algorithm"] = algos.SignedDigestAlgorithm({"algorithm": "ed25519"})
        signer["signature"] = private.sign(signer["signed_attrs"].untag().dump(force=True))

    return forge(change)


def unknown_kind(_desk: Desk) -> bytes:
    """The certificate's key is said to be of a kind that does not exist."""
    rsa, unknown = (bytes.fromhex(f"06092A864886F70D0101{last}") for last in ("01", "63"))
    return SIGNATURE.replace(der(CERTIFICATE), der(CERTIFICATE).replace(rsa, unknown, 1))


MADE: Final[dict[str, Callable[[Desk], bytes]]] = {
    "'sha1'": sha_1,
    "'rsassa_pss' over sha256": pss,
    "'sha256_ecdsa' over sha256": ecdsa,
    "'sha256_dsa' over sha256": dsa,
    "'ed25519' over sha256": ed25519,
    "does not hold an RSA key": unknown_kind,
}


@pytest.mark.parametrize("said", MADE)
def test_an_algorithm_that_is_not_taken_ends_with_70_and_the_signer_is_named(desk: Desk, said: str) -> None:
    (desk.path / "signature").write_bytes(MADE[said](desk))
    words = ("verify", desk.path / "content", desk.path / "signature", "--ca", desk.path / "ca.pem")
    outcome = run(*words, "--json")
    step = outcome.json["steps"]["signature"]
    assert (outcome.code, step["verdict"], step["code"]) == (70, "bad", "signature/unsupported")
    assert said in step["reason"]
    assert outcome.json["signer"] is not None
    assert f"Signer: {outcome.json['signer']}" in run(*words).out


# --- one signature, one meaning ---


@pytest.fixture
def attributes(card: CardFile, tmp_path: Path) -> tuple[Path, Path, Path]:
    """The signed attributes of a signature, its value, and its signer's certificate."""
    secret = card.pin_file(DIGITAL_SIGNATURE)
    document, signature, certificate = (tmp_path / name for name in ("document", "p7s", "certificate"))
    document.write_bytes(DATA)
    words = ("-r", card.reader, "--pin-file", secret)
    assert run("sign", document, "--format", "cades", "-o", signature, *words).code == 0
    assert run("cert", "export", DIGITAL_SIGNATURE, "-o", certificate, *words).code == 0
    parsed = parse(signature.read_bytes())
    (tmp_path / "attributes").write_bytes(parsed.signed_attributes)
    (tmp_path / "value").write_bytes(parsed.value)
    return tmp_path / "attributes", tmp_path / "value", certificate


def test_signed_attributes_get_no_raw_signature_and_no_password_is_asked_for(
    card: CardFile, attributes: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    before = card.trace_of_a_verify
    output = tmp_path / "signature"
    words = ("sign", attributes[0], "-o", output, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    outcome = run(*words, "--format", "raw")
    assert (outcome.code, output.exists(), card.trace_of_a_verify) == (2, False, before)
    assert "signature of another file, too. Sign it in another format." in outcome.complaint
    assert run(*words, "--format", "cms").code == 0
    assert run("verify", attributes[0], output, "--simulated").code == 71  # all but revocation


def test_the_value_of_a_cms_signature_is_bad_as_a_raw_one(attributes: tuple[Path, Path, Path]) -> None:
    signed, value, certificate = attributes
    outcome = run("verify", signed, value, "--simulated", "--certificate", certificate, "--json")
    assert (outcome.code, outcome.json["steps"]["signature"]["code"]) == (70, "signature/two-meanings")
