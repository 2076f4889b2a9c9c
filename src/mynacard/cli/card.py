"""``mynacard readers`` and ``cert``: what is there, and the certificates on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

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
from mynacard.cli.session import jpki_session, verified_session
from mynacard.cli.texts import _, plain
from mynacard.errors import ReaderNotFoundError
from mynacard.texts import N_
from mynacard.trust import load_certificate

if TYPE_CHECKING:
    from mynacard.readers import ReaderState

__all__ = ["cert", "describe", "readers"]

_CERTIFICATES = [*PAIRS, *(f"{name}-ca" for name in PAIRS)]


@click.command(help=_("List the readers, and whether a card lies on them."))
@click.option("--watch", "watching", is_flag=True, help=_("Go on, and say what changes, until stopped."))
@as_json
@reader_options
def readers(reader: str | None, watching: bool, as_json: bool) -> None:
    from mynacard.readers import list_readers, profile_of, watch

    if watching:
        before: dict[str, ReaderState] = {}
        for states in watch():
            now = {state.name: state for state in _called(states, reader)}
            _tell_changes(before, now, as_json)
            before = now
        return
    states = list_readers()
    found = _called(states, reader)
    if states and not found:
        raise ReaderNotFoundError(
            N_("No reader is called {name}. Attached: {readers}."),
            name=reader,
            readers=", ".join(state.name for state in states),
        )
    if as_json:
        print_json([_state(state) | {"known": profile_of(state.name).quirks} for state in found])
        return
    if not found:
        click.echo(_("No card reader is attached."), err=True)
    for state in found:
        click.echo(f"{plain(state.name)}: {_card_text(_state(state))}")
        for quirk in profile_of(state.name).quirks:
            click.echo(f"    {plain(quirk)}")


def _called(states: Iterable[ReaderState], reader: str | None) -> list[ReaderState]:
    return [state for state in states if (reader or "").casefold() in state.name.casefold()]


def _state(state: ReaderState) -> dict[str, object]:
    return {
        "name": state.name, "card_present": state.card_present, "mute": state.mute, "in_use": state.in_use,
        "exclusive": state.exclusive, "atr": state.atr.hex().upper(),
    }  # fmt: skip


def _tell_changes(before: Mapping[str, ReaderState], now: Mapping[str, ReaderState], as_json: bool) -> None:
    """A line for each reader that came, went, or has another card than before; for programs a JSON object each."""
    time = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    for name in [name for name in {**before, **now} if before.get(name) != now.get(name)]:
        state = _state(now[name]) if name in now else None
        if as_json:
            click.echo(json.dumps({"time": time, "attached": state is not None, **(state or {"name": name})}))
        else:
            text = _card_text(state) if state is not None else _("no longer attached")
            click.echo(f"{time} {plain(name)}: {text}")


def _card_text(state: Mapping[str, object]) -> str:
    if not state["card_present"]:
        return _("no card")
    if state["mute"]:
        return _("a card that does not answer")
    if state["exclusive"]:
        return _("a card, held by another program")
    return _("a card, also used by another program") if state["in_use"] else _("a card")


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
    certificate = load_certificate(_read(name, card, pin_source))
    described, holder = describe(certificate), _holder(certificate)
    if as_json:
        print_json({**described, "holder": holder})
        return
    for field, value in {**described, **(holder or {})}.items():
        click.echo(f"{field.replace('_', ' ')}: {plain(str(value))}")


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


def _holder(certificate: x509.Certificate) -> dict[str, object] | None:
    """What a signing certificate says of its holder, as JSON."""
    from mynacard.trust.holder import holder_of

    found = holder_of(certificate)
    if found is None:
        return None
    born = found.birth_date
    return {
        "name": found.name and found.name.value,
        "name_has_replaced_characters": found.name and _any(found.name.replaced),
        "sex": found.sex and found.sex.name.lower().replace("_", "-"),
        "birth_date": born and (born.date.isoformat() if born.date else born.raw),
        "address": found.address and found.address.value,
        "address_has_replaced_characters": found.address and _any(found.address.replaced),
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
