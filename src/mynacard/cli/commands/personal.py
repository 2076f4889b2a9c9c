"""``mynacard personal``: what the card says about its holder, checked before it is shown."""

from __future__ import annotations

import contextlib
import secrets
import sys
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import click

from mynacard import japan
from mynacard._dataclasses import dataclass
from mynacard.apdu.channel import Channel
from mynacard.apdu.pins import PinReference
from mynacard.cli.commands import HELP
from mynacard.cli.exits import NOT_FULLY_CHECKED, SIGNATURE_BAD
from mynacard.cli.language import _
from mynacard.cli.options import CardChoice, as_json, card_options, keep_options, number_options
from mynacard.cli.output import check_output, print_json, write_new
from mynacard.cli.secrets import PinSource
from mynacard.cli.session import recorded
from mynacard.cli.simulated import print_steps
from mynacard.errors import CardDataError
from mynacard.images import ImageKind
from mynacard.opening.pins import verified_application
from mynacard.personal.checking import FaceFiles, Presence, TextFiles, check_face, check_text
from mynacard.personal.face_session import FaceSession
from mynacard.personal.layout import (
    BIRTH_DATE,
    FACE_NUMBER_A,
    FACE_NUMBER_B,
    TEXT_NUMBER_A,
    TEXT_NUMBER_B,
    TEXT_PIN,
)
from mynacard.personal.numbers import MyNumber
from mynacard.personal.objects import AgeRecord, Attributes, Face, NumberFile, Sex
from mynacard.personal.report import Conclusion, Genuineness
from mynacard.personal.roots import PRODUCTION, TEST, Root, RootKind
from mynacard.personal.session import ApplicationSession
from mynacard.personal.text_session import TextSession
from mynacard.texts import N_, printable

__all__ = ["personal"]

S = TypeVar("S", bound=ApplicationSession)
T = TypeVar("T")
R = TypeVar("R")

NONCE_LENGTH: Final = 32
_SEXES: Final = {
    Sex.MALE: N_("male"), Sex.FEMALE: N_("female"), Sex.NOT_APPLICABLE: N_("not applicable"),
    Sex.UNKNOWN: N_("unknown"),
}  # fmt: skip
_EXITS: Final = {
    Conclusion.GENUINE: 0, Conclusion.NOT_GENUINE: SIGNATURE_BAD, Conclusion.NOT_CHECKED: NOT_FULLY_CHECKED,
}  # fmt: skip


@click.group(help=_(HELP["personal"]))
def personal() -> None:
    pass


# --- what is checked, and how it is shown -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Checking:
    """Whether to check the card, and whose roots it must lead to.

    Attributes:
        wanted: whether it is checked.
        simulated: whether only a simulated card is accepted.
    """

    wanted: bool
    simulated: bool

    @property
    def kind(self) -> RootKind:
        return RootKind.SIMULATED if self.simulated else RootKind.PRODUCTION

    def roots(self) -> tuple[Root, ...]:
        if not self.simulated:
            return PRODUCTION + TEST
        from mynacard.doors.pki_cache import cached_pki

        return cached_pki().cv.anchors()

    def text(self, files: TextFiles, presence: Presence) -> Genuineness:
        return check_text(files, presence, wanted=self.kind, roots=self.roots())

    def face(self, files: FaceFiles, presence: Presence) -> Genuineness:
        return check_face(files, presence, wanted=self.kind, roots=self.roots())


def _check_options(command: Callable[..., R]) -> Callable[..., R]:
    """``--simulated`` and ``--no-check``, passed on as one :class:`Checking`; and the options of all commands here."""

    def with_checking(*args: object, card: CardChoice, simulated: bool, no_check: bool, **kwargs: object) -> R:
        if simulated and no_check:
            raise click.UsageError(_("--simulated and --no-check exclude each other."))
        return command(*args, card=card, checking=Checking(not no_check, simulated), **kwargs)

    keep_options(command, with_checking)
    simulated = click.option("--simulated", is_flag=True, help=_("Accept only one of this machine's simulated cards."))
    no_check = click.option(
        "--no-check", is_flag=True, help=_("Show what the card says without checking it; it may be forged.")
    )
    return simulated(no_check(number_options(card_options(with_checking))))


def _with(*names: str) -> Callable[[Callable[..., R]], Callable[..., R]]:
    return click.option(
        "--with",
        "opener",
        type=click.Choice(names),
        default=names[0],
        show_default=True,
        help=_("Open it with the application's PIN, or with a number made from what is printed on the card."),
    )


@contextlib.contextmanager
def _verified(
    kind: Callable[[Channel], S],
    reference: PinReference,
    card: CardChoice,
    source: PinSource,
    purpose: str,
    before: Callable[[S], object],
) -> Generator[S, None, None]:
    purpose = _("{purpose} Type {form}.").format(purpose=purpose, form=_(reference.form_label))
    with (
        recorded(card) as opening,
        verified_application(
            kind, reference, source.pin(), before=before, name=card.name, purpose=purpose,
            spend_last_try=source.spend_last_try, **opening,
        ) as session,
    ):  # fmt: skip
        yield session


def _show(values: Callable[[], Mapping[str, object]], report: Genuineness | None, as_json: bool) -> None:
    """Print *values* unless the card is not genuine, then the report; exit with its code."""
    conclusion = report.conclusion if report is not None else Conclusion.NOT_CHECKED
    shown: Mapping[str, object] = {} if conclusion is Conclusion.NOT_GENUINE else values()
    if as_json:
        print_json({**shown, "check": _as_json(report)})
    else:
        for name, value in shown.items():
            click.echo(f"{name.replace('_', ' ')}: {printable(str(value))}")
    if report is None:
        if not as_json:
            click.echo(_("not checked"))
        return
    if not as_json or conclusion is not Conclusion.GENUINE:
        _explain(report)
    if code := _EXITS[conclusion]:
        sys.exit(code)


def _explain(report: Genuineness) -> None:
    words = {
        Conclusion.GENUINE: _("The card is genuine."),
        Conclusion.NOT_GENUINE: _("The card is not genuine. Its contents are not shown; --no-check would show them."),
        Conclusion.NOT_CHECKED: _("Too little was checked to call the card genuine."),
    }
    if print_steps(report.steps):
        click.echo(words[report.conclusion], err=True)


def _as_json(report: Genuineness | None) -> dict[str, object]:
    if report is None:
        return {"conclusion": Conclusion.NOT_CHECKED.value, "root": None, "steps": []}
    root = report.root
    return {
        "conclusion": report.conclusion.value,
        "root": root and {"key_id": str(root.key_id), "kind": root.kind.value, "origin": root.origin.value},
        "steps": [
            {"subject": check.subject.value, "verdict": check.verdict.value, "text": check.text()}
            for check in report.checks
        ],
    }


def _nothing(_: object) -> None:
    pass


def _read(value: Callable[[], T]) -> Callable[[], T]:
    """Call *value* now, while the session lasts; give a function for its result, as :func:`_show` takes it."""
    result = value()
    return lambda: result


def _sex(sex: Sex, as_json: bool) -> str:
    return _SEXES[sex] if as_json else _(_SEXES[sex])


def _nonce() -> bytes:
    return secrets.token_bytes(NONCE_LENGTH)


# --- text input support ------------------------------------------------------------------------------------


@personal.command(help=_("Show name, address, birth date and sex."))
@_with("pin", "number-b")
@as_json
@_check_options
def attributes(opener: str, card: CardChoice, pin_source: PinSource, checking: Checking, as_json: bool) -> None:
    reference = {"pin": TEXT_PIN, "number-b": TEXT_NUMBER_B}[opener]
    purpose = _("Reads name, address, birth date and sex; nothing is signed.")
    with _verified(TextSession, reference, card, pin_source, purpose, _first(checking)) as session:
        report: Genuineness | None = None
        read: Callable[[], Attributes]
        if checking.wanted:
            files, presence = session.evidence(_nonce(), number=False)
            report = checking.text(files, presence)
            read = partial(Attributes.parse, files.attributes or b"")
        else:
            read = _read(session.attributes)
    _show(lambda: _attributes(read(), as_json), report, as_json)


@personal.command(help=_("Show My Number. The law says who may ask for it, and what for."))
@_with("pin", "number-a")
@as_json
@_check_options
def number(opener: str, card: CardChoice, pin_source: PinSource, checking: Checking, as_json: bool) -> None:
    reference = {"pin": TEXT_PIN, "number-a": TEXT_NUMBER_A}[opener]
    purpose = _("Reads My Number; nothing is signed.")
    with _verified(TextSession, reference, card, pin_source, purpose, _first(checking)) as session:
        report: Genuineness | None = None
        read: Callable[[], MyNumber]
        if checking.wanted:
            files, presence = session.evidence(_nonce(), attributes=False)
            report = checking.text(files, presence)
            read = partial(_number, files.number or b"")
        else:
            read = _read(session.my_number)
    _show(lambda: {"number": read().reveal()}, report, as_json)


def _number(content: bytes) -> MyNumber:
    return NumberFile.parse(content).number


def _first(checking: Checking) -> Callable[[TextSession], object]:
    """Read before the PIN is presented what the check needs and no PIN guards: the certificate."""
    return TextSession.certificate if checking.wanted else _nothing


def _attributes(holder: Attributes, as_json: bool) -> dict[str, object]:
    return {
        "name": holder.name,
        "address": holder.address,
        "birth_date": holder.birth_date.isoformat(),
        "sex": _sex(holder.sex, as_json),
    }


# --- card face ---------------------------------------------------------------------------------------------


@personal.command(help=_("Show the holder's birth date and age, and nothing else."))
@as_json
@_check_options
def age(card: CardChoice, pin_source: PinSource, checking: Checking, as_json: bool) -> None:
    purpose = _("Reads the birth date; nothing is signed.")
    with _verified(FaceSession, BIRTH_DATE, card, pin_source, purpose, _nothing) as session:
        report: Genuineness | None = None
        read: Callable[[], AgeRecord]
        if checking.wanted:
            files, presence = session.evidence(_nonce(), age_record=True)
            report = checking.face(files, presence)
            read = partial(AgeRecord.parse, files.age_record or b"")
        else:
            read = _read(session.age_record)
    today = japan.day_in_tokyo(datetime.now(UTC))
    _show(lambda: _age(read().birth_date, today), report, as_json)


def _age(birth_date: date, today: date) -> dict[str, object]:
    return {"birth_date": birth_date.isoformat(), "age": japan.age(birth_date, today)}


@personal.command(help=_("Show what is printed on the card: birth date, sex, expiry, and which images there are."))
@_with("number-b", "number-a")
@as_json
@_check_options
def face(opener: str, card: CardChoice, pin_source: PinSource, checking: Checking, as_json: bool) -> None:
    read, report = _face(opener, card, pin_source, checking)
    _show(lambda: _printed(read(), as_json), report, as_json)


def _printed(front: Face, as_json: bool) -> dict[str, object]:
    values: dict[str, object] = {
        "birth_date": front.birth_date.isoformat(),
        "sex": _sex(front.sex, as_json),
        "expiry": front.expiry.isoformat(),
    }
    if as_json:
        images = [{"name": image.name, "format": image.kind, "bytes": len(image.content)} for image in front.images]
        return {**values, "images": images}
    lengths = {_(image.name): _("{count} bytes").format(count=len(image.content)) for image in front.images}
    return {**values, **lengths}


@personal.command(help=_("Write the photo to a file, as stored on the card: JPEG 2000."))
@_with("number-b", "number-a")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help=_("The file to write.")
)
@click.option("--force", is_flag=True, help=_("Replace the file if it exists."))
@_check_options
def photo(opener: str, output: Path, force: bool, card: CardChoice, pin_source: PinSource, checking: Checking) -> None:
    check_output(output, force=force)
    read, report = _face(opener, card, pin_source, checking)

    def written() -> dict[str, object]:
        image = next(image for image in read().images if image.wanted is ImageKind.JPEG_2000)
        if not image.sound:
            raise CardDataError(N_("The photo on the card is not a JPEG 2000 image."))
        write_new(output, image.content, force=force)
        return {"photo": output}

    _show(written, report, as_json=False)


def _face(
    opener: str, card: CardChoice, source: PinSource, checking: Checking
) -> tuple[Callable[[], Face], Genuineness | None]:
    reference = {"number-b": FACE_NUMBER_B, "number-a": FACE_NUMBER_A}[opener]
    purpose = _("Reads what is printed on the card, the photo too; nothing is signed.")
    with _verified(FaceSession, reference, card, source, purpose, _nothing) as session:
        if not checking.wanted:
            return _read(session.face), None
        files, presence = session.evidence(_nonce(), face=True)
    return lambda: Face.parse(files.face or b""), checking.face(files, presence)
