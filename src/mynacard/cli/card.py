"""``mynacard readers``, ``info`` and ``cert``: what is there, and what is on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard.cli.options import (
    PAIRS,
    CardChoice,
    PinSource,
    as_json,
    card_options,
    check_output,
    pin_options,
    print_json,
    reader_options,
    write_new,
)
from mynacard.cli.pin import status_json
from mynacard.cli.session import jpki_session, verified_session
from mynacard.cli.texts import _, plain
from mynacard.cli.wording import status_text
from mynacard.errors import ReaderNotFoundError, SecurityStatusNotSatisfied, mark
from mynacard.jpki.layout import KEY_PAIRS, USER_AUTHENTICATION
from mynacard.jpki.session import JpkiSession
from mynacard.trust import load_certificate

__all__ = ["cert", "info", "readers"]

_CERTIFICATES = [*PAIRS, *(f"{name}-ca" for name in PAIRS)]


@click.command(help=_("List the readers, and whether a card lies on them."))
@as_json
@reader_options
def readers(reader: str | None, as_json: bool) -> None:
    from mynacard.readers import list_readers

    states = list_readers()
    found = [state for state in states if (reader or "").casefold() in state.name.casefold()]
    if states and not found:
        raise ReaderNotFoundError(
            mark("No reader is called {name}. Attached: {readers}."),
            name=reader,
            readers=", ".join(state.name for state in states),
        )
    if as_json:
        print_json([
            {"name": state.name, "card_present": state.card_present, "mute": state.mute, "in_use": state.in_use,
             "exclusive": state.exclusive, "atr": state.atr.hex().upper()}
            for state in found
        ])  # fmt: skip
        return
    if not found:
        click.echo(_("No card reader is attached."), err=True)
    for state in found:
        click.echo(f"{state.name}: {_card_text(state.card_present, state.mute, state.exclusive, state.in_use)}")


def _card_text(present: bool, mute: bool, exclusive: bool, in_use: bool) -> str:
    if not present:
        return _("no card")
    if mute:
        return _("a card that does not answer")
    if exclusive:
        return _("a card, held by another program")
    return _("a card, also used by another program") if in_use else _("a card")


@click.command(help=_("Show what is on the card: the application, its certificates, its PINs. Asks for no PIN."))
@as_json
@card_options
def info(card: CardChoice, as_json: bool) -> None:
    with jpki_session(card) as session:
        token = session.token_info()
        present = session.certificates_present()
        pins = {pair.name: session.pin_status(pair) for pair in KEY_PAIRS}
        certificate = _free_certificate(session) if present.user_authentication else None
    present_by_name = {
        "user-authentication": present.user_authentication,
        "digital-signature": present.digital_signature,
    }
    if as_json:
        print_json({
            "application": "JPKI",
            "token": token.label,
            "medium": token.medium.name.lower().replace("_", "-") if token.medium else None,
            "certificates_present": present_by_name,
            "user_authentication_certificate": _describe(certificate) if certificate else None,
            "pins": {name: status_json(status) for name, status in pins.items()},
        })  # fmt: skip
        return
    click.echo(_("Application: JPKI ({token})").format(token=plain(token.label)))
    for name, there in present_by_name.items():
        click.echo(_("{name} certificate: {there}").format(name=name, there=_("present") if there else _("absent")))
    if certificate:
        left = (certificate.not_valid_after_utc - datetime.now(UTC)).days
        click.echo(
            _("user-authentication certificate: valid until {end:%Y-%m-%d}, {left} days left").format(
                end=certificate.not_valid_after_utc, left=left
            )
        )
    for name, status in pins.items():
        click.echo(_("{pin}: {status}").format(pin=_(PAIRS[name].pin.label), status=status_text(status)))


def _free_certificate(session: JpkiSession) -> x509.Certificate | None:
    """The user-authentication certificate; None on phones, which guard it by the PIN."""
    try:
        return load_certificate(session.certificate_der(USER_AUTHENTICATION))
    except SecurityStatusNotSatisfied:
        return None


@click.group(help=_("The certificates on the card."))
def cert() -> None:
    pass


_which = click.argument("name", metavar="|".join(PAIRS) + "[-ca]", type=click.Choice(_CERTIFICATES))


@cert.command(help=_("Show a certificate. The digital-signature one asks for its password."))
@_which
@as_json
@pin_options
@card_options
def show(name: str, card: CardChoice, pin_source: PinSource, as_json: bool) -> None:
    described = _describe(load_certificate(_read(name, card, pin_source)))
    if as_json:
        print_json(described)
        return
    for field, value in described.items():
        click.echo(f"{field}: {plain(str(value))}")


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
    help=_("How the certificate is written."),
)
@click.option("--force", is_flag=True, help=_("Replace the file if it exists."))
@pin_options
@card_options
def export(name: str, card: CardChoice, pin_source: PinSource, output: Path | None, encoding: str, force: bool) -> None:
    if output:
        check_output(output, force=force)
    certificate = load_certificate(_read(name, card, pin_source))
    content = certificate.public_bytes(Encoding.PEM if encoding == "pem" else Encoding.DER)
    if output:
        write_new(output, content, force=force)
    else:
        click.echo(content, nl=False)


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


def _describe(certificate: x509.Certificate) -> dict[str, object]:
    return {
        "subject": certificate.subject.rfc4514_string(),
        "issuer": certificate.issuer.rfc4514_string(),
        "serial": f"{certificate.serial_number:X}",
        "not_before": certificate.not_valid_before_utc.isoformat(),
        "not_after": certificate.not_valid_after_utc.isoformat(),
        "sha256": certificate.fingerprint(hashes.SHA256()).hex().upper(),
    }
