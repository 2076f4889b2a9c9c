"""How many commands and bytes a task takes with a real card, and how long its holder waits, beside other programs.

Nothing is timed: what passes to and from a simulated card is counted, and ``mynacard.simulator.timing`` says how long
that would take with a real one over contactless-106. OpenSC is counted where it is installed (on Linux). ``--page``
writes the tables and the picture of docs/waiting.md.

Usage: python tools/bench_dialogues.py [--json | --page]
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Final

from bench_figures import Figure, measured, show

from mynacard import DIGITAL_SIGNATURE, USER_AUTHENTICATION, JpkiSession
from mynacard.apdu import CardProfile, Channel
from mynacard.apdu.commands import (
    LOG_OUT,
    Command,
    ComputeDigitalSignature,
    ReadBinary,
    ReadBinarySfi,
    SelectDf,
    SelectEf,
    SignatureScheme,
    Verify,
    VerifyStatus,
    encode,
)
from mynacard.apdu.message import NE_MAX
from mynacard.apdu.reading import BLOCK, blocks
from mynacard.doors.new_cards import new_card
from mynacard.drawing.parts import colours, svg, text_at
from mynacard.hashes import HashAlgorithm, digest_info
from mynacard.jpki.layout import DF_NAME, KEY_PAIRS, TOKEN_INFO, KeyPair
from mynacard.pin import Pin
from mynacard.simulator import DEFAULT_PINS, Traits
from mynacard.simulator.powered import Around, PoweredCard
from mynacard.simulator.timing import TRANSPORTS, answer_s

__all__ = ["EF_SIZES", "TASKS", "WAYS", "Dialogue", "counted", "dialogues", "figures", "picture", "table", "way"]

NEEDS: Final = "No reader and no card are needed. OpenSC is counted where it is installed."
PAGE: Final = Path(__file__).resolve().parent.parent / "docs/waiting.md"
WIRE: Final = "contactless-106"
BEFORE: Final = "mynacard, whole EFs"
ORIGIN: Final = "https://portal.example"
NONCE: Final = "A" * 44
INFO: Final = digest_info(HashAlgorithm.SHA256, sha256(b"an application").digest())
UNKNOWN: Final = CardProfile()
EF_SIZES: Final = (None, 1600, 2048)
"""How long the EF of a certificate may be (``Traits.ef_size``); None: as long as the certificate."""

Held = Mapping[KeyPair, bytes]
"""The certificates of the card at hand."""
Use = Callable[["Tally", Held], object]


@dataclass(frozen=True, slots=True)
class Dialogue:
    """What passed between a program and a card: commands, bytes of the answers with their status words, and seconds."""

    commands: int = 0
    received: int = 0
    seconds: float = 0.0


class Tally(Around):
    """A card that is counted, as if it were on the transport *wire*."""

    def __init__(self, card: PoweredCard, wire: str) -> None:
        super().__init__(card)
        self._transport = TRANSPORTS[wire]
        self.dialogue = Dialogue()

    def transmit(self, command: bytes, /) -> bytes:
        answer, before = super().transmit(command), self.dialogue
        taken_s = answer_s(self._transport, command, answer)
        self.dialogue = Dialogue(before.commands + 1, before.received + len(answer), before.seconds + taken_s)
        return answer


def counted(use: Use, ef_size: int | None = 2048, wire: str = WIRE) -> Dialogue:
    """What passes when *use* is called with a fresh card, the EFs of whose certificates have *ef_size* bytes."""
    card = new_card(traits=Traits(ef_size=ef_size))
    session = JpkiSession(card)
    for pair in KEY_PAIRS:
        session.verify(pair, DEFAULT_PINS[pair.name])
    held = {pair: session.certificate_der(pair) for pair in KEY_PAIRS}
    card.power_off()
    card.power_on()
    use(tally := Tally(card, wire), held)
    return tally.dialogue


# --- this library ---------------------------------------------------------------------------------------------


def sign(card: Tally, held: Held, *, profile: CardProfile = UNKNOWN) -> None:
    session = JpkiSession(Channel(card, profile), certificates=held)
    session.verify(DIGITAL_SIGNATURE, DEFAULT_PINS[DIGITAL_SIGNATURE.name])
    session.sign(b"an application")
    session.log_out()


def log_in(card: Tally, _held: Held) -> None:
    session = JpkiSession(card)
    session.verify(USER_AUTHENTICATION, DEFAULT_PINS[USER_AUTHENTICATION.name])
    session.authenticate(ORIGIN, NONCE)
    session.log_out()


def read(card: Tally, _held: Held) -> None:
    JpkiSession(card).certificate_der(USER_AUTHENTICATION)


# --- dialogues as data ----------------------------------------------------------------------------------------

SELECT: Final = SelectDf(DF_NAME)
OWN_LABEL: Final = (SELECT, SelectEf(TOKEN_INFO), ReadBinary(0, 32))
"""How myna begins: the application, and the first bytes of the token information."""


def pin_of(pair: KeyPair) -> Pin:
    return Pin(DEFAULT_PINS[pair.name])


def whole(file: int) -> Command:
    return ReadBinarySfi(file, 0, NE_MAX)


def signature(pair: KeyPair) -> Command:
    return ComputeDigitalSignature(pair.key, SignatureScheme.PKCS1, INFO)


def signed(pair: KeyPair, before: Sequence[Command], after: Sequence[Command]) -> list[Command]:
    """SELECT, those *before* the PIN, its tries and the PIN, those *after* it, the signature, the log-out."""
    tried = (VerifyStatus(pair.pin.key), Verify(pair.pin.key, pin_of(pair)))
    return [SELECT, *before, *tried, *after, signature(pair), LOG_OUT]


def by_myna(pair: KeyPair, held: Held) -> list[Command]:
    """A certificate as myna 0.7.1 reads it: its EF, seven bytes, and from there blocks of 256."""
    sizes = blocks(len(held[pair]) - 7, BLOCK)
    offsets = (7 + sum(sizes[:at]) for at in range(len(sizes)))
    return [SelectEf(pair.certificate), ReadBinary(0, 7), *map(ReadBinary, offsets, sizes)]


def myna_signs(held: Held) -> list[Command]:
    pair = DIGITAL_SIGNATURE
    opened = [SelectEf(pair.pin.key), Verify(0, pin_of(pair))]
    made = ComputeDigitalSignature(0, SignatureScheme.PKCS1, INFO)
    return [*OWN_LABEL, *opened, *by_myna(pair, held), SelectEf(pair.key), made]


def sending(commands: Callable[[Held], Sequence[Command]]) -> Use:
    """Sends these, each of which must succeed or tell the tries."""

    def send(card: Tally, held: Held) -> None:
        for command in commands(held):
            answer = card.transmit(bytes(encode(command)))
            if answer[-2:-1] not in (b"\x90", b"\x63"):
                raise SystemExit(f"the simulated card answered {answer[-2:].hex()} to {command.title}")

    return send


@dataclass(frozen=True, slots=True)
class Task:
    """Something that a holder waits for.

    Attributes:
        now: how this library does it.
        before: how it did so when it read whole EFs.
        wanted: the most commands and bytes, and the most time as a share of *before*; None: any number.
        others: how other programs do it, as data.
        opensc: the program of OpenSC that does it, with its arguments; MODULE stands for its PKCS #11 module.
    """

    now: Use
    before: Use
    wanted: tuple[int | None, int | None, float | None]
    others: Mapping[str, Use]
    opensc: tuple[str, ...] = ()


_SIGN: Final = ("pkcs11-tool", "--module", "MODULE", "--login", "--sign", "--mechanism", "SHA256-RSA-PKCS")
_MYNA_SIGNS: Final = {"myna 0.7.1": sending(myna_signs)}
_WITH_CA: Final = sending(
    lambda _: signed(
        DIGITAL_SIGNATURE, [whole(DIGITAL_SIGNATURE.ca_certificate)], [whole(DIGITAL_SIGNATURE.certificate)]
    )
)
TASKS: Final[Mapping[str, Task]] = {
    "sign a document, new reader and card": Task(
        lambda card, _: sign(card, {}),
        _WITH_CA,
        (11, 2050, 0.60),
        _MYNA_SIGNS,
        (*_SIGN, "--slot-index", "1", "--pin", "ABC123", "--id", "02"),
    ),
    "… on a reader with a profile": Task(
        lambda card, _: sign(card, {}, profile=CardProfile(extended_length=True)),
        sending(lambda _: signed(DIGITAL_SIGNATURE, [], [whole(DIGITAL_SIGNATURE.certificate)])),
        (7, 1750, 0.87),
        {},
    ),
    "… certificate held by the caller": Task(
        sign, sending(lambda _: signed(DIGITAL_SIGNATURE, [], [])), (5, 266, 1.0), {}
    ),
    "log in, certificate new": Task(
        log_in,
        sending(lambda _: signed(USER_AUTHENTICATION, [whole(USER_AUTHENTICATION.certificate)], [])),
        (None, None, 0.80),
        {},
        (*_SIGN, "--slot-index", "0", "--pin", "1234", "--id", "01"),
    ),
    "read the user-authentication certificate": Task(
        read,
        sending(lambda _: [SELECT, whole(USER_AUTHENTICATION.certificate)]),
        (None, None, 0.66),
        {"myna 0.7.1": sending(lambda held: [*OWN_LABEL, *by_myna(USER_AUTHENTICATION, held)])},
        ("pkcs15-tool", "--read-certificate", "01"),
    ),
}


# --- ways to read the signing certificate -----------------------------------------------------------------------

_PAIR: Final = DIGITAL_SIGNATURE


def _in_blocks(held: Held) -> list[Command]:
    sizes = blocks(len(held[_PAIR]) - BLOCK, BLOCK)
    rest = [ReadBinary(BLOCK + sum(sizes[:at]), size) for at, size in enumerate(sizes)]
    return signed(_PAIR, [], [ReadBinarySfi(_PAIR.certificate), *rest])


def _exactly(before: Sequence[Command], held: Held) -> list[Command]:
    rest = ReadBinary(BLOCK, len(held[_PAIR]) - BLOCK)
    return signed(_PAIR, before, [ReadBinarySfi(_PAIR.certificate), rest])


WAYS: Final[Mapping[str, Use]] = {
    "blocks of 256 (as on an unknown reader)": sending(_in_blocks),
    "first block, exactly the rest (as on a known one)": sending(partial(_exactly, [])),
    "whole EF": TASKS["… on a reader with a profile"].before,
    "whole EF, after a CA's": _WITH_CA,
    "first block, exactly the rest, after 257 bytes of a CA's": sending(
        partial(_exactly, [ReadBinarySfi(_PAIR.ca_certificate, 0, 257)])
    ),
    "first block, exactly the rest, after as many bytes of a CA's": sending(
        lambda held: _exactly([ReadBinarySfi(_PAIR.ca_certificate, 0, len(held[_PAIR]) - BLOCK)], held)
    ),
}
"""A signature, with the certificate read in each way that there is."""


def way(name: str, ef_size: int | None, wire: str = WIRE) -> Dialogue:
    """A signature with the certificate read in this way."""
    return counted(WAYS[name], ef_size, wire)


# --- OpenSC -----------------------------------------------------------------------------------------------------

_FORCED: Final = "app default { card_drivers = jpki; }\n"


def by_opensc(task: Task, *, forced: bool) -> Dialogue | None:
    """The dialogue of OpenSC's program, if it is installed and does it; *forced*: it tries no other driver."""
    module = next(Path("/usr/lib").glob("**/opensc-pkcs11.so"), None)
    program = shutil.which(task.opensc[0]) if task.opensc and sys.platform == "linux" else None
    if program is None or module is None:
        return None
    from mynacard.doors.pcsclite import PcscliteDoor, reader_name  # noqa: PLC0415  # only Linux has it

    with tempfile.TemporaryDirectory() as folder, PcscliteDoor() as door:
        door.plug(reader_name(0), tally := Tally(new_card(), WIRE))
        (document := Path(folder, "document")).write_bytes(b"an application")
        (configuration := Path(folder, "opensc.conf")).write_text(_FORCED if forced else "")
        files = ["--input-file", document, "--output-file", f"{document}.sig"] if "--sign" in task.opensc else []
        words = [module if word == "MODULE" else word for word in task.opensc[1:]]
        environment = {**door.environment(), "OPENSC_CONF": str(configuration), "HOME": folder}
        done = subprocess.run([program, *words, *files], check=False, capture_output=True, env=environment)
    return tally.dialogue if done.returncode == 0 else None


# --- figures, table, picture ------------------------------------------------------------------------------------


def dialogues(task: Task) -> Iterator[tuple[str, Dialogue]]:
    """The dialogues of *task* by program, this library's first."""
    yield "mynacard", counted(task.now)
    yield BEFORE, counted(task.before)
    for program, use in task.others.items():
        yield program, counted(use)


def figures() -> list[Figure]:
    """The dialogues of all tasks and ways."""
    shown: list[Figure] = []
    for name, task in TASKS.items():
        rows = dict(dialogues(task))
        for label, forced in (("OpenSC", False), ("OpenSC, driver forced", True)):
            if (dialogue := by_opensc(task, forced=forced)) is not None:
                rows[label] = dialogue
        before = rows[BEFORE].seconds
        shown += [
            Figure(f"{name}: {program}", dialogue.seconds, "s", _wanted(task) if program == "mynacard" else "",
                   f"{_counts(dialogue)}; {dialogue.seconds / before:.2f} ×")
            for program, dialogue in rows.items()
        ]  # fmt: skip
    for name in WAYS:
        sizes = {size: way(name, size) for size in EF_SIZES}
        note = ", ".join(f"EF {size or 'exact'}: {dialogue.seconds:.2f} s" for size, dialogue in sizes.items())
        shown.append(Figure(f"a signature, {name}", sizes[2048].seconds, "s", "", note))
    return shown


def table() -> str:
    """The tasks in Markdown."""
    lines = ["| | commands, bytes | time | … as a share | wanted | others |", "| --- | --- | --- | --- | --- | --- |"]
    for name, task in TASKS.items():
        now, before, *others = (dialogue for _, dialogue in dialogues(task))
        beside = "; ".join(
            f"{program}: {_counts(dialogue)}, {dialogue.seconds:.2f} s"
            for program, dialogue in zip(task.others, others, strict=True)
        )
        lines.append(
            f"| {name} | {_counts(now)} | {now.seconds:.2f} s | {now.seconds / before.seconds:.3f} of "
            f"{before.seconds:.2f} s ({_counts(before)}) | {_wanted(task)} | {beside} |"
        )
    return "\n".join(lines) + "\n"


def ways_table() -> str:
    """The ways to read a certificate, in Markdown."""
    sizes = " | ".join(f"EF of {size:,} bytes" if size else "EF as long as it" for size in EF_SIZES)
    lines = [f"| a signature, the certificate read by | {sizes} |", "| --- |" + " --- |" * len(EF_SIZES)]
    for name in WAYS:
        cells = (way(name, size) for size in EF_SIZES)
        lines.append(f"| {name} | " + " | ".join(f"{cell.seconds:.2f} s, {_counts(cell)}" for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _counts(dialogue: Dialogue) -> str:
    return f"{dialogue.commands} APDUs, {dialogue.received:,} bytes"


def _wanted(task: Task) -> str:
    commands, received, share = task.wanted
    parts = (commands and f"{commands} APDUs", received and f"{received:,} bytes", share and f"{share:.2f} ×")
    return "≤ " + ", ".join(filter(None, parts))


_TIME_X, _BYTES_X, _BAR_WIDTH = 112, 312, 118
_ROW, _TITLE = 16, 20


def picture() -> str:
    """Bytes and time of each task, before and now and by others, as an SVG."""
    rows = [(name, dict(dialogues(task))) for name, task in TASKS.items()]
    palette = colours(("mynacard", BEFORE, "myna 0.7.1"))
    every = [dialogue for _, by_program in rows for dialogue in by_program.values()]
    longest, most = max(one.seconds for one in every), max(one.received for one in every)
    parts, y = [text_at(_TIME_X, 14, "time, s"), text_at(_BYTES_X, 14, "bytes from the card")], 34.0
    for name, by_program in rows:
        parts.append(text_at(8, y, name, weight="bold"))
        for program, dialogue in by_program.items():
            y += _ROW
            parts.append(text_at(8, y, program.removeprefix("mynacard, ")))
            parts += _bar(_TIME_X, y, dialogue.seconds / longest, f"{dialogue.seconds:.2f}", palette[program])
            parts += _bar(_BYTES_X, y, dialogue.received / most, f"{dialogue.received:,}", palette[program])
        y += _TITLE + 6
    return svg(y - 12, "Bytes and time of each task", *parts)


def _bar(x: float, y: float, share: float, value: str, colour: str) -> list[str]:
    width = share * _BAR_WIDTH
    return [
        f'<rect x="{x}" y="{y - 10}" width="{width:.1f}" height="11" fill="{colour}"/>',
        text_at(x + width + 4, y, value),
    ]


def write_page() -> None:
    """Write the tables into the page, and the picture beside it."""
    page = PAGE.read_text("utf-8")
    for name, content in (("tasks", table()), ("ways", ways_table())):
        page = re.sub(rf"(<!-- {name} -->\n).*?(<!-- end -->)", rf"\g<1>{content}\g<2>", page, flags=re.DOTALL)
    PAGE.write_text(page, "utf-8")
    PAGE.with_suffix(".svg").write_text(picture() + "\n", "utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--page"]:
        write_page()
    else:
        show(measured(NEEDS, {"dialogues": figures}), sys.argv[1:])
