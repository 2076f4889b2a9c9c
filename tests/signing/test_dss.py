"""The European Commission's DSS: it takes what is signed here, mynacard takes what it signs; and what it lets pass.

Its verdicts are those of the validation policy that it comes with.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms, pades
from mynacard.signing.content import of_bytes
from mynacard.verdict import Verdict
from tests.rig import dss
from tests.rig.dss import Said
from tests.signing.documents import CERTIFICATE, OTHER
from tests.signing.dss_files import answered, contract, covered, lay_out, white_on_white
from tests.signing.pdfs import fill_in, other_page, pdf, updated
from tests.signing.test_fonts import TEXT, made
from tests.trust.authorities import NOW, key

pytestmark = pytest.mark.thorough("DSS, which is written in Java")

CONTENT: Final = pdf(1, 3000)
CHANGED: Final = CONTENT.replace(b"595 842", b"595 841")
KEY: Final = key("holder")
PKCS7: Final = pades.Kind.PKCS7
LATER: Final = pades.Appearance(box=(300, 36, 500, 76))


@dataclass(frozen=True, slots=True)
class Done:
    """What DSS said of each file, and the folder with those that it signed."""

    said: dict[str, list[Said]]
    folder: Path


def signed_here() -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    for hash_ in HashAlgorithm:
        files |= {
            f"pades-{hash_}.pdf": pades.sign(CONTENT, CERTIFICATE, KEY, hash_),
            f"pades-{hash_}-visible.pdf": pades.sign(CONTENT, CERTIFICATE, KEY, hash_, appearance=pades.Appearance()),
            f"pkcs7-{hash_}.pdf": pades.sign(CONTENT, CERTIFICATE, KEY, hash_, kind=PKCS7),
            f"pkcs7-{hash_}-visible.pdf": pades.sign(
                CONTENT, CERTIFICATE, KEY, hash_, kind=PKCS7, appearance=pades.Appearance()
            ),
            f"cades-{hash_}.p7s": cades.sign(CONTENT, CERTIFICATE, KEY, hash_),
            f"cades-{hash_}.p7m": cades.sign(CONTENT, CERTIFICATE, KEY, hash_, detached=False),
        }
    room = pades.sign(CONTENT, CERTIFICATE, KEY, room_for_time_stamp=True)
    older = pades.sign(CONTENT, CERTIFICATE, KEY, kind=PKCS7, room_for_time_stamp=True)
    files |= {f"{kind.name.lower()}-font.pdf": in_a_file(kind) for kind in pades.Kind}
    return files | {
        "visible.pdf": pades.sign(CONTENT, CERTIFICATE, KEY, appearance=pades.Appearance()),
        "stamped.pdf": pades.add_time_stamp(room, answered),
        "stamped-pkcs7.pdf": pades.add_time_stamp(older, answered),
        "stamped.p7s": cms.add_time_stamp(files["cades-sha256.p7s"], answered),
        "plain.p7s": cms.sign(CONTENT, CERTIFICATE, KEY),
        "plain-digest.p7s": cms.sign(of_bytes(CONTENT), CERTIFICATE, KEY),
        "cades-digest.p7s": cades.sign(of_bytes(CONTENT), CERTIFICATE, KEY),
    }


def in_a_file(kind: pades.Kind) -> bytes:
    """The content, signed and time-stamped where it is, with Japanese text in a font of its own."""
    file = io.BytesIO(CONTENT)
    appearance = pades.Appearance(text=TEXT, font=pades.Font(made()))
    pades.sign_in(file, CERTIFICATE, KEY, kind=kind, appearance=appearance, room_for_time_stamp=True)
    pades.add_time_stamp_in(file, answered)
    return file.getvalue()


def changed(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"changed-{name}": data.replace(b"595 842", b"595 841") for name, data in files.items()}


def followed(visible: bytes) -> dict[str, bytes]:
    """Signed files to which something was added."""
    signed = pades.sign(contract(), CERTIFICATE, KEY)
    return {
        "twice.pdf": pades.sign(visible, OTHER, key("somebody"), appearance=LATER),
        "time-stamp.pdf": covered(signed, visible=False),
        "covered.pdf": covered(signed),
        "white-on-white.pdf": updated(signed, white_on_white),
        "filled-in.pdf": updated(signed, fill_in),
        "other-page.pdf": updated(signed, other_page),
    }


def content_of(name: str) -> str:
    """The content beside a signature, as the rest of a line for DSS."""
    if not name.endswith(".p7s"):
        return ""
    return " changed" if name.startswith("changed-") else " content"


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    """One run of DSS for all tests: a Java machine takes seconds to start."""
    folder = tmp_path_factory.mktemp("dss")
    here = signed_here()
    files = here | changed(here) | followed(here["visible.pdf"]) | {"unsigned.pdf": CONTENT, "broken.p7s": b"0"}
    lay_out(folder, files | {"content": CONTENT, "changed": CHANGED})
    signs = [
        "pdf content theirs.pdf",
        "pdf visible.pdf both.pdf",
        "cms content theirs.p7s",
        "around content theirs.p7m",
    ]
    validates = [f"validate {name}{content_of(name)}" for name in (*files, "both.pdf")]
    return Done(dss.run(folder, NOW, [*signs, *validates]), folder)


PASSED: Final = "TOTAL_PASSED"
LEVELS: Final = {
    **{f"pades-{hash_}{seen}.pdf": "PAdES-BASELINE-B" for hash_ in HashAlgorithm for seen in ("", "-visible")},
    **{f"pkcs7-{hash_}{seen}.pdf": "PKCS7-B" for hash_ in HashAlgorithm for seen in ("", "-visible")},
    "stamped-pkcs7.pdf": "PKCS7-T",
    **{f"cades-{hash_}.{suffix}": "CAdES-BASELINE-B" for hash_ in HashAlgorithm for suffix in ("p7s", "p7m")},
    "stamped.pdf": "PAdES-BASELINE-T",
    "stamped.p7s": "CAdES-BASELINE-T",
    "pades-font.pdf": "PAdES-BASELINE-T",
    "pkcs7-font.pdf": "PKCS7-T",
    "plain.p7s": "CMS-NOT-ETSI",
    "plain-digest.p7s": "CMS-NOT-ETSI",
    "cades-digest.p7s": "CAdES-BASELINE-B",
    "visible.pdf": "PAdES-BASELINE-B",
}
SIGNED: Final = Said(PASSED, "PAdES-BASELINE-B")
FORM: Final = replace(SIGNED, changes=("signatures or forms",))


def test_dss_passes_what_is_signed_here_and_names_its_level(done: Done) -> None:
    assert {name: done.said[name] for name in LEVELS} == {name: [Said(PASSED, level)] for name, level in LEVELS.items()}


def test_dss_sees_a_changed_byte_in_every_format(done: Done) -> None:
    failed = {f"changed-{name}": [Said("TOTAL_FAILED", level, "HASH_FAILURE", False)] for name, level in LEVELS.items()}
    assert {name: done.said[name] for name in failed} == failed


def test_dss_says_so_when_it_sees_or_reads_no_signature(done: Done) -> None:
    assert done.said["unsigned.pdf"] == []
    assert done.said["broken.p7s"] == [Said("REFUSED", "", "IllegalInputException", False)]


@pytest.mark.parametrize(("name", "signatures"), [("theirs.pdf", 1), ("both.pdf", 2)])
def test_a_pdf_file_that_dss_signed_is_good_here(done: Done, name: str, signatures: int) -> None:
    read = pades.read((done.folder / name).read_bytes())
    good = (Verdict.GOOD, Verdict.GOOD, "ETSI.CAdES.detached")
    assert [(one.signature.verdict, one.rest.verdict, one.kind) for one in read] == [good] * signatures


def test_a_cms_signature_that_dss_made_is_good_here(done: Done) -> None:
    beside, around = (cms.parse((done.folder / f"theirs.{suffix}").read_bytes()) for suffix in ("p7s", "p7m"))
    assert (beside.content, around.content) == (None, CONTENT)
    assert cms.verify(beside, of_bytes(CONTENT)).verdict is Verdict.GOOD
    assert cms.verify(beside, of_bytes(CHANGED)).verdict is Verdict.BAD
    assert cms.verify(around).verdict is Verdict.GOOD


def test_dss_passes_both_of_two_signers_whichever_program_signed_second(done: Done) -> None:
    assert done.said["twice.pdf"] == [FORM, SIGNED]
    assert done.said["both.pdf"] == [replace(SIGNED, changes=("extensions", "signatures or forms")), SIGNED]


@pytest.mark.parametrize(
    ("attack", "honest", "said"),
    [
        ("covered.pdf", "time-stamp.pdf", Said(PASSED, "PAdES-BASELINE-T", changes=("extensions",))),
        ("white-on-white.pdf", "filled-in.pdf", FORM),
    ],
)
def test_dss_says_the_same_of_an_attack_and_of_an_honest_file(done: Done, attack: str, honest: str, said: Said) -> None:
    assert (done.said[attack], done.said[honest]) == ([said], [said])


def test_dss_passes_a_page_that_was_replaced_and_warns_of_it(done: Done) -> None:
    assert done.said["other-page.pdf"] == [replace(SIGNED, warns=True, changes=("visual difference", "undefined"))]
