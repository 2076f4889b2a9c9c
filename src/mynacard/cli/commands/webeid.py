"""``mynacard webeid``: let web pages use the card through the published extension, and say which pages may do what."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

import click

from mynacard.cli.commands import HELP
from mynacard.cli.exits import SOMETHING_WRONG
from mynacard.cli.language import _
from mynacard.cli.options import as_json, verbose_option
from mynacard.cli.output import print_json
from mynacard.consent.ways import SCRIPT
from mynacard.errors import BrowserSetupError, SettingsFileError
from mynacard.opening.names import REPLAYED, SIMULATED
from mynacard.texts import N_, printable
from mynacard.webeid import settings as host_settings
from mynacard.webeid.places import STORES, Account, Browser, boxed, installed, this_account

if TYPE_CHECKING:
    from mynacard.webeid.installing import Target

__all__ = ["webeid"]

R = TypeVar("R")
_BROWSERS: Final = [browser.value for browser in Browser]


@click.group(help=_(HELP["webeid"]))
def webeid() -> None:
    pass


def _chosen(command: Callable[..., R]) -> Callable[..., R]:
    """The options that say which browsers are meant."""
    for option in (
        click.option(
            "--profile",
            "profiles",
            metavar="DIR",
            multiple=True,
            type=click.Path(file_okay=False, path_type=Path),
            help=_("A Chromium browser started with --user-data-dir=DIR."),
        ),
        click.option("--all", "everywhere", is_flag=True, help=_("All browsers that mynacard knows.")),
        click.option("--browser", "browsers", multiple=True, type=click.Choice(_BROWSERS), help=_("This browser.")),
    ):
        command = option(command)
    return command


@webeid.command(
    help=_(
        "Let browsers start mynacard for the Web eID extension: those that are here, or those that you name. Another"
        " program for Web eID keeps its place without --replace. The extension itself is not installed."
    )
)
@_chosen
@click.option("--replace", "replaces", is_flag=True, help=_("Take another program's place; uninstall puts it back."))
@click.option(
    "--consent",
    metavar="WAY",
    help=_(
        "How you are asked for the PIN: pinentry, window, keypad; script:PATH answers in tests. Empty: what there is."
    ),
)
@click.option("--card", metavar="NAME", help=_("Which card pages use, as --reader of other commands takes it."))
@click.option(
    "--extension", "extensions", metavar="ID", multiple=True, help=_("Also let this extension in, for tests.")
)
@verbose_option
def install(
    browsers: tuple[str, ...],
    everywhere: bool,
    profiles: tuple[Path, ...],
    replaces: bool,
    consent: str | None,
    card: str | None,
    extensions: tuple[str, ...],
) -> None:
    from mynacard.webeid import installing

    account, program = this_account(), installing.host_program()
    targets = _targets(account, browsers, profiles, everywhere)
    changed = _changed_settings(consent, card)
    for target, new in installing.install(targets, program, extensions=extensions, replace=replaces):
        text = _("{browser}: installed ({path})") if new else _("{browser}: was installed already ({path})")
        click.echo(text.format(browser=printable(target.label), path=printable(target.slot.where)))
    if changed is not None:
        host_settings.save(changed)
    for box in boxed(account):
        text = _("{browser} as a {kind} may not reach it: mynacard webeid status says more.")
        click.echo(text.format(browser=box.browser.label, kind=box.kind))
    click.echo(_("The extension that pages talk to comes from the browser's store:"))
    for browser, url in STORES.items():
        click.echo(f"  {browser.label}: {url}")


@webeid.command(help=_("Remove what install installed, from all browsers or those that you name. Settings stay."))
@_chosen
@verbose_option
def uninstall(browsers: tuple[str, ...], everywhere: bool, profiles: tuple[Path, ...]) -> None:
    from mynacard.webeid import installing

    targets = _targets(this_account(), browsers, profiles, everywhere or not (browsers or profiles))
    removed = [target for target, ours in installing.uninstall(targets) if ours]
    for target in removed:
        click.echo(
            _("{browser}: removed ({path})").format(browser=printable(target.label), path=printable(target.slot.where))
        )
    if not removed:
        click.echo(_("Nothing was installed there."))


@webeid.command(
    help=_(
        "Allow a page to do more, by its origin: http://… on this computer to log in, and with --sign any page to ask"
        " for your signing certificate and for signatures. You are asked each time all the same."
    )
)
@click.argument("origin")
@click.option("--sign", is_flag=True, help=_("To read the signing certificate, and to sign."))
@click.option("--remove", is_flag=True, help=_("Take the permission back."))
@verbose_option
def allow(origin: str, sign: bool, remove: bool) -> None:
    settings = host_settings.load()
    changed = settings.forbidding(origin, sign=sign) if remove else settings.allowing(origin, sign=sign)
    host_settings.save(changed)
    _print_pages(changed)


@webeid.command(
    help=_(
        "Say what a page finds in each browser, what stands in the way, and which pages may do more. Starts the host"
        " once if a browser would. Exits with 72 if there is a problem."
    )
)
@as_json
@verbose_option
def status(as_json: bool) -> None:
    from mynacard.cli.diagnosis import finding_json, print_finding
    from mynacard.doctor.browsers import findings_of_browsers
    from mynacard.doctor.findings import Level

    findings, allowed = list(findings_of_browsers(this_account())), host_settings.Settings()
    with contextlib.suppress(SettingsFileError):  # which is among the findings
        allowed = host_settings.load()
    if as_json:
        print_json({"findings": [finding_json(finding) for finding in findings], **host_settings.document(allowed)})
    else:
        for finding in findings:
            print_finding(finding, _)
        if not findings:
            click.echo(_("There is no browser that mynacard knows."))
        _print_pages(allowed)
    if any(finding.level is Level.PROBLEM for finding in findings):
        sys.exit(SOMETHING_WRONG)


def _print_pages(allowed: host_settings.Settings) -> None:
    click.echo(_("Every https page may ask for a log-in."))
    for text, origins in (
        (_("Pages on this computer that may, too: {origins}"), allowed.loopback),
        (_("Pages that may ask for signatures: {origins}"), allowed.signing),
    ):
        click.echo(text.format(origins=", ".join(sorted(origins)) or _("none")))


def _targets(account: Account, browsers: tuple[str, ...], profiles: tuple[Path, ...], everywhere: bool) -> list[Target]:
    from mynacard.webeid.installing import profile_target, targets

    named = list(Browser) if everywhere else [Browser(name) for name in browsers]
    if not named and not profiles:
        named = _installed(account)
    return [*targets(account, named), *(profile_target(account, folder) for folder in profiles)]


def _installed(account: Account) -> list[Browser]:
    """The browsers that are here.

    Raises:
        BrowserSetupError: none is; those that are confined are named.
    """
    if here := installed(account):
        return here
    confined = ", ".join(f"{box.browser.label} ({box.kind})" for box in boxed(account))
    raise BrowserSetupError(
        N_("No browser here can start other programs (confined: {confined}). Name one with --browser, or all: --all."),
        confined=confined or N_("none"),
    )


def _changed_settings(consent: str | None, card: str | None) -> host_settings.Settings | None:
    """The settings with what is not None changed; None if nothing is."""
    if consent is None and card is None:
        return None
    current = host_settings.load()
    changed = replace(
        current,
        consent=current.consent if consent is None else _absolute(consent),
        card=current.card if card is None else _absolute(card),
    )
    host_settings.check_consent(changed.consent)
    return changed


def _absolute(name: str) -> str:
    """*name* with the path in it absolute: browsers start the host in a folder of their own."""
    for prefix in (SCRIPT, SIMULATED, REPLAYED):
        path = name.removeprefix(prefix)
        if path != name and path and not path.startswith("@"):
            return prefix + str(Path(path).absolute())
    return name
