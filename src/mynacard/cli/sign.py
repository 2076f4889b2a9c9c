"""``mynacard sign`` and ``authenticate``: what the two keys are for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import partial
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.x509 import Certificate

from mynacard.apdu.hashes import HashAlgorithm, digest_info
from mynacard.cli.options import CardChoice, PinSource, card_options, check_output, pin_options, write_new
from mynacard.cli.session import verified_session
from mynacard.cli.texts import _
from mynacard.jpki import authentication
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.signing import cades, cms, external, pades
from mynacard.trust import load_certificate
from mynacard.webeid import AuthenticationToken

__all__ = ["authenticate", "sign"]


@click.command(help=_("Sign a file with the digital-signature key: one signature, made on the card."))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "format_",
    type=click.Choice(["raw", "cms", "cades", "pades"]),
    default="cms",
    show_default=True,
    help=_(
        "raw: the 256 bytes of RSASSA-PKCS1-v1_5; cms: a detached CMS with the certificate in it; cades: the same as"
        " CAdES wants it; pades: a PDF file with the signature in it (both need pyHanko)."
    ),
)
@click.option(
    "--hash",
    "hash_",
    type=click.Choice([found.value for found in HashAlgorithm]),
    default=HashAlgorithm.SHA256.value,
    show_default=True,
    help=_("The hash function of the signature."),
)
@click.option("--field", metavar="NAME", help=_("The signature field of the PDF file, an empty one or a new one."))
@click.option("--visible", is_flag=True, help=_("Show on the PDF file's first page that and when it was signed."))
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help=_("The file to write.")
)
@click.option("--force", is_flag=True, help=_("Replace the output if it exists."))
@pin_options
@card_options
def sign(
    file: Path,
    format_: str,
    hash_: str,
    field: str | None,
    visible: bool,
    output: Path,
    force: bool,
    card: CardChoice,
    pin_source: PinSource,
) -> None:
    algorithm = HashAlgorithm(hash_)
    if format_ != "pades" and (visible or field is not None):
        raise click.UsageError(_("--field and --visible are for --format pades."))
    check_output(output, force=force)
    appearance = pades.Appearance() if visible else None
    make = _maker(format_, field, appearance)
    content = file.read_bytes() if make else None  # once: what is shown is what is signed, from a pipe too
    if format_ == "pades" and content is not None:
        pades.check_signable(content, field, appearance)
    digest = _digest(file, algorithm) if content is None else algorithm.digest(content)
    purpose = _("Signs {file} ({hash} {digest}), as {format}.").format(
        file=file, hash=algorithm.value, digest=digest.hex(), format=format_
    )
    with verified_session(card, DIGITAL_SIGNATURE, pin_source, purpose, signatures=1) as session:
        if content is None or make is None:
            signature = session.sign_digest_info(digest_info(algorithm, digest))
        else:
            certificate = load_certificate(session.certificate_der(DIGITAL_SIGNATURE))
            signature = make(content, certificate, session.private_key(), algorithm)
    write_new(output, signature, force=force)
    click.echo(_("The signature is in {path}.").format(path=output), err=True)


@click.command(help=_("Answer a login challenge with the user-authentication key, and print the Web eID 1.0 token."))
@click.option("--origin", required=True, metavar="URL", help=_("Of the site that asks: https://host[:port]."))
@click.option("--nonce", required=True, help=_("The challenge: 44 to 128 characters of base64."))
@pin_options
@card_options
def authenticate(origin: str, nonce: str, card: CardChoice, pin_source: PinSource) -> None:
    authentication.check_origin(origin)
    authentication.check_nonce(nonce)
    purpose = _("Logs in to {origin}. The site learns a fixed number of your card, no name and no address.").format(
        origin=origin
    )
    with verified_session(card, USER_AUTHENTICATION, pin_source, purpose, signatures=1) as session:
        answer = session.authenticate(origin, nonce)
    click.echo(AuthenticationToken.from_authentication(answer).to_json())


def _maker(
    format_: str, field: str | None, appearance: pades.Appearance | None
) -> Callable[[bytes, Certificate, RSAPrivateKey, HashAlgorithm], bytes] | None:
    """Who makes the signature; None for a bare one. What is not installed is missed here, before anybody types."""
    if format_ == "cades":
        external.check_installed()
        return cades.sign
    if format_ == "pades":
        external.check_installed()
        return partial(pades.sign, field=field, appearance=appearance)
    return cms.sign if format_ == "cms" else None


def _digest(file: Path, algorithm: HashAlgorithm) -> bytes:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, algorithm.value).digest()
