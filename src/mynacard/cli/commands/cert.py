"""``mynacard cert``: the certificates on the card."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.cli.commands import HELP
from mynacard.cli.language import _
from mynacard.cli.options import PAIRS, CardChoice, as_json, card_options, pin_options
from mynacard.cli.output import check_output, print_json, write_new
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import jpki_session, verified_session
from mynacard.cli.terminal import unescaped
from mynacard.texts import printable
from mynacard.trust import load_certificate

__all__ = ["cert", "describe"]

_CERTIFICATES = [*PAIRS, *(f"{name}-ca" for name in PAIRS)]


@click.group(help=_(HELP["cert"]))
def cert() -> None:
    pass


_which = click.argument("name", metavar="|".join(PAIRS) + "[-ca]", type=click.Choice(_CERTIFICATES))


@cert.command(help=_("Show a certificate. The digital-signature one asks for its password."))
@_which
@as_json
@pin_options
@card_options
def show(name: str, card: CardChoice, pin_source: PinSource, as_json: bool) -> None:
    certificate = load_certificate(_read(name, card, pin_source))
    described, holder = describe(certificate), _holder(certificate)
    if as_json:
        print_json({**described, "holder": holder})
        return
    for field, value in {**described, **(holder or {})}.items():
        click.echo(f"{field.replace('_', ' ')}: {printable(str(value))}")


@cert.command(
    help=_("Write a certificate to a file or standard output. The digital-signature one asks for its password.")
)
@_which
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help=_("The file to write."))
@click.option(
    "--encoding",
    type=click.Choice(["pem", "der"]),
    default="pem",
    show_default=True,
    help=_("The encoding of the certificate."),
)
@click.option("--force", is_flag=True, help=_("Replace the file if it exists."))
@pin_options
@card_options
def export(name: str, card: CardChoice, pin_source: PinSource, output: Path | None, encoding: str, force: bool) -> None:
    if output:
        check_output(output, force=force)
    elif encoding == "der" and sys.stdout.isatty():
        raise click.UsageError(_("DER is not text. Write it to a file with -o, or send it to a program."))
    certificate = load_certificate(_read(name, card, pin_source))
    content = certificate.public_bytes(Encoding.PEM if encoding == "pem" else Encoding.DER)
    if output:
        write_new(output, content, force=force)
    else:
        click.echo(content, file=unescaped(sys.stdout), nl=False)


def _read(name: str, card: CardChoice, source: PinSource) -> bytes:
    pair = PAIRS[name.removesuffix("-ca")]
    if name.endswith("-ca"):
        with jpki_session(card) as session:
            return session.ca_certificate_der(pair)
    if not pair.certificate_is_private:
        with jpki_session(card) as session:
            return session.certificate_der(pair)
    purpose = _("Reads the certificate, which holds name, address, birth date and sex; nothing is signed.")
    with verified_session(card, pair, source, purpose, signatures=0) as session:
        return session.certificate_der(pair)


def _holder(certificate: x509.Certificate) -> dict[str, object] | None:
    """The details of its holder in a signing certificate, as JSON; None if *certificate* has none."""
    from mynacard.trust.holder import holder_of

    holder = holder_of(certificate)
    if holder is None:
        return None
    born = holder.birth_date
    return {
        "name": holder.name and holder.name.value,
        "name_has_replaced_characters": holder.name and _any(holder.name.replaced),
        "sex": holder.sex and holder.sex.name.lower().replace("_", "-"),
        "birth_date": born and (born.date.isoformat() if born.date else born.raw),
        "address": holder.address and holder.address.value,
        "address_has_replaced_characters": holder.address and _any(holder.address.replaced),
    }


def _any(replaced: tuple[bool, ...] | None) -> bool | None:
    return None if replaced is None else any(replaced)


def describe(certificate: x509.Certificate) -> dict[str, object]:
    """*certificate* as JSON."""
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:X}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex().upper(),
    }
