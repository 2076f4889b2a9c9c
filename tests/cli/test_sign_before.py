"""A file that is not signed costs no try, whatever password is typed; what its signer should know is said before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, process, run
from tests.signing.pdfs import hybrid, irregular, pdf
from tests.signing.written import field_of, pdf_of, seeded

WRONG = "WRONG1"
REFUSED = {
    "requires another hash": seeded(b"/Ff 64/DigestMethod[(SHA512)]"),
    "requires a reason": seeded(b"/Ff 8/Reasons[(I agree)]"),
    "requires another kind": seeded(b"/Ff 2/SubFilter[/adbe.pkcs7.detached]"),
    "requires a time stamp": seeded(b"/TimeStamp<</URL(http://127.0.0.1:9/)/Ff 1>>"),
    "bytes before": b"\xef\xbb\xbf" + pdf(),
    "bytes after": pdf() + b"\n" * 1500,
}
SIGNED = {
    "hybrid": hybrid(pdf_of(form=[field_of()])),
    "blanks in the table": irregular(pdf_of(form=[field_of()])),
    "null annotations": pdf_of(b"/Annots null", form=[field_of()]),
    "missing annotations": pdf_of(b"/Annots 9 0 R", form=[field_of()]),
    "null value": pdf_of(form=[field_of(b"/V null")]),
}


def signed(card: CardFile, content: bytes, password: str | None, *more: str) -> tuple[int, str, bool]:
    document, output = card.path.with_name("in.pdf"), card.path.with_name("out.pdf")
    document.write_bytes(content)
    pin = card.pin_file(DIGITAL_SIGNATURE, password)
    words = ("--format", "pades", "--field", "Here", "-r", card.reader, "--pin-file", pin)
    outcome = run("sign", document, "-o", output, *words, *more)
    return outcome.code, outcome.err, output.exists()


@pytest.mark.parametrize("case", REFUSED)
def test_a_wrong_password_for_a_file_that_is_not_signed_costs_no_try(card: CardFile, case: str) -> None:
    before = card.trace_of_a_verify
    code, said, written = signed(card, REFUSED[case], WRONG)
    assert (code, written, "Traceback" in said) == (65, False, False)
    assert card.trace_of_a_verify == before
    assert signed(card, REFUSED[case], None)[0] == 65


@pytest.mark.parametrize("case", SIGNED)
def test_a_file_that_is_signed_is_signed_at_the_first_right_password(card: CardFile, case: str) -> None:
    assert (signed(card, SIGNED[case], None)[::2], card.tries_left()[DIGITAL_SIGNATURE]) == ((0, True), 5)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (SIGNED["hybrid"], "irregular: it is a hybrid cross-reference file"),
        (seeded(b"/Reasons[(I agree)]"), "prefers /Reasons I agree"),
        (seeded(b"/Cert<</URL(http://a.example)>>"), "http://a.example. It was not contacted."),
    ],
    ids=["irregular", "wish", "address"],
)
def test_what_its_signer_should_know_is_said_before_the_password(card: CardFile, content: bytes, said: str) -> None:
    _, before, written = signed(card, content, "x")  # a password of the wrong form: nothing was sent
    assert (said in before, written) == (True, False)


@pytest.mark.parametrize("form", ["cms", "cades", "pades"])
def test_a_posix_time_zone_is_no_hindrance(card: CardFile, form: str, tmp_path: Path) -> None:
    document, output = tmp_path / "in.pdf", tmp_path / "out"
    document.write_bytes(pdf())
    pin = card.pin_file(DIGITAL_SIGNATURE)
    words = ("--format", form, "-r", card.reader, "--pin-file", pin)
    outcome = process("sign", document, "-o", output, *words, TZ="JST-9", MYNACARD_CACHE=os.environ["MYNACARD_CACHE"])
    assert (outcome.code, output.exists()) == (0, True)


@pytest.mark.parametrize("name", ["out.pdf", "OUT.PDF"])
def test_a_pdf_file_without_a_format_is_asked_about_and_not_signed(card: CardFile, tmp_path: Path, name: str) -> None:
    document, output = tmp_path / "in.pdf", tmp_path / name
    document.write_bytes(pdf())
    before = card.trace_of_a_verify
    words = ("-o", output, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    outcome = run("sign", document, *words)
    assert (outcome.code, output.exists(), card.trace_of_a_verify) == (2, False, before)
    for said in ("--format pades, or pdf", "--format cms", f"{output}.p7s"):
        assert said in outcome.err
    assert (run("sign", document, *words, "--format", "pdf").code, output.read_bytes()[:5]) == (0, b"%PDF-")
    assert (run("sign", document, *words, "--format", "cms", "--force").code, output.read_bytes()[:1]) == (0, b"0")


def test_without_a_format_other_outputs_are_cms_as_before(card: CardFile, tmp_path: Path) -> None:
    document, output = tmp_path / "in.pdf", tmp_path / "folder.pdf"
    document.write_bytes(pdf())
    output.mkdir()
    words = ("-o", output, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))
    assert run("sign", document, *words).code == 0
    assert [path.name for path in output.iterdir()] == ["in.pdf.p7s"]
