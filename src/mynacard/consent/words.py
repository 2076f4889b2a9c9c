"""What a dialog says: the texts of a question or a notice, in the holder's language. Nothing here shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum
from typing import Final, TypeAlias, assert_never

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import Blocked, PinStatus, TriesLeft, TriesUnknown, Verified
from mynacard.consent.origins import shown
from mynacard.consent.request import Act, Asker, ConsentRequest, Document, Notice, Page
from mynacard.texts import N_, Sentence, Translatable, lines_printable, printable

__all__ = ["Kind", "Translate", "View", "at_keypad", "last_try", "notice", "question"]

Translate: TypeAlias = Callable[[str], str]

_NAME_MAX: Final = 200
_SHOWN_BYTES: Final = 8
"""How many bytes of a hash are shown at its beginning, and at its end."""


class Kind(Enum):
    """What a dialog takes for an answer, besides being cancelled."""

    PIN = "pin"
    CONFIRMATION = "confirmation"
    NOTICE = "notice"  # nothing: it is only cancelled


@dataclass(frozen=True, slots=True)
class View:
    """All that one dialog says, translated.

    Attributes:
        kind: what it takes for an answer.
        lead: what is asked; *heading* completes it.
        heading: who asks, to be shown large.
        ascii: an origin in Punycode, where that differs; else empty.
        alerts: what the holder must not overlook.
        lines: what happens then, and what the site gets.
        prompt: what to type.
        agree: the button that agrees; empty in a notice.
        cancel: the button that cancels.
        ends: how long it is still valid, with ``{seconds}`` where the number goes.
        form: a pattern for the PIN, as :mod:`re` takes it.
        capitals: whether lowercase letters of the PIN are turned into capitals.
    """

    kind: Kind
    lead: str
    heading: str
    ascii: str
    alerts: tuple[str, ...]
    lines: tuple[str, ...]
    prompt: str
    agree: str
    cancel: str
    ends: str
    form: str = ""
    capitals: bool = False


def question(request: ConsentRequest, translate: Translate, *, misformed: bool = False) -> View:
    """The dialog that asks for the PIN; *misformed* if what was typed a moment ago cannot be one."""
    alerts = [*_mistake(request, misformed), *_origin_alerts(request.asker)]
    lines = [*_facts(request), _tries(request)]
    agree = N_("Log in") if request.act is Act.LOG_IN else N_("Sign") if request.act is Act.SIGN else N_("Continue")
    return _view(
        Kind.PIN, request.asker, _LEADS[request.act], alerts, lines, translate, agree,
        prompt=Sentence(N_("The {pin}: {form}"), {"pin": request.pin.label, "form": request.pin.form_label}),
        form=request.pin.form.pattern.decode("ascii"), capitals=request.pin.upper_case,
    )  # fmt: skip


def last_try(request: ConsentRequest, translate: Translate) -> View:
    """The dialog before a PIN that could be the last: it has to be confirmed by itself."""
    alerts = [
        *_mistake(request, False),
        _tries(request),
        Sentence(
            N_("If the next {pin} is wrong, it is blocked, and only the municipal office can set a new one."),
            {"pin": request.pin.label},
        ),
    ]
    return _view(
        Kind.CONFIRMATION, request.asker, _LEADS[request.act], alerts, [], translate, N_("Use the last try")
    )  # fmt: skip


def at_keypad(request: ConsentRequest, translate: Translate) -> View:
    """The dialog where the PIN is typed at the reader: it asks for everything but the PIN."""
    seconds = request.keypad.timeout_s if request.keypad is not None else 0
    lines = [
        *_facts(request),
        _tries(request),
        Sentence(
            N_("Press the button, then type the {pin} on the reader's keypad, within {limit} s."),
            {"pin": request.pin.label, "limit": seconds},
        ),
    ]
    alerts = [*_mistake(request, False), *_origin_alerts(request.asker)]
    return _view(
        Kind.CONFIRMATION, request.asker, _LEADS[request.act], alerts, lines, translate, N_("Type at the reader")
    )  # fmt: skip


def notice(asker: Asker, what: Notice, translate: Translate) -> View:
    """The dialog that says what keeps a request from going on, and goes away when that is settled."""
    return _view(Kind.NOTICE, asker, N_("A request is waiting:"), [], [Sentence(_NOTICES[what])], translate)


def _view(
    kind: Kind, asker: Asker, lead: str, alerts: list[Sentence], lines: list[Sentence], translate: Translate,
    agree: str = "", *, prompt: Translatable | None = None, form: str = "", capitals: bool = False,
) -> View:  # fmt: skip
    heading, ascii_ = _heading(asker)
    lead = N_("This document needs your PIN:") if isinstance(asker, Document) else lead
    return View(
        kind, translate(lead), heading, ascii_,
        tuple(line.text(translate) for line in alerts), tuple(line.text(translate) for line in lines),
        "" if prompt is None else prompt.text(translate), translate(agree) if agree else "",
        translate(N_("Cancel")), translate(N_("This request ends in {seconds} s.")), form, capitals,
    )  # fmt: skip


_LEADS: Final = {
    Act.LOG_IN: N_("A web page, or a part of one, asks you to log in to:"),
    Act.READ_SIGNING_CERTIFICATE: N_("Your signing certificate is asked for by:"),
    Act.SIGN: N_("Your legal signature is asked for by:"),
    Act.OTHER: N_("Your PIN is asked for by:"),
}
_NOTICES: Final = {
    Notice.NO_READER: N_("No card reader is connected. Connect it, and this goes on."),
    Notice.NO_CARD: N_("There is no card on the reader. Put your Individual Number Card on it, and this goes on."),
    Notice.OTHER_CARD: N_("This is another card. Put the Individual Number Card on the reader that the page asks for."),
    Notice.CARD_REMOVED: N_("The card was removed. Put it back, and this goes on."),
    Notice.CARD_BUSY: N_("Another program is using the card. This goes on when it has finished."),
    Notice.NO_CERTIFICATE: N_("This card has no usable certificate for this. The municipal office issues one."),
    Notice.PIN_BLOCKED: N_("The PIN is blocked: no tries are left. The municipal office sets a new one."),
}


def _heading(asker: Asker) -> tuple[str, str]:
    """The asker, and its origin in Punycode where that differs."""
    if isinstance(asker, Page):
        origin = shown(asker.origin)
        return origin.text, origin.ascii
    return printable(asker.name[:_NAME_MAX]), ""


def _origin_alerts(asker: Asker) -> Iterator[Sentence]:
    if not isinstance(asker, Page):
        return
    origin = shown(asker.origin)
    if origin.here:
        yield Sentence(N_("This is a page on this computer, not on the internet."))
    if len(origin.scripts) > 1:
        details = {"first": origin.scripts[0], "second": origin.scripts[1]}
        yield Sentence(N_("This address mixes {first} and {second} letters. It may imitate another one."), details)
    elif origin.scripts:
        details = {"script": origin.scripts[0]}
        yield Sentence(N_("This address has {script} letters. It may imitate another one."), details)
    if origin.end:
        yield Sentence(N_("This address is long. Its end says whose it is: {end}"), {"end": _Plain(origin.end)})


def _mistake(request: ConsentRequest, misformed: bool) -> Iterator[Sentence]:
    pin = {"pin": request.pin.label}
    if misformed:
        details = {**pin, "form": request.pin.form_label}
        yield Sentence(N_("The {pin} has {form}. What you typed was not sent, and no try is spent."), details)
    elif request.incorrect:
        yield Sentence(N_("The {pin} was wrong."), pin)


def _facts(request: ConsentRequest) -> Iterator[Sentence]:
    """What happens when the holder agrees, and what the asker gets."""
    if request.purpose:
        yield Sentence("{purpose}", {"purpose": _Plain(lines_printable(request.purpose))})
    match request.act:
        case Act.LOG_IN:
            yield Sentence(
                N_("The site gets a fixed number that identifies your card; it gets no name and no address.")
            )
        case Act.READ_SIGNING_CERTIFICATE:
            yield Sentence(N_("The certificate holds your name, address, birth date and sex. Nothing is signed."))
        case Act.SIGN:
            yield Sentence(N_("This is a legal signature. It carries your name, address, birth date and sex."))
            yield Sentence(N_("Signatures: {count}"), {"count": request.signatures})
            yield from _blind(request)
        case Act.OTHER:
            pass
        case _:
            assert_never(request.act)


def _blind(request: ConsentRequest) -> Iterator[Sentence]:
    """What is known of a document of which there is only the hash."""
    if not request.hash_name:
        return
    digest = request.digest
    ends = [digest] if len(digest) <= 2 * _SHOWN_BYTES else [digest[:_SHOWN_BYTES], digest[-_SHOWN_BYTES:]]
    shown_bytes = " … ".join(part.hex(" ", 2).upper() for part in ends)
    yield Sentence("{name}: {bytes}", {"name": _Plain(printable(request.hash_name)), "bytes": _Plain(shown_bytes)})
    yield Sentence(
        N_("Only this hash is here, and a hash cannot be read. Sign only if you trust the page to show what you sign.")
    )


def _tries(request: ConsentRequest) -> Sentence:
    return Sentence(_tries_text(request.status), {"pin": request.pin.label, "count": _count(request.status)})


def _count(status: PinStatus) -> int:
    return status.count if isinstance(status, TriesLeft) else 0


def _tries_text(status: PinStatus) -> str:
    match status:
        case TriesLeft(1):
            return N_("Only one try of the {pin} is left.")
        case TriesLeft():
            return N_("{count} tries of the {pin} are left.")
        case TriesUnknown() | Verified():
            return N_("The card does not say how many tries of the {pin} are left.")
        case Blocked():
            return N_("No tries of the {pin} are left.")
        case _:
            assert_never(status)


@dataclass(frozen=True, slots=True)
class _Plain:
    """A text that no catalogue translates."""

    value: str

    def text(self, _translate: Translate = str) -> str:
        return self.value
