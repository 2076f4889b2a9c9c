"""``mynacard apply``: an application, from an empty form to its receipt."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TypedDict, TypeVar, Unpack

import click
import platformdirs

from mynacard.cli.commands import HELP
from mynacard.cli.exits import EXIT_CODES
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, as_json, card_options, password_options, pin_options, verbose_option
from mynacard.cli.output import print_json, read_up_to, write_new
from mynacard.cli.progress import progress
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import jpki_session, verified_session
from mynacard.cli.terminal import as_rows
from mynacard.errors import SubmissionError
from mynacard.japan import day_in_tokyo
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION
from mynacard.recordings.residence_folder import kept_files
from mynacard.submission import codec, draft, rules
from mynacard.submission.applicant import Applicant, NotAcceptable
from mynacard.submission.application import Kind
from mynacard.submission.calls import PortalError
from mynacard.submission.card_signer import CardSigner
from mynacard.submission.client import Client
from mynacard.submission.codec import FormError
from mynacard.submission.exchange import Remark, Status
from mynacard.submission.messages import Severity, Violation
from mynacard.submission.outbox import Entry, Outbox
from mynacard.submission.readiness import Cards, Finding, Subject, can_be_sent, looked_at, readiness
from mynacard.texts import json_text, printable
from mynacard.trust.certificates import CERTIFICATE_MAX

__all__ = ["BothPins", "applicant", "apply", "portal_options"]

_F = TypeVar("_F", bound=Callable[..., object])

_EXIT: Final = EXIT_CODES[SubmissionError]
"""The application cannot be sent as it is."""


def _outbox() -> Path:
    try:
        folder = platformdirs.user_data_path("mynacard")
    except RuntimeError:  # platformdirs 4.14; earlier ones return a path that begins with "~"
        folder = Path("~")
    if folder.parts[0] == "~":
        raise click.UsageError(_("You have no home folder for signed packages; name one: --outbox or MYNACARD_OUTBOX."))
    return folder / "outbox"


def portal_options(command: _F) -> _F:
    """``--outbox`` (as ``folder``) and ``--portal``."""
    outbox = click.option(
        "--outbox",
        "folder",
        type=click.Path(file_okay=False, path_type=Path),
        envvar="MYNACARD_OUTBOX",
        default=_outbox,
        show_default=_("a folder in your user data"),
        help=_("The folder that keeps signed packages until their receipts arrive."),
    )
    portal = click.option(
        "--portal",
        required=True,
        metavar="URL",
        envvar="MYNACARD_PORTAL",
        help=_("The receiver's address: https://…, or http:// on this machine."),
    )
    return portal(outbox(command))


_draft_argument: Final = click.argument(
    "path", metavar="DRAFT", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
_certificate_option: Final = click.option(
    "--certificate", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=_("Your signing certificate, as mynacard cert export digital-signature writes it."),
)  # fmt: skip
_residence_option: Final = click.option(
    "--residence", "residence_folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
    help=_("Your residence card, as mynacard residence read writes it."),
)  # fmt: skip


@click.group(help=_(HELP["apply"]))
def apply() -> None:
    pass


@apply.command(help=_("Begin a draft: a form in JSON, prefilled from your cards."))
@click.argument("kind", type=click.Choice([kind.value for kind in Kind]))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help=_("The file to write."))
@click.option("--force", is_flag=True, help=_("Replace the output if it exists."))
@_certificate_option
@_residence_option
@verbose_option
def new(kind: str, output: Path, force: bool, certificate: Path | None, residence_folder: Path | None) -> None:
    cards = _cards(certificate, residence_folder)
    made, prefilled = draft.begin(Kind(kind), signing=cards.signing, residence=cards.residence)
    document = codec.encode(made)
    text = json_text(document, indent=2) + "\n"
    write_new(output, text.encode(), force=force)
    for value in prefilled:
        template = _("{place}: from the {source}.")
        if not value.used:
            template = _("{place}: the {source} says {value}, which is not used.")
        click.echo(printable(template.format(place=value.place, source=_(value.source), value=value.value)), err=True)
    click.echo(
        _("The draft is in {path}. Fill in the rest, then: mynacard apply check").format(path=printable(output)),
        err=True,
    )


@apply.command(help=_("List the statuses of residence, with the names that drafts use for them."))
@as_json
@verbose_option
def statuses(as_json: bool) -> None:
    known = rules.current().statuses
    if as_json:
        print_json({name: {"ja": status.ja, "en": status.en} for name, status in known.items()})
        return
    width = max(map(len, known))
    for name, status in known.items():
        click.echo(f"{name:<{width}}  {status.ja} / {status.en}", file=as_rows(sys.stdout))


@apply.command(
    help=_("Report all that is wrong with a draft before it is signed. Exits with 0 if it can be sent, else with 67.")
)
@_draft_argument
@click.option("--with-card", is_flag=True, help=_("Look at the card on the reader, too. Asks for no PIN."))
@_certificate_option
@_residence_option
@as_json
@card_options
def check(
    path: Path, with_card: bool, certificate: Path | None, residence_folder: Path | None, as_json: bool,
    card: CardChoice,
) -> None:  # fmt: skip
    try:
        application, files = draft.read(path)
    except FormError as mistakes:
        _print_violations(mistakes.violations, as_json=as_json)
        sys.exit(_EXIT)
    cards = _cards(certificate, residence_folder)
    if with_card:
        with jpki_session(card) as session:
            cards = looked_at(cards, session)
    findings = [
        *readiness(application, cards, rules.current(), now=datetime.now(UTC)),
        Finding(Subject.FILES, tuple(draft.encrypted(files))),
    ]
    if as_json:
        print_json([_finding(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(f"{_(finding.subject)}: {_word(finding)}")
            _print_violations(finding.violations, as_json=False)
    if not can_be_sent(findings):
        sys.exit(_EXIT)
    click.echo(_("It can be sent, by the rules of {version}.").format(version=rules.current().version), err=True)
    today = day_in_tokyo(datetime.now(UTC))
    for item, yen in rules.fees(application, rules.current(), rules.Channel.ONLINE, today).items():
        amount = _("not known") if isinstance(yen, rules.UnknownFee) else _("{yen} yen").format(yen=yen)
        click.echo(_("Fee once it is permitted, for {item}: {amount}.").format(item=_(item), amount=amount), err=True)


def _word(finding: Finding) -> str:
    if not finding.looked_at:
        return _("not looked at")
    return _("in order") if finding.is_ready else _("not in order")


def _finding(finding: Finding) -> dict[str, object]:
    return {
        "subject": finding.subject.value,
        "looked_at": finding.looked_at,
        "ready": finding.is_ready,
        "violations": [violation.document() for violation in finding.violations],
    }


@apply.command(
    help=_("Sign a draft and keep the package in the outbox. Logs in first, then signs, so both PINs are needed.")
)
@_draft_argument
@portal_options
@password_options
@card_options
def sign(path: Path, **options: Unpack[BothPins]) -> None:
    with applicant(**options) as sender:
        entry = _signed(sender, path)
    click.echo(_("It is signed, and waits in the outbox: mynacard apply resume sends it ({id}).").format(id=entry.id))


@apply.command(help=_("Sign a draft and send it. If the connection breaks, mynacard apply resume sends it again."))
@_draft_argument
@portal_options
@password_options
@card_options
def submit(path: Path, **options: Unpack[BothPins]) -> None:
    with applicant(**options) as sender:
        _send(sender.client, [_signed(sender, path)])


@apply.command(help=_("Send what waits in the outbox. A package that is sent again is still one application."))
@portal_options
@pin_options
@card_options
def resume(**options: Unpack[OnePin]) -> None:
    with applicant(**options) as sender:
        waiting = sender.client.waiting()
        if not waiting:
            click.echo(_("Nothing waits in the outbox for this receiver."))
            return
        sender.log_in()
        _send(sender.client, waiting)


@apply.command(help=_("Show the state of your applications."))
@click.argument("number", required=False)
@portal_options
@as_json
@pin_options
@card_options
def status(number: str | None, as_json: bool, **options: Unpack[OnePin]) -> None:
    with applicant(**options) as sender:
        sender.log_in()
        client = sender.client
        states = (client.status(number),) if number is not None else client.overview().applications
    if as_json:
        print_json([codec.encode(state) for state in states])
        return
    for state in states:
        _print_status(state)


@apply.command(help=_("Sign and send documents that the receiver asked for, for the application NUMBER."))
@click.argument("number")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@portal_options
@password_options
@card_options
def attach(number: str, files: tuple[Path, ...], **options: Unpack[BothPins]) -> None:
    with applicant(**options) as sender:
        _send(sender.client, [sender.supplement(number, files)])


@apply.command(help=_("Withdraw an application that is not decided yet."))
@click.argument("number")
@portal_options
@pin_options
@card_options
def withdraw(number: str, **options: Unpack[OnePin]) -> None:
    with applicant(**options) as sender:
        _print_status(sender.withdraw(number))


# --- what they have in common ---


class OnePin(TypedDict):
    """The options of a command that logs in."""

    portal: str
    folder: Path
    card: CardChoice
    pin_source: PinSource


class BothPins(OnePin):
    """The options of a command that signs, too."""

    password_source: PinSource


@contextmanager
def applicant(
    portal: str, folder: Path, card: CardChoice, pin_source: PinSource, password_source: PinSource | None = None
) -> Generator[Applicant]:
    """The applicant, with the card and the PINs that the options name."""
    sources = {USER_AUTHENTICATION: pin_source}
    if password_source is not None:
        sources[DIGITAL_SIGNATURE] = password_source
    signer = CardSigner(lambda pair, purpose: verified_session(card, pair, sources[pair], purpose, signatures=1), _)
    with Client(portal, Outbox(folder)) as client:
        yield Applicant(client, signer)


def _signed(sender: Applicant, path: Path) -> Entry:
    """Check the draft here and at the receiver, sign it, and put it into the outbox."""
    try:
        application, files = draft.read(path)
        answer = sender.check(application)
    except FormError as mistakes:
        _print_violations(mistakes.violations, as_json=False)
        sys.exit(_EXIT)
    except NotAcceptable as refused:
        _print_remarks(refused.report)
        sys.exit(_EXIT)
    _print_remarks(answer.report)
    return sender.sign(application, files)


def _send(client: Client, entries: Iterable[Entry]) -> None:
    for entry in entries:
        try:
            with progress(_("Sending"), entry.size) as show:
                settled = client.submit(entry, lambda done, _size: show(done))
        except PortalError as refused:
            _print_remarks(refused.report)
            raise
        if settled.status is not None:
            _print_remarks(settled.status.report)
            _print_status(settled.status)


def _cards(certificate: Path | None, residence_folder: Path | None) -> Cards:
    signing = None if certificate is None else read_up_to(certificate, CERTIFICATE_MAX)
    residence = None if residence_folder is None else kept_files(residence_folder)
    return Cards.of_files(signing, residence)


def _print_status(status_: Status) -> None:
    click.echo(printable(f"{status_.provisional_number} {status_.number}".rstrip() + f": {_(status_.state)}"))
    for event in status_.history:
        click.echo(printable(f"  {event.time} {_(event.state)} {event.note}".rstrip()))


def _print_violations(violations: Iterable[Violation], *, as_json: bool) -> None:
    if as_json:
        print_json([dict[str, object](violation.document()) for violation in violations])
        return
    for violation in violations:
        _print_remark(violation.severity, violation.field, violation.english, violation.japanese)


def _print_remarks(remarks: Iterable[Remark]) -> None:
    for remark in remarks:
        _print_remark(remark.severity, remark.field, remark.message_en, remark.message_ja)


def _print_remark(severity: str, place: str, english: str, japanese: str) -> None:
    word = _("error") if severity == Severity.ERROR else _("warning")
    click.echo(printable(f"{place or '/'}: {word}: {english} / {japanese}"))
