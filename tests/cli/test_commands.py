"""Every command does its job, on a card in a file."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key

from mynacard.cli.commands.sim import new as sim_new
from mynacard.doors import disk
from mynacard.readers import ReaderState, profile_of
from mynacard.signing import cms, pades
from mynacard.signing.making import Making
from mynacard.signing.shown import ShownFile
from mynacard.simulator import PERSONAS, Traits, all_personas
from mynacard.simulator.individual.contents import CardContents
from mynacard.trust import load_certificate, published
from tests.cli.command_line import DIGITAL_SIGNATURE, USER_AUTHENTICATION, CardFile, Outcome, process, run
from tests.readers.fake_scard import READER, Desk
from tests.rig.pcscd import program
from tests.signing import documents
from tests.signing.pdfs import other_page, pdf, updated

ORIGIN = "https://portal.example"
NONCE = base64.b64encode(bytes(range(32))).decode()


def done(outcome: Outcome) -> Outcome:
    assert outcome.code == 0, outcome.err
    return outcome


def openssl(*words: str | Path) -> None:
    found = subprocess.run([program("openssl"), *map(str, words)], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr


def signed(card: CardFile, document: Path, *more: str, name: str = "signature") -> Path:
    output = document.with_name(name)
    secret = card.pin_file(DIGITAL_SIGNATURE)
    done(run("sign", document, "-o", output, "-r", card.reader, "--pin-file", secret, *more))
    return output


def exported(card: CardFile, name: str, *more: str | Path) -> Path:
    output = card.path.with_name(f"{name}.exported")
    done(run("cert", "export", name, "-o", output, "-r", card.reader, *more))
    return output


# --- demo --------------------------------------------------------------------------------------------


def test_the_demo_goes_through_the_whole_job() -> None:
    outcome = done(process("demo"))
    for said in (
        "simulated card", "3 tries left", "5 tries left", "must be 6 to 16 capital letters and digits",
        "signature of 256 bytes", "Web eID token", "signature: good", "issuer: good", "validity: good",
        "key usage: good", "revocation: not checked", "logged out and powered off",
    ):  # fmt: skip
        assert said in outcome.out
    assert not outcome.err


def test_the_demo_masks_what_it_traces() -> None:
    out = done(run("demo", "--trace")).out
    assert "> 00 20 00 9B **\n" in out
    assert "> 00 20 00 98 **\n" in out
    assert "31 32 33 34" not in out
    assert "41 42 43 31 32 33" not in out
    assert "ABC123" not in out


@pytest.mark.parametrize("encoding", ["cp1252", "cp932", "utf-8"])
def test_the_demo_runs_where_letters_are_missing(encoding: str) -> None:
    assert run("demo", encoding=encoding).code == 0


def test_a_process_says_what_its_locale_cannot() -> None:
    assert process("demo", PYTHONIOENCODING="ascii").code == 0


# --- looking -----------------------------------------------------------------------------------------


def test_readers_says_what_lies_where(desk: Desk) -> None:
    desk.readers |= {
        "B Reader": (0x12, []), "C Reader": (0x222, []), "D Reader": (0xA2, [0x3B]), "E Reader": (0x122, [0x3B]),
    }  # fmt: skip
    assert done(run("readers")).out.splitlines() == [
        f"{READER}: a card",
        "B Reader: no card",
        "C Reader: a card that does not answer",
        "D Reader: a card, held by another program",
        "E Reader: a card, also used by another program",
    ]
    assert not desk.transmitted, "the list touches no card"
    assert desk.nothing_is_open


def test_readers_speaks_json(desk: Desk) -> None:
    assert done(run("readers", "--json", "-r", "a reader")).json == [
        {"name": READER, "card_present": True, "mute": False, "in_use": False, "exclusive": False,
         "atr": "3BE000FF8131FE4514", "known": []}
    ]  # fmt: skip


def test_readers_says_what_is_known_of_a_kind_of_reader(desk: Desk) -> None:
    name = "ACS ACR122U PICC Interface 00 00"
    desk.readers = {name: (0x12, [])}
    (known,) = profile_of(name).quirks
    assert done(run("readers")).out.splitlines() == [f"{name}: no card", f"    {known}"]
    assert done(run("readers", "--json")).json[0]["known"] == [known]


def test_a_name_of_a_reader_commands_no_terminal_and_breaks_no_json(desk: Desk) -> None:
    name = "A\x1b[31m Reader\udcff"
    desk.readers = {name: (0x12, [])}
    assert done(run("readers")).out == "A\\x1b[31m Reader\\udcff: no card\n"
    assert done(run("readers", "--json")).json[0]["name"] == name


def test_no_reader_at_all_is_an_empty_list(desk: Desk) -> None:
    desk.readers.clear()
    assert done(run("readers", "--json")).json == []
    outcome = done(run("readers"))
    assert (outcome.out, outcome.err) == ("", "No card reader is attached.\n")


def test_readers_are_watched_and_what_changes_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = ReaderState("one", card_present=True, atr=b"\x3b", events=1), ReaderState("läser")

    def watch() -> Iterator[tuple[ReaderState, ...]]:
        yield (one,)
        yield (one, other)
        yield (replace(one, events=3), other)  # another card of the same kind
        yield (other,)
        raise KeyboardInterrupt

    monkeypatch.setattr("mynacard.readers.watch", watch)
    outcome = run("readers", "--watch")
    assert outcome.code == 130
    assert [line.split(" ", 1)[1] for line in outcome.out.splitlines()] == [
        "one: a card", "läser: no card", "one: a card", "one: no longer attached",
    ]  # fmt: skip
    lines = [json.loads(line) for line in run("readers", "--watch", "--json", "-r", "ONE").out.splitlines()]
    assert [(line["name"], line["attached"]) for line in lines] == [("one", True), ("one", True), ("one", False)]


def test_a_part_of_a_name_that_no_reader_has_is_said(desk: Desk) -> None:
    outcome = run("readers", "-r", "nonesuch")
    assert (outcome.code, outcome.complaint) == (14, f"No reader is called nonesuch. Attached: {READER}.")


@pytest.mark.parametrize("words", [(), ("--json",), ("-r", "a reader"), ("-v", "--json")])
def test_readers_without_a_command_lists(desk: Desk, words: tuple[str, ...]) -> None:
    assert done(run("readers", *words)).out == done(run("readers", "list", *words)).out


def test_a_command_of_readers_that_is_none_is_said(desk: Desk) -> None:
    for words in (("chekc",), ("--json", "check")):
        assert run("readers", *words).code == 2
    assert "chekc" in run("readers", "chekc").complaint


def test_info_asks_for_no_pin(card: CardFile) -> None:
    before = card.trace_of_a_verify
    out = done(run("info", "-r", card.reader)).out
    for said in ("JPKIAPICCTOKEN2", "certificate: present", "days left", "PIN: 3 tries left", "password: 5 tries left"):
        assert said in out
    assert card.trace_of_a_verify == before


def test_info_speaks_json(card: CardFile) -> None:
    card.spend(DIGITAL_SIGNATURE, left=0)
    found = done(run("info", "-r", card.reader, "--json")).json
    assert found["application"] == "JPKI"
    assert (found["token"], found["medium"]) == ("JPKIAPICCTOKEN2", "card")
    assert found["certificates_present"] == {USER_AUTHENTICATION: True, DIGITAL_SIGNATURE: True}
    assert "SIM" in found["user_authentication_certificate"]["subject"]
    assert found["pins"] == {
        USER_AUTHENTICATION: {"status": "TriesLeft", "tries_left": 3},
        DIGITAL_SIGNATURE: {"status": "Blocked", "tries_left": 0},
    }


def test_the_environment_may_name_the_reader(card: CardFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYNACARD_READER", card.reader)
    assert done(run("info", "--json")).json["application"] == "JPKI"


def test_a_reader_is_found_by_a_part_of_its_name(desk: Desk) -> None:
    assert done(run("info", "-r", "a read", "--json")).json["application"] == "JPKI"
    assert desk.dispositions["SCardDisconnect"] == [desk.SCARD_LEAVE_CARD], "no PIN was shown"
    assert desk.nothing_is_open


@pytest.mark.parametrize(("left", "said"), [
    (5, "5 tries left"),
    (1, "1 try left. A wrong one blocks the PIN"),
    (0, "blocked; the municipal office sets a new one"),
])  # fmt: skip
def test_pin_status_says_the_tries_and_spends_none(card: CardFile, left: int, said: str) -> None:
    card.spend(DIGITAL_SIGNATURE, left=left)
    assert said in done(run("pin", "status", "-r", card.reader)).out
    found = done(run("pin", "status", "-r", card.reader, "--json")).json
    assert found[DIGITAL_SIGNATURE] == {"status": "TriesLeft" if left else "Blocked", "tries_left": left}
    assert card.tries_left() == {USER_AUTHENTICATION: 3, DIGITAL_SIGNATURE: left}


# --- certificates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["user-authentication", "user-authentication-ca", "digital-signature-ca"])
def test_free_certificates_ask_for_no_pin(card: CardFile, name: str) -> None:
    found = done(run("cert", "show", name, "-r", card.reader, "--json")).json
    certificate = x509.load_pem_x509_certificate(done(run("cert", "export", name, "-r", card.reader)).raw)
    assert found["subject"] == certificate.subject.rfc4514_string()
    assert int(found["serial"], 16) == certificate.serial_number
    assert f"serial: {found['serial']}" in done(run("cert", "show", name, "-r", card.reader)).out


def test_the_signing_certificate_opens_with_the_password(card: CardFile) -> None:
    secret = card.pin_file(DIGITAL_SIGNATURE)
    raw = done(
        run("cert", "export", DIGITAL_SIGNATURE, "--encoding", "der", "-r", card.reader, "--pin-file", secret)
    ).raw
    found = done(run("cert", "show", DIGITAL_SIGNATURE, "-r", card.reader, "--pin-file", secret, "--json")).json
    assert found["sha256"] == hashlib.sha256(raw).hexdigest().upper()
    assert card.tries_left()[DIGITAL_SIGNATURE] == 5


def test_an_export_replaces_a_file_only_by_force(card: CardFile) -> None:
    output = exported(card, "digital-signature-ca")
    first = output.read_bytes()
    again = run("cert", "export", USER_AUTHENTICATION, "-o", output, "-r", card.reader)
    assert (again.code, output.read_bytes()) == (2, first)
    assert "--force" in again.complaint
    done(run("cert", "export", USER_AUTHENTICATION, "-o", output, "-r", card.reader, "--force"))
    assert output.read_bytes() != first
    assert sorted(path.name for path in output.parent.glob(".*")) == [], "nothing is left beside it"
    assert os.name == "nt" or stat.S_IMODE(output.stat().st_mode) == 0o600, "it is its owner's"


# --- signing -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash_", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_a_raw_signature(card: CardFile, document: Path, hash_: str) -> None:
    signature = signed(card, document, "--format", "raw", "--hash", hash_)
    assert len(signature.read_bytes()) == 256
    certificate = exported(card, DIGITAL_SIGNATURE, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    key = document.with_name("key.pem")
    openssl("x509", "-in", certificate, "-pubkey", "-noout", "-out", key)
    openssl("dgst", f"-{hash_}", "-verify", key, "-signature", signature, document)


@pytest.mark.parametrize("hash_", ["sha256", "sha384", "sha512"])
def test_openssl_accepts_a_cms_signature(card: CardFile, document: Path, hash_: str) -> None:
    signature = signed(card, document, "--hash", hash_)
    authority = exported(card, "digital-signature-ca")
    openssl(
        "cms", "-verify", "-binary", "-inform", "DER", "-in", signature, "-content", document,
        "-CAfile", authority, "-purpose", "any", "-out", document.with_name("out"),
    )  # fmt: skip


def test_what_comes_through_a_pipe_is_signed_as_it_was_shown(card: CardFile, document: Path) -> None:
    reads: list[Path] = []
    real = Path.open

    def once(self: Path, *arguments: Any, **options: Any) -> Any:
        reads.append(self)
        return real(self, *arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "open", once)
        signed(card, document)
    assert reads.count(document) == 1, "a pipe gives its bytes once, and a file may change in between"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other pipes")
@pytest.mark.parametrize("format_", ["raw", "cms", "cades", "pades"])
def test_a_pipe_is_signed(card: CardFile, tmp_path: Path, format_: str) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    data = pdf(1, 200_000)
    with ThreadPoolExecutor(1) as other:
        written = other.submit(pipe.write_bytes, data)
        output = signed(card, pipe, "--format", format_).read_bytes()
        assert written.result() == len(data)
    if format_ == "pades":
        assert (output.startswith(data), len(pades.read(output))) == (True, 1)
    elif format_ != "raw":
        assert cms.parse(output).content_digest == hashlib.sha256(data).digest()


def test_signing_costs_no_try_and_says_where_the_signature_is(card: CardFile, document: Path) -> None:
    output = document.with_name("signature")
    outcome = done(
        run("sign", document, "-o", output, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    )
    assert (outcome.out, outcome.err) == ("", f"The signature is in {output}.\n")
    assert card.tries_left() == {USER_AUTHENTICATION: 3, DIGITAL_SIGNATURE: 5}


def test_authenticate_prints_a_web_eid_token(card: CardFile) -> None:
    secret = card.pin_file(USER_AUTHENTICATION)
    words = ("authenticate", "--origin", ORIGIN, "--nonce", NONCE, "-r", card.reader, "--pin-file", secret)
    token = done(run(*words)).json
    assert (token["format"], token["algorithm"]) == ("web-eid:1.0", "RS256")
    certificate = x509.load_der_x509_certificate(base64.b64decode(token["unverifiedCertificate"]))
    signed_bytes = hashlib.sha256(ORIGIN.encode()).digest() + hashlib.sha256(NONCE.encode()).digest()
    key, files = certificate.public_key(), [card.path.with_name(name) for name in ("key.der", "value", "signed")]
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    files[0].write_bytes(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    files[1].write_bytes(base64.b64decode(token["signature"]))
    files[2].write_bytes(signed_bytes)
    openssl("dgst", "-sha256", "-keyform", "DER", "-verify", files[0], "-signature", files[1], files[2])


@pytest.mark.parametrize(
    "origin", ["http://portal.example", "portal.example", "https://portal.example/", "https://a b"]
)
def test_a_strange_origin_never_reaches_the_card(card: CardFile, origin: str) -> None:
    before = card.trace_of_a_verify
    secret = card.pin_file(USER_AUTHENTICATION)
    outcome = run("authenticate", "--origin", origin, "--nonce", NONCE, "-r", card.reader, "--pin-file", secret)
    assert (outcome.code, bool(outcome.complaint)) == (2, True)
    assert card.trace_of_a_verify == before


def test_pin_verify_says_that_a_pin_is_right(card: CardFile) -> None:
    secret = card.pin_file(USER_AUTHENTICATION)
    outcome = done(run("pin", "verify", USER_AUTHENTICATION, "-r", card.reader, "--pin-file", secret))
    assert outcome.out == "The user-authentication PIN is right.\n"


# --- verifying ---------------------------------------------------------------------------------------


def test_a_good_signature_ends_with_71_since_nobody_checked_its_revocation(card: CardFile, document: Path) -> None:
    outcome = run("verify", document, signed(card, document), "--simulated", "-v")
    assert outcome.code == 71
    for said in ("Signer: CN=SIM", "signature: good", "issuer: good", "revocation: not checked", "proves nothing"):
        assert said in outcome.out
    assert "Nothing bad was found, but not everything was checked." in outcome.out


def test_with_the_ca_s_list_a_good_signature_ends_with_0(card: CardFile, document: Path) -> None:
    signature, listed = signed(card, document), document.with_name("list.crl")
    done(run("sim", "crl", DIGITAL_SIGNATURE, "-o", listed))
    words = ("verify", document, signature, "--simulated", "--crl", listed)
    outcome = run(*words)
    assert (outcome.code, "All was checked, and is good." in outcome.out) == (0, True)
    assert run(*words, "--json").json["steps"]["revocation"]["verdict"] == "good"
    assert run(*words, "--at", "2040-01-01").code == 70, "expired by then"


def test_a_policy_can_be_demanded(card: CardFile, document: Path) -> None:
    words = ("verify", document, signed(card, document), "--simulated", "--json")
    (policy,) = run(*words).json["policies"]
    assert run(*words, "--policy", policy).code == 71
    outcome = run(*words, "--policy", "1.2.3")
    assert (outcome.code, outcome.json["steps"]["key usage"]["verdict"]) == (70, "bad")


def test_the_list_of_the_other_ca_says_nothing(card: CardFile, document: Path) -> None:
    listed = document.with_name("list.crl")
    done(run("sim", "crl", USER_AUTHENTICATION, "-o", listed))
    outcome = run("verify", document, signed(card, document), "--simulated", "--crl", listed, "--json")
    assert (outcome.code, outcome.json["steps"]["revocation"]["verdict"]) == (71, "not-checked")


def test_a_revoked_certificate_ends_with_70(document: Path) -> None:
    path, signature, listed = (document.with_name(name) for name in ("revoked.card", "revoked.p7s", "list.crl"))
    done(run("sim", "new", path, "--persona", "revoked"))
    words = ("sign", document, "-o", signature, "-r", f"sim:{path}", "--pin-file", "-")
    done(run(*words, stdin=b"ABC123\n"))
    done(run("sim", "crl", DIGITAL_SIGNATURE, "-o", listed))
    outcome = run("verify", document, signature, "--simulated", "--crl", listed)
    assert (outcome.code, "its holder's details have changed" in outcome.out) == (70, True)
    assert run("verify", document, signature, "--simulated", "--ocsp", listed).code == 60, "a list is no answer"
    assert run("sim", "crl", DIGITAL_SIGNATURE, "-o", listed).code == 2, "it is there already"


def test_a_changed_file_ends_with_70(card: CardFile, document: Path) -> None:
    signature = signed(card, document)
    document.write_bytes(document.read_bytes() + b"\n")
    outcome = run("verify", document, signature, "--simulated", "--json")
    assert (outcome.code, outcome.json["overall"]) == (70, "bad")
    assert outcome.json["steps"]["signature"]["verdict"] == "bad"
    assert outcome.json["simulated"]
    assert "This signature is bad." in run("verify", document, signature, "--simulated").out


def test_a_raw_signature_needs_its_certificate(card: CardFile, document: Path) -> None:
    signature = signed(card, document, "--format", "raw", "--hash", "sha384")
    while signature.read_bytes()[:1] == b"\x30":  # one of 256 begins as CMS does, and is taken for it
        signature.unlink()
        document.write_bytes(document.read_bytes() + b"\n")
        signature = signed(card, document, "--format", "raw", "--hash", "sha384")
    certificate = exported(card, DIGITAL_SIGNATURE, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    without = run("verify", document, signature, "--simulated")
    assert (without.code, "--certificate" in without.complaint) == (60, True)
    words = ("verify", document, signature, "--simulated", "--certificate", certificate)
    assert run(*words, "--hash", "sha384").code == 71
    assert run(*words).code == 70, "another hash function"


def test_a_simulated_authority_is_refused_as_one_to_trust(card: CardFile, document: Path) -> None:
    authority = exported(card, "digital-signature-ca")
    outcome = run("verify", document, signed(card, document), "--ca", authority, "--json")
    assert outcome.code == 70
    assert outcome.json["steps"]["issuer"]["verdict"] == "bad"


def test_verify_wants_to_know_whom_to_trust(card: CardFile, document: Path) -> None:
    outcome = run("verify", document, signed(card, document))
    assert (outcome.code, outcome.complaint) == (2, "Say whom you trust: --ca FILE, or --simulated.")


@pytest.mark.parametrize("content", [b"", b"no certificate", b"0\x82\x01\x00", b"\x30\x00" * 9, b"\xff" * (2 << 20)])
def test_a_file_that_is_no_certificate_or_signature_ends_with_60(
    card: CardFile, document: Path, content: bytes
) -> None:
    signature, odd = signed(card, document), document.with_name("odd")
    odd.write_bytes(content)
    for words in (
        ("verify", document, signature, "--ca", odd),
        ("verify", document, signature, "--simulated", "--certificate", odd),
        ("verify", document, odd, "--simulated"),
    ):
        outcome = run(*words)
        assert (outcome.code, outcome.complaint[-1]) == (60, ".")


# --- apdu --------------------------------------------------------------------------------------------


def test_apdu_shows_answers_and_what_they_mean(card: CardFile) -> None:
    select = "00 A4 04 0C 0A D392F000260100000001"
    lines = done(run("apdu", select, "00200098", "00B0880003", "-r", card.reader)).out.splitlines()
    assert lines[0].startswith("9000 (")
    assert lines[1].startswith("63C3 (")
    assert lines[2].startswith("8F8F00 9000 (")
    assert done(run("apdu", select, "00200098", "-r", card.reader, "--json")).json == [
        {"data": "", "status": "9000"},
        {"data": "", "status": "63C3"},
    ]


# --- sim ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_card_of_every_persona_is_made_and_shown(tmp_path: Path, persona: str) -> None:
    path = tmp_path / "new.json"
    done(run("sim", "new", path, "--persona", persona))
    shown = done(run("sim", "show", path, "--json")).json
    assert set(shown["certificates"]) == PERSONAS[persona].certificates
    assert [name for name, left in shown["tries_left"].items() if not left] == sorted(
        PERSONAS[persona].blocked, reverse=True
    )


def test_the_personas_are_listed() -> None:
    listed = done(run("sim", "personas")).out.splitlines()
    assert [line.split()[0] for line in listed] == list(all_personas())
    assert [row["name"] for row in done(run("sim", "personas", "--json")).json] == list(all_personas())


def test_a_persona_of_another_name_is_a_wrong_command_line(tmp_path: Path) -> None:
    assert run("sim", "new", tmp_path / "new.json", "--persona", "nobody").code == 2


def test_every_trait_of_a_card_has_an_option() -> None:
    options = {parameter.name for parameter in sim_new.params}
    assert {"interface" if field.name == "atr" else field.name for field in fields(Traits)} <= options


def test_a_new_card_is_what_was_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "new.json"
    words = ("--personality", "observed", "--interface", "contactless", "--no-extended-length")
    words += ("--ef-size", "1600", "--wide-attributes")
    outcome = done(run("sim", "new", path, *words))
    assert f"--reader sim:{path}" in outcome.err
    assert done(run("sim", "show", path, "--json")).json == {
        "personality": "observed",
        "extended_length": False,
        "atr": "3B888001000005E0B381A1007F",
        "ef_size": 1600,
        "wide_attributes": True,
        "certificates": [DIGITAL_SIGNATURE, USER_AUTHENTICATION],
        "tries_left": {
            USER_AUTHENTICATION: 3,
            DIGITAL_SIGNATURE: 5,
            "text": 3,
            "text/number-a": 10,
            "text/number-b": 10,
            "card-face/birth-date": 10,
            "card-face/number-b": 10,
            "card-face/number-a": 10,
            "common": 3,
            "resident-register": 3,
        },
    }
    shown = done(run("sim", "show", path)).out
    assert "personality: observed" in shown
    assert "PIN digital-signature: 5 tries left" in shown
    assert "certificate: user-authentication" in shown
    secret = tmp_path / "pin"
    secret.write_text("1234")
    done(run("pin", "verify", USER_AUTHENTICATION, "-r", f"sim:{path}", "--pin-file", secret))


def test_a_new_card_replaces_no_file(card: CardFile) -> None:
    before = card.path.read_bytes()
    outcome = run("sim", "new", card.path)
    assert (outcome.code, outcome.complaint) == (61, f"{card.path} exists already.")
    assert card.path.read_bytes() == before


def test_a_new_card_has_no_pin_that_a_real_one_would_not_have(tmp_path: Path) -> None:
    outcome = run("sim", "new", tmp_path / "new.json", "--choose-pins", stdin=b"12345\nABC123\n")
    assert outcome.code == 30
    assert list(tmp_path.iterdir()) == []


def test_a_card_file_shows_no_secret(card: CardFile) -> None:
    secrets = json.loads(card.path.read_bytes())["keys"]
    shown = done(run("sim", "show", card.path)).out
    assert not any(entry["private_key"][:24] in shown for entry in secrets.values())


def test_verify_says_whether_the_ca_is_a_published_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "document").write_bytes(documents.DATA)
    (tmp_path / "signature").write_bytes(documents.SIGNATURE)
    authority = documents.CA.certificate
    (tmp_path / "ca").write_bytes(authority.public_bytes(Encoding.DER))
    words = ("verify", tmp_path / "document", tmp_path / "signature", "--ca", tmp_path / "ca")
    assert run(*words, "--json").json["ca"] == {
        "serial": "67C6A21", "published": False, "generation": None, "purpose": None,
    }  # fmt: skip
    assert "because you say so" in run(*words).out
    fingerprint = authority.fingerprint(hashes.SHA256())
    monkeypatch.setitem(published._BY_FINGERPRINT, fingerprint, published.PUBLISHED[2])
    assert run(*words, "--json").json["ca"] == {
        "serial": "67C6A21", "published": True, "generation": 3, "purpose": "document",
    }  # fmt: skip
    assert "generation 3 of J-LIS's" in run(*words).out


def test_a_cades_signature_is_made_with_one_signature_of_the_card_and_verified_as_cms(
    card: CardFile, document: Path, tmp_path: Path
) -> None:
    output = tmp_path / "signature.p7s"
    pin = card.pin_file(DIGITAL_SIGNATURE)
    outcome = run("sign", document, "--format", "cades", "-o", output, "-r", card.reader, "--pin-file", pin)
    assert outcome.code == 0, outcome.err
    assert cms.parse(output.read_bytes()).names_certificate is True
    assert run("verify", document, output, "--simulated").code == 71  # all but revocation


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    files = [tmp_path / f"{number}.txt" for number in range(3)]
    for file in files:
        file.write_text(file.name)
    (tmp_path / "signed").mkdir()
    return files


@pytest.mark.parametrize("format_", ["raw", "cms", "cades"])
def test_many_files_are_signed_after_one_pin_entry(card: CardFile, three: list[Path], format_: str) -> None:
    folder = three[0].with_name("signed")
    words = ("-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE), "--format", format_)
    outcome = done(run("sign", *three, "-o", folder, *words))
    outputs = [folder / f"{file.name}{'.sig' if format_ == 'raw' else '.p7s'}" for file in three]
    assert outcome.err == "".join(f"{number} of 3: {path}\n" for number, path in enumerate(outputs, 1))
    for file, output in zip(three, outputs, strict=True):
        if format_ != "raw":
            assert run("verify", file, output, "--simulated").code == 71
    assert run("sign", *three, "-o", folder, *words).code == 2, "they are there already"
    done(run("sign", *three, "-o", folder, *words, "--force"))


def test_each_further_file_costs_the_same_number_of_commands(desk: Desk, card: CardFile, three: list[Path]) -> None:
    folder, pin = three[0].with_name("signed"), card.pin_file(DIGITAL_SIGNATURE)
    counts: list[int] = []
    for number in (1, 2, 3):
        desk.transmitted.clear()
        done(run("sign", *three[:number], "-o", folder, "--force", "-r", READER, "--pin-file", pin))
        assert len(desk.verifies) == 1
        assert sum(command[1] == 0x2A for command in desk.transmitted) == number
        counts.append(len(desk.transmitted))
    assert counts[2] - counts[1] == counts[1] - counts[0] == 1, "the signature, and nothing else"


def test_what_is_signed_stays_when_the_card_is_pulled(desk: Desk, card: CardFile, three: list[Path]) -> None:
    folder = three[0].with_name("signed")
    desk.at_signature, desk.signatures_before = 0x80100069, 1
    pin = card.pin_file(DIGITAL_SIGNATURE)
    outcome = run("sign", *three, "-o", folder, "-r", READER, "--pin-file", pin)
    assert outcome.code == 19
    assert "1 of 3 files are signed; the others are not." in outcome.err
    assert [path.name for path in folder.iterdir()] == ["0.txt.p7s"]


def test_many_files_need_a_folder_and_names_of_their_own(card: CardFile, three: list[Path], tmp_path: Path) -> None:
    before = card.trace_of_a_verify
    words = ("-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    assert "is not a folder" in run("sign", *three, "-o", tmp_path / "no", *words).complaint
    (tmp_path / "again").mkdir()
    same = tmp_path / "again" / three[0].name
    same.write_text("another")
    assert "Two of the files" in run("sign", *three, same, "-o", tmp_path / "signed", *words).complaint
    assert card.trace_of_a_verify == before


def test_a_file_that_changes_after_it_was_shown_is_not_signed(
    card: CardFile, three: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ShownFile.of

    def then_changed(path: Path, making: Making, *, keep: bool) -> ShownFile:
        shown = real(path, making, keep=keep)
        if path == three[1]:
            path.write_bytes(path.read_bytes() + b"x")
        return shown

    monkeypatch.setattr(ShownFile, "of", then_changed)
    folder = three[0].with_name("signed")
    outcome = run("sign", *three, "-o", folder, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    assert (outcome.code, "was changed after it was shown" in outcome.err) == (2, True)
    assert [path.name for path in folder.iterdir()] == ["0.txt.p7s"]


@pytest.fixture
def pdf_file(tmp_path: Path) -> Path:
    path = tmp_path / "application.pdf"
    path.write_bytes(pdf())
    return path


def test_a_pdf_is_signed_twice_and_both_signatures_are_verified(card: CardFile, pdf_file: Path, tmp_path: Path) -> None:
    pin = card.pin_file(DIGITAL_SIGNATURE)
    words = ("--format", "pades", "-r", card.reader, "--pin-file", pin)
    once, twice = tmp_path / "once.pdf", tmp_path / "twice.pdf"
    done(run("sign", pdf_file, "-o", once, *words))
    done(run("sign", once, "-o", twice, "--field", "Second", "--visible", *words))
    outcome = run("verify", twice, "--simulated")
    assert outcome.code == 71
    for said in ("Signature field: Signature1", "Signature field: Second", "rest of the file: good", "proves nothing"):
        assert said in outcome.out
    listed = tmp_path / "list.crl"
    done(run("sim", "crl", DIGITAL_SIGNATURE, "-o", listed))
    outcome = run("verify", twice, "--simulated", "--crl", listed, "--json")
    assert (outcome.code, outcome.json["overall"]) == (71, "not-checked"), "a new visible field may cover the text"
    first, second = outcome.json["signatures"]
    assert [first["field"], second["field"]] == ["Signature1", "Second"]
    place = {"field": "Second", "page": 1, "rectangle": [36, 36, 256, 76]}
    assert (first["beyond"], first["places"]) == ("new-visible-signature", [place])
    assert first["steps"]["rest of the file"]["code"] == "rest/new-visible-signature"
    assert (second["overall"], second["beyond"], second["places"]) == ("good", "nothing", [])


def test_one_bad_signature_of_a_pdf_makes_the_whole_bad(card: CardFile, pdf_file: Path, tmp_path: Path) -> None:
    signed = tmp_path / "signed.pdf"
    words = ("--format", "pades", "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    done(run("sign", pdf_file, "-o", signed, *words))
    changed = updated(signed.read_bytes(), other_page)
    signed.write_bytes(changed)
    outcome = run("verify", signed, "--simulated", "--json")
    assert (outcome.code, outcome.json["overall"]) == (70, "bad")
    steps = outcome.json["signatures"][0]["steps"]
    assert (steps["signature"]["verdict"], steps["rest of the file"]["verdict"]) == ("good", "bad")


def test_a_certificate_for_logging_in_is_bad_under_a_pdf(card: CardFile, pdf_file: Path, tmp_path: Path) -> None:
    contents = disk.read_file(Path(card.reader.removeprefix("sim:")))
    assert isinstance(contents, CardContents)
    material = contents.keys[USER_AUTHENTICATION]
    private = load_der_private_key(material.private_key_der, None)
    assert isinstance(private, RSAPrivateKey)
    signed = tmp_path / "signed.pdf"
    signed.write_bytes(pades.sign(pdf_file.read_bytes(), load_certificate(material.certificate_der), private))
    outcome = run("verify", signed, "--simulated", "--json")
    steps = outcome.json["signatures"][0]["steps"]
    assert (outcome.code, steps["key usage"]["verdict"], steps["signature"]["verdict"]) == (70, "bad", "good")


@pytest.mark.parametrize(
    ("content", "words", "code"),
    [
        (b"no PDF", (), 65), (pdf(password="x"), (), 65), (pdf(), ("--field", "a.b"), 2),
        (pdf(), ("--format", "cms", "--visible"), 2),
    ],
    ids=["no PDF", "encrypted", "name", "format"],
)  # fmt: skip
def test_a_pdf_that_cannot_be_signed_is_refused_before_the_pin(
    card: CardFile, pdf_file: Path, tmp_path: Path, content: bytes, words: tuple[str, ...], code: int
) -> None:
    pdf_file.write_bytes(content)
    before = card.trace_of_a_verify
    output = tmp_path / "signed.pdf"
    outcome = run("sign", pdf_file, "--format", "pades", "-o", output, "-r", card.reader, *words)
    assert (outcome.code, output.exists()) == (code, False)
    assert card.trace_of_a_verify == before


def test_a_file_that_holds_no_signature_is_said_to(pdf_file: Path, document: Path) -> None:
    assert run("verify", pdf_file, "--simulated").code == 65
    assert run("verify", document, "--simulated").code == 65
    assert run("verify", pdf_file, "--simulated", "--certificate", document).code == 2


def test_what_is_not_installed_is_missed_before_anybody_types(
    card: CardFile, document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko", None)
    before = card.trace_of_a_verify
    for format_ in ("cades", "pades"):
        outcome = run("sign", document, "--format", format_, "-o", tmp_path / "signature", "-r", card.reader)
        assert outcome.code == 64
        assert "mynacard[pdf]" in outcome.complaint
    assert card.trace_of_a_verify == before
