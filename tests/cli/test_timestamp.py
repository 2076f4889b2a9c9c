"""Time stamps, contents inside of signatures and places on pages, from the command line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mynacard.signing import cms, pades
from tests.cli.command_line import DIGITAL_SIGNATURE, CardFile, Outcome, run
from tests.readers.fake_scard import READER, Desk
from tests.signing import tsa
from tests.signing.pdfs import pdf
from tests.signing.test_timestamp import revocation_list, time_stamped_file
from tests.trust.authorities import pem


@pytest.fixture
def tsa_ca(tmp_path: Path) -> Path:
    path = tmp_path / "tsa-ca.pem"
    path.write_bytes(pem(tsa.CA.certificate))
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    found = [tmp_path / f"{number}.pdf" for number in range(3)]
    for number, path in enumerate(found, 1):
        path.write_bytes(pdf(number))
    (tmp_path / "signed").mkdir()
    return found


def signed(card: CardFile, *words: str | Path) -> Outcome:
    return run("sign", *words, "-r", card.reader, "--pin-file", card.pin_file(DIGITAL_SIGNATURE))


@pytest.mark.parametrize("format_", ["cms", "cades", "pades"])
def test_signatures_are_time_stamped_and_verified(
    card: CardFile, files: list[Path], tsa_ca: Path, tmp_path: Path, format_: str
) -> None:
    with tsa.served() as (url, requests):
        outcome = signed(
            card, files[0], files[1], "--format", format_, "--timestamp-url", url, "-o", tmp_path / "signed"
        )
    assert outcome.code == 0, outcome.err
    assert len(requests) == 2
    suffix = "" if format_ == "pades" else ".p7s"
    output = tmp_path / "signed" / f"0.pdf{suffix}"
    assert f"1 of 2 time stamps: {output}" in outcome.err
    what = (output,) if format_ == "pades" else (files[0], output)
    outcome = run("verify", *what, "--simulated", "--tsa-ca", tsa_ca)
    assert outcome.code == 71
    assert "time stamp: not checked. The time stamp says 20" in outcome.out
    lists = []
    for name, data in (("tsa", revocation_list(tsa.CA, when=datetime.now(UTC))),):
        (tmp_path / name).write_bytes(data)
        lists += ["--crl", tmp_path / name]
    assert run("sim", "crl", DIGITAL_SIGNATURE, "-o", tmp_path / "sim").code == 0
    outcome = run("verify", *what, "--simulated", "--tsa-ca", tsa_ca, *lists, "--crl", tmp_path / "sim")
    assert outcome.code == 0, outcome.out
    assert "time stamp: good" in outcome.out
    assert run("verify", *what, "--simulated", *lists, "--crl", tmp_path / "sim").code == 71, "no authority was named"


def test_a_signature_is_held_against_the_time_that_its_time_stamp_proves(
    card: CardFile, files: list[Path], tsa_ca: Path, tmp_path: Path
) -> None:
    """Or else nothing that was signed outlives the signer's certificate."""
    with tsa.served() as (url, _):
        assert signed(card, files[0], "--timestamp-url", url, "-o", tmp_path / "stamped").code == 0
    assert signed(card, files[0], "-o", tmp_path / "plain").code == 0
    end = cms.parse((tmp_path / "plain").read_bytes()).certificate.not_valid_after_utc
    later = ("--at", f"{end + timedelta(days=1):%Y-%m-%dT%H:%M:%S}")
    words = ("--simulated", "--tsa-ca", tsa_ca, "--json")
    plain = run("verify", files[0], tmp_path / "plain", *words, *later)
    assert (plain.code, plain.json["steps"]["validity"]["verdict"]) == (70, "bad")
    stamped = run("verify", files[0], tmp_path / "stamped", *words, *later)
    assert stamped.json["steps"]["validity"]["verdict"] == "good"
    assert stamped.json["signed_at"]["time"].startswith(f"{datetime.now(UTC):%Y-}")
    assert stamped.json["signed_at"]["source"] == "time-stamp"


def test_the_card_is_let_go_before_the_authority_is_asked(
    desk: Desk, card: CardFile, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[int] = []
    real = tsa.answered

    def answered(request: bytes) -> bytes:
        sent.append(len(desk.transmitted))
        return real(request)

    monkeypatch.setattr(tsa, "answered", answered)
    pin = card.pin_file(DIGITAL_SIGNATURE)
    with tsa.served() as (url, _):
        outcome = run(
            "sign", *files[:2], "--timestamp-url", url, "-o", tmp_path / "signed", "-r", READER, "--pin-file", pin
        )
    assert outcome.code == 0, outcome.err
    assert sent == [len(desk.transmitted)] * 2
    assert len(desk.verifies) == 1


@pytest.mark.parametrize("format_", ["cades", "pades"])
def test_what_is_signed_stays_when_the_authority_fails(
    card: CardFile, files: list[Path], tmp_path: Path, format_: str
) -> None:
    with tsa.served(500, b"") as (url, requests):
        outcome = signed(card, *files, "--format", format_, "--timestamp-url", url, "-o", tmp_path / "signed")
    assert outcome.code == 66
    assert "HTTP status 500" in outcome.err
    assert "The signatures are kept" in outcome.err
    assert len(requests) == 1
    outputs = sorted((tmp_path / "signed").iterdir())
    assert len(outputs) == 3
    stamped = tmp_path / "stamped"
    with tsa.served() as (url, _):
        outcome = run("timestamp", outputs[0], "--url", url, "-o", stamped)
    assert outcome.code == 0, outcome.err
    what = (stamped,) if format_ == "pades" else (files[0], stamped)
    assert "time stamp: not checked" in run("verify", *what, "--simulated").out


def test_a_time_stamp_goes_over_the_file_only_if_asked_to(card: CardFile, files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "signature"
    assert signed(card, files[0], "-o", output).code == 0
    before = output.read_bytes()
    with tsa.served() as (url, requests):
        assert run("timestamp", output, "--url", url, "-o", output).code == 2
        assert (output.read_bytes(), requests) == (before, [])
        assert run("timestamp", output, "--url", url, "-o", output, "--force").code == 0
    assert len(cms.parse(output.read_bytes()).time_stamps) == 1


def test_a_time_stamp_on_a_file_is_a_signature_of_its_own(tsa_ca: Path, tmp_path: Path) -> None:
    path = tmp_path / "stamped.pdf"
    path.write_bytes(time_stamped_file())
    outcome = run("verify", path, "--simulated", "--tsa-ca", tsa_ca, "--json")
    steps = outcome.json["time_stamps"][0]["steps"]
    assert set(steps) == {"rest of the file", "time stamp"}
    assert steps["rest of the file"]["verdict"] == "good"


@pytest.mark.parametrize(
    "words",
    [
        ("--format", "raw", "--timestamp-url", "http://127.0.0.1:9/"),
        ("--format", "cms", "--timestamp-url", "tsa.example"),
        ("--format", "cms", "--timestamp-url", "http://me:secret@tsa.example/"),
        ("--format", "raw", "--opaque"),
        ("--format", "pades", "--opaque"),
        ("--format", "cms", "--place", "1:1,2,3,4"),
        ("--format", "pades", "--place", "1,2,3,4"),
        ("--format", "pades", "--place", "2:10,10,100,100"),
        ("--format", "pades", "--place", "1:100,10,10,100"),
    ],
)
def test_what_cannot_be_done_is_refused_before_the_pin(
    card: CardFile, files: list[Path], tmp_path: Path, words: tuple[str, ...]
) -> None:
    before = card.trace_of_a_verify
    outcome = signed(card, files[0], *words, "-o", tmp_path / "output")
    assert outcome.code == 2
    assert "secret" not in outcome.err
    assert card.trace_of_a_verify == before
    assert not (tmp_path / "output").exists()


@pytest.mark.parametrize("format_", ["cms", "cades"])
def test_a_signature_may_hold_the_file_and_gives_it_back(
    card: CardFile, files: list[Path], tmp_path: Path, format_: str
) -> None:
    outcome = signed(card, *files[:2], "--format", format_, "--opaque", "-o", tmp_path / "signed")
    assert outcome.code == 0, outcome.err
    output, content = tmp_path / "signed" / "0.pdf.p7m", tmp_path / "content"
    outcome = run("verify", output, "--simulated", "--content", content)
    assert outcome.code == 71
    assert content.read_bytes() == files[0].read_bytes()
    assert run("verify", files[0], output, "--simulated").code == 71
    assert run("verify", files[1], output, "--simulated").code == 70
    assert run("verify", output, "--simulated", "--content", content).code == 2, "it is there already"
    output.write_bytes(output.read_bytes().replace(b"595 842", b"595 841"))
    outcome = run("verify", output, "--simulated", "--content", tmp_path / "bad")
    assert outcome.code == 70
    assert not (tmp_path / "bad").exists()


def test_a_signature_that_holds_a_long_file_is_verified_beside_it_too(card: CardFile, tmp_path: Path) -> None:
    file, output = tmp_path / "long", tmp_path / "long.p7m"
    file.write_bytes(bytes(3_000_000))
    assert signed(card, file, "--opaque", "-o", output).code == 0
    assert run("verify", output, "--simulated").code == 71
    assert run("verify", file, output, "--simulated").code == 71


def test_a_signature_without_content_gives_none(card: CardFile, files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "signature"
    assert signed(card, files[0], "-o", output).code == 0
    for words in ((output,), (files[0], output)):
        outcome = run("verify", *words, "--simulated", "--content", tmp_path / "content")
        assert outcome.code == 2
        assert not (tmp_path / "content").exists()


def test_a_signature_is_shown_where_it_is_wanted(card: CardFile, files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "signed.pdf"
    assert signed(card, files[1], "--format", "pades", "--place", "2:40,50,240,90", "-o", output).code == 0
    assert b"/Rect [ 40 50 240 90 ]" in output.read_bytes()
    assert len(pades.read(output.read_bytes())) == 1
