"""`mynacard verify` on CMS signatures of other programs: what it reads, what it names, and with which exit code."""

from __future__ import annotations

import base64

import pytest

from tests.cli.command_line import run
from tests.signing.desk import Desk, desk
from tests.signing.documents import DATA

__all__ = ["desk"]

AT = ("--at", "2026-07-01")


@pytest.mark.parametrize(
    "options",
    [("-outform", "DER"), ("-outform", "PEM"), ("-outform", "DER", "-stream"), ("-outform", "PEM", "-stream")],
    ids="".join,
)
def test_a_cms_signature_is_verified_in_every_encoding(desk: Desk, options: tuple[str, ...]) -> None:
    for around in (False, True):
        desk.sign(*options, *(("-nodetach",) if around else ()))
        files = [desk.path / "theirs"] if around else [desk.path / "content", desk.path / "theirs"]
        words = ("verify", *files, "--ca", desk.path / "ca.pem", *AT)
        assert run(*words).code == 71  # all but revocation
    assert run(*words, "--content", desk.path / "content of it").code == 71
    assert (desk.path / "content of it").read_bytes() == DATA


def test_base64_without_labels_is_verified(desk: Desk) -> None:
    (desk.path / "encoded").write_bytes(base64.encodebytes(desk.sign()))
    words = ("verify", desk.path / "content", desk.path / "encoded", "--ca", desk.path / "ca.pem", *AT)
    assert run(*words).code == 71
    (desk.path / "content").write_bytes(DATA + b"\n")
    assert run(*words).code == 70


def test_an_s_mime_message_is_called_one(desk: Desk) -> None:
    desk.sign("-outform", "SMIME")
    theirs = desk.path / "theirs"
    for files in ([theirs], [desk.path / "content", theirs]):
        outcome = run("verify", *files, "--ca", desk.path / "ca.pem")
        assert (outcome.code, "S/MIME message: openssl cms -verify" in outcome.complaint) == (60, True)


def test_several_signatures_in_one_file_are_refused(desk: Desk) -> None:
    (desk.path / "twice").write_bytes(desk.sign("-outform", "PEM") * 2)
    outcome = run("verify", desk.path / "content", desk.path / "twice", "--ca", desk.path / "ca.pem")
    assert (outcome.code, "there are 2" in outcome.complaint) == (60, True)
