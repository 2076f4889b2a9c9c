"""Whatever a name says, and wherever it comes from: no command passes it on as an order to the terminal.

:class:`tests.cli.command_line.Outcome` searches everything that is printed; here are the names.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import click
import pytest
from asn1crypto import tsp
from cryptography import x509
from cryptography.x509.oid import NameOID

from mynacard import cli
from mynacard.apdu.tlv import Tlv
from mynacard.doors import disk
from mynacard.portal import Store, served
from mynacard.portal.simulated import simulated_receiver
from mynacard.signing import cms
from mynacard.simulator import MIHON
from mynacard.simulator.residence.persona import RESIDENCE_PERSONAS
from mynacard.submission.exchange import State
from mynacard.texts import lines_printable
from tests.cli.command_line import (
    DIGITAL_SIGNATURE,
    USER_AUTHENTICATION,
    CardAlong,
    CardFile,
    Outcome,
    obeyed,
    process,
    run,
)
from tests.cli.test_apply import Person
from tests.readers.fake_scard import Desk
from tests.trust.authorities import authority, holder, key, pem

ORDERS: Final = "a\x1b[2K\r\x1b]0;owned\x07\x1b[8m\x9b31m\u202eevil\u2066\x7f\u2028\u200b"
FORGED: Final = "mynacard: all was checked, and is good"
HOSTILE: Final = f"{ORDERS}\n{FORGED}"
"""A name that clears the line, hides what follows, turns text around, and has a line of its own."""
EXAMPLE: Final = "such as AB12345678CD"
"""What a message says about the form of a residence card's number, which the simulated one has."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")


def told(outcome: Outcome) -> Outcome:
    """*outcome*, after a look at what its text and files say beyond the search that every outcome gets."""
    assert FORGED not in (outcome.out + outcome.err).splitlines()
    for secret in (MIHON.my_number, "AB12345678CD"):
        assert secret not in (outcome.out + outcome.err).replace(EXAMPLE, "")
    return outcome


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    for name, content in (("password", "ABC123"), ("pin", "1234"), ("number", "AB12345678CD"), ("document", "text")):
        (tmp_path / "here" / name).write_text(content)
    return tmp_path / "here"


# --- in the arguments ---

F: Final = HOSTILE
PIN: Final = ("-r", "sim:", "--pin-file", "pin")
PASSWORD: Final = ("-r", "sim:", "--pin-file", "password")
NOWHERE: Final = "http://127.0.0.1:9"
ARGUMENTS: Final[list[tuple[str, ...]]] = [
    (F,), (f"--{F}",), ("pin", F), ("verify", F), ("verify", F, F), ("verify", "document", F, "--ca", F),
    ("verify", "document", "document", "--ca", F), ("verify", "document", "document", "--crl", F),
    ("verify", "document", "document", "--policy", F), ("verify", "document", "document", "--at", F),
    ("sign", F, "-o", "out", *PASSWORD), ("sign", "document", "-o", F, *PASSWORD),
    ("sign", F, "document", "-o", F, *PASSWORD), ("sign", "document", F, "-o", ".", *PASSWORD),
    ("sign", F, "-o", F, "--force", "--format", "pades", *PASSWORD), ("sign", "document", "-o", F, "--place", F),
    ("sign", "document", "-o", "out", "--pin-file", F, "-r", "sim:"), ("sign", "document", "-o", "o", "-r", F),
    ("cert", "show", USER_AUTHENTICATION, "-r", f"sim:{F}"), ("cert", "show", F, "-r", "sim:"),
    ("cert", "export", USER_AUTHENTICATION, "-o", F, "-r", "sim:"), ("info", "-r", "sim:", "--record", F),
    ("info", "-r", f"replay:{F}"), ("info", "-r", f"sim:@{F}"), ("info", "-r", "sim:", "--period-of-stay", F),
    ("info", "-r", "sim:", "--wait", F), ("pin", "status", "-r", f"sim:{F}"), ("pin", "verify", F, *PIN),
    ("sim", "new", F), ("sim", "new", "out", "--persona", F), ("sim", "show", F), ("sim", "show", F, "--json"),
    ("sim", "crl", DIGITAL_SIGNATURE, "-o", F), ("sim", "exec", "--card", F, "--", "true"),
    ("sim", "exec", "--fault", F, "--", "true"), ("sim", "exec", "--", F), ("sim", "exec", "--trace-to", F, "--", F),
    ("sim", "exec", "--count", "--reader-name", F, "--", "true"), ("sim", "exec", "--keypad", F, "--", "true"),
    ("sim", "vpcd", "--card", F), ("trace", "show", F), ("trace", "pcapng", F, "-o", F),
    ("apply", "new", "extension", "-o", F), ("apply", "new", "extension", "-o", "out", "--certificate", F),
    ("apply", "new", "extension", "-o", "out", "--residence", F), ("apply", "check", F), ("apply", "new", F),
    ("apply", "check", F, "--json"), ("apply", "submit", F, "--portal", NOWHERE, "--outbox", F, *PIN),
    ("apply", "resume", "--portal", F, "--outbox", F, *PIN), ("register", "--portal", F, *PIN),
    ("residence", "read", "-o", F, "-r", "sim:@residence-2-permission", "--number-file", "number"),
    ("residence", "read", "-o", "out", "-r", "sim:@residence-2-permission", "--number-file", F),
    ("residence", "verify", F), ("personal", "photo", "-o", F, "--simulated", *PIN), ("doctor", "--report", F),
    ("doctor", "-r", F), ("doctor", "-r", f"sim:{F}"), ("readers", F), ("readers", "-r", F), ("bench", "-r", F),
    ("readers", "matrix", F), ("readers", "matrix", F, "--html", F), ("readers", "profile", F, "--add", F),
    ("readers", "check", "--json", f"none/{F}"), ("readers", "check", "-r", F),
    ("timestamp", F, "--url", NOWHERE, "-o", F), ("timestamp", "document", "--url", F, "-o", "out"),
    ("authenticate", "--origin", F, "--nonce", F, *PIN), ("apdu", F, "-r", "sim:"), ("apdu", "00A4", "-r", F),
]  # fmt: skip


@pytest.mark.parametrize("there", ["nothing", "a file", "a folder"])
@pytest.mark.parametrize("words", ARGUMENTS, ids=lambda words: " ".join(words).replace(F, "F").replace("\n", " "))
def test_a_hostile_argument_is_shown_and_not_obeyed(words: tuple[str, ...], there: str, folder: Path) -> None:
    if there == "a file":
        (folder / F).write_bytes(b"zz")
    elif there == "a folder":
        (folder / F).mkdir()
    told(run(*words))
    for path in folder.rglob("*"):
        with suppress(UnicodeDecodeError):  # a signature, a picture
            assert path.is_dir() or not obeyed(path.read_text("utf-8"))


def test_a_command_that_does_not_think_of_it_is_guarded_too() -> None:
    command = click.Command("careless", callback=lambda: click.echo(HOSTILE))
    outcome = run(program=lambda: cli.run(command, "careless"))
    assert outcome.out.splitlines() == [lines_printable(ORDERS), FORGED]


# --- in the environment ---


@pytest.mark.thorough("starts many processes")
@pytest.mark.parametrize("variable", ["MYNACARD_CACHE", "MYNACARD_READER", "MYNACARD_PROFILES", "HOME", "LANG", "TERM"])
@pytest.mark.parametrize(
    "words", [("doctor",), ("readers",), ("info",), ("info", "-r", "sim:"), ("info", "-r", "sim:x")]
)
def test_a_hostile_environment_is_shown_and_not_obeyed(words: tuple[str, ...], variable: str, folder: Path) -> None:
    told(process(*words, **{variable: HOSTILE}))


# --- on readers and cards ---


@pytest.mark.parametrize(
    "words",
    [("readers",), ("readers", "--json"), ("readers", "-v"), ("info",), ("info", "--json"), ("info", "-v"),
     ("pin", "status"), ("cert", "show", USER_AUTHENTICATION), ("doctor",), ("doctor", "--json"), ("bench",),
     ("info", "--record", "recording"), ("sign", "document", "-o", "out", "--pin-file", "pin")],
    ids=" ".join,
)  # fmt: skip
@pytest.mark.parametrize("name", [HOSTILE, HOSTILE + "\udcff", HOSTILE * 20], ids=["text", "bytes", "long"])
def test_the_hostile_name_of_a_reader_is_shown_and_not_obeyed(
    words: tuple[str, ...], name: str, desk: Desk, folder: Path
) -> None:
    (state,) = desk.readers.values()
    desk.readers = {name: state}
    told(run(*words))
    if words[-1] == "recording":
        told(run("trace", "show", "recording", "--html", "page.html"))
        assert not obeyed((folder / "recording").read_text("ascii"))
        assert not obeyed((folder / "page.html").read_text("utf-8"))


LABEL: Final = b"JPKIAPICCTOKEN2"
NAME: Final = MIHON.name.encode()
PLANTED: Final = {
    LABEL: b"\x1b]0;own\x07\x1b[2J\r\n",
    NAME: ("\x1b[2J\x9b8m\u202e\n" + "x" * 99).encode()[: len(NAME)],
}


@pytest.mark.parametrize("more", [(), ("--json",), ("-v",)], ids=" ".join)
@pytest.mark.parametrize(
    "words",
    [("info", "-r", "sim:"), ("cert", "show", USER_AUTHENTICATION, "-r", "sim:"), ("doctor", "-r", "sim:"),
     ("personal", "attributes", "--no-check", *PIN), ("personal", "attributes", "--simulated", *PIN)],
    ids=" ".join,
)  # fmt: skip
def test_hostile_data_of_a_card_is_shown_and_not_obeyed(
    words: tuple[str, ...],
    more: tuple[str, ...],
    folder: Path,
    card_along: Callable[[Callable[[bytes, bytes], bytes]], CardAlong],
) -> None:
    def planted(_: bytes, answer: bytes) -> bytes:
        for there, instead in PLANTED.items():
            answer = answer.replace(there, instead)
        return answer

    card = card_along(planted)
    (folder / "pin").write_text(MIHON.number_b.reveal().decode())
    told(run(*words, *more, *(("--with", "number-b") if words[0] == "personal" else ())))
    assert card.sent or words[0] == "doctor"  # which looks at no simulated card


FIRST, SECOND = RESIDENCE_PERSONAS["residence-1-permission"], RESIDENCE_PERSONAS["residence-2-permission"]
RESIDENCE_CARDS: Final = {
    "first": replace(FIRST, address=(ORDERS[:8], "999997", HOSTILE), comprehensive=HOSTILE, individual=HOSTILE[::-1]),
    "second": replace(SECOND, entries=tuple((tag, HOSTILE[: len(text)]) for tag, text in SECOND.entries)),
}


@pytest.mark.parametrize("more", [(), ("--json",)], ids=" ".join)
@pytest.mark.parametrize("generation", RESIDENCE_CARDS)
def test_hostile_texts_on_a_residence_card_are_shown_and_not_obeyed(
    generation: str, more: tuple[str, ...], folder: Path
) -> None:
    disk.create_file(folder / "card", persona=RESIDENCE_CARDS[generation])
    told(run("residence", "read", "-o", "out", "-r", "sim:card", "--number-file", "number"))
    assert any(b"\x1b[2K" in path.read_bytes() for path in folder.glob("out/files/*"))
    told(run("residence", "verify", "out", "--simulated", *more))
    told(run("apply", "new", "extension", "-o", "draft.json", "--residence", "out"))
    assert not any(obeyed(draft.read_text("utf-8")) for draft in folder.glob("draft.json"))


# --- in certificates ---


NAMED: Final = f"Taro\x1b[2J\x9b31m\u202eevil\u2066\n{FORGED}"[:60]


@pytest.mark.parametrize("more", [(), ("--json",), ("-v",)], ids=" ".join)
def test_hostile_names_in_certificates_are_shown_and_not_obeyed(more: tuple[str, ...], folder: Path) -> None:
    attributes = [x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, NAMED)]
    made = authority()
    certificate = holder(made, subject=x509.Name(attributes))
    (folder / "ca.pem").write_bytes(pem(made.certificate))
    (folder / "signature").write_bytes(cms.sign(b"text", certificate, key("holder")))
    (folder / "certificate.pem").write_bytes(pem(certificate))
    outcome = told(run("verify", "document", "signature", "--ca", "ca.pem", *more))
    assert "\\u202eevil" in outcome.out
    assert more != ("--json",) or "\u202eevil" in outcome.json["signer"]
    told(run("apply", "new", "extension", "-o", "draft.json", "--certificate", "certificate.pem"))
    assert not obeyed((folder / "draft.json").read_text("utf-8"))


# --- in the answers of a time-stamping authority ---


def test_the_hostile_refusal_of_a_time_stamp_is_quoted_and_not_obeyed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = tsp.PKIStatusInfo({"status": "rejection", "status_string": [HOSTILE]})
    refusal = bytes(Tlv(0x30, status.dump()))
    command = import_module("mynacard.cli.commands.timestamp")
    monkeypatch.setattr(command, "ask_http", lambda _url: lambda _request: refusal)
    told(run("sign", "document", "-o", "signature", *PASSWORD))
    outcome = told(run("timestamp", "signature", "--url", NOWHERE, "-o", "stamped"))
    assert "evil" in outcome.err
    assert not (folder / "stamped").exists()


# --- in the answers of a portal ---


class Hostile(BaseHTTPRequestHandler):
    """Answers every request with a problem that names itself."""

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        words = dict.fromkeys(("type", "title", "detail", "code", "detail_ja"), HOSTILE)
        content = json.dumps({"status": 400, **words, "report": []}).encode()
        self.send_response(400, "Bad\x9b31m")
        self.send_header("Content-Type", "application/problem+json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = _answer  # noqa: N815  # the names that the server calls

    def log_message(self, format: str, *arguments: Any) -> None:  # the server's name for it
        pass


@pytest.fixture
def hostile_portal() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Hostile)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("more", [(), ("-v",)], ids=" ".join)
@pytest.mark.parametrize("words", [("register", "--password-file", "password"), ("apply", "status")], ids=" ".join)
def test_a_hostile_portal_is_quoted_and_not_obeyed(
    words: tuple[str, ...], more: tuple[str, ...], hostile_portal: str, folder: Path
) -> None:
    told(run(*words, "--portal", hostile_portal, *PIN, *more))


def test_the_hostile_note_of_an_office_is_shown_and_not_obeyed(card: CardFile, tmp_path: Path) -> None:
    store = Store()
    receiver = simulated_receiver(store)
    with served(receiver) as url:
        person = Person(card, tmp_path, url)
        assert person.with_both("register").code == 0
        number = person.with_both("apply", "submit", person.filled_in()).out.splitlines()[-2].split(":")[0]
        receiver.move(number, State.AWAITING_DOCUMENTS, HOSTILE)
        assert "evil" in told(person.with_pin("apply", "status")).out
        told(person.with_pin("apply", "status", "--json"))
        told(person.with_both("apply", "attach", number, tmp_path / "files" / "proof.pdf"))
    store.close()
