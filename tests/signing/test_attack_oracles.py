"""What pyHanko and poppler's pdfsig say of the attacks, beside what is said here: the table of docs/oracles.md."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from html import escape, unescape
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.version import __version__
from pyhanko_certvalidator import ValidationContext

from mynacard.trust import Verdict
from tests.rig.pcscd import program
from tests.signing import contracts
from tests.signing.test_attacks import BROKEN_FILES, DOCUMENTS, ROWS, VERDICTS, attacked
from tests.trust.authorities import der

PAGE: Final = Path(__file__).resolve().parent.parent.parent / "docs" / "oracles.md"


def pyhanko_of(data: bytes) -> str:
    """Whether pyHanko's validator takes the first signature, and how far it says that the file was changed."""
    root: Any = asn1_x509.Certificate.load(der(contracts.CA.certificate))
    context = ValidationContext(trust_roots=[root], allow_fetching=False)
    try:
        embedded = PdfFileReader(io.BytesIO(data)).embedded_signatures
        (first,) = (signature for signature in embedded if signature.field_name == "First")
        status: Any = validate_pdf_signature(first, context)
    except (PdfError, SignatureValidationError, ValueError, TypeError, KeyError, AttributeError) as error:
        return f"error ({type(error).__name__})"
    level = status.modification_level
    changes = "suspicious" if level in (None, ModificationLevel.OTHER) else level.name.lower().replace("_", " ")
    return f"{'good' if status.bottom_line else 'bad'}: {changes}"


def pdfsig_of(data: bytes, folder: Path) -> str:
    """What pdfsig says of the first signature, and whether it covers the whole file."""
    path = folder / "attacked.pdf"
    path.write_bytes(data)
    done = subprocess.run([program("pdfsig"), "-nocert", path], capture_output=True, check=False, timeout=60)
    for part in re.split(r"Signature #\d+:", done.stdout.decode("utf-8", "replace")):
        if "Signature Field Name: First\n" in part:
            validation = re.search(r"Signature Validation: (.*)\.", part)
            whole = "the whole file" if "- Total document signed" in part else "not the whole file"
            return f"{validation[1]}: {whole}".replace("Signature is Valid", "good") if validation else "not signed"
    return "finds no signature"


def programs() -> dict[str, str]:
    """The programs that are asked, with their versions."""
    done = subprocess.run([program("pdfsig"), "-v"], capture_output=True, check=False, timeout=60)
    version = re.search(rb"version ([0-9.]+)", done.stdout + done.stderr)
    assert version is not None
    return {"pyHanko": __version__, "pdfsig": version[1].decode()}


def files() -> Iterator[tuple[str, bytes]]:
    """Each attack with its file."""
    yield from ((name, attacked(name)) for name in ROWS)
    yield from ((name, attack(DOCUMENTS[document])) for name, (document, attack) in BROKEN_FILES.items())


def said(name: str) -> str:
    """What is said here of the attack."""
    if name in BROKEN_FILES:
        return "refused or not good"
    beyond = ROWS[name][1]
    return f"{VERDICTS.get(beyond, Verdict.BAD).value}: {beyond}"


def oracle_table(folder: Path) -> str:
    """The table as docs/oracles.md has it. Attacks of one kind stand in one row where all say the same of them."""
    head = ["attack", "mynacard", *(f"{name} {version}" for name, version in programs().items())]
    asked = [((said(name), pyhanko_of(data), pdfsig_of(data, folder)), name) for name, data in files()]
    lines = [head, ["---"] * len(head)]
    for (_, cells), group in groupby(asked, key=lambda row: (row[1].partition(": ")[0], row[0])):
        lines.append([_together([name for _, name in group]), *cells])
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _together(names: list[str]) -> str:
    """The names of attacks of one kind, which stands before the colon: ``kind: one; another``."""
    first, *others = names
    return escape("; ".join([first, *(name.partition(": ")[2] for name in others)]), quote=False)


def _apart(cell: str) -> list[str]:
    kind, colon, names = unescape(cell).partition(": ")
    return [f"{kind}: {name}" for name in names.split("; ")] if colon else [kind]


def test_the_page_has_each_attack_with_what_is_said_here() -> None:
    lines = [line.strip("| ").split(" | ") for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")]
    here = {name: cells[1] for cells in lines[2:] for name in _apart(cells[0])}
    assert here == {name: said(name) for name in (*ROWS, *BROKEN_FILES)}


@pytest.mark.thorough("asks two programs about each attack")
def test_the_page_has_what_other_programs_say_of_each_attack(tmp_path: Path) -> None:
    """Other versions of them than the page names may say something else, which is not a mistake of the page."""
    page = PAGE.read_text("utf-8")
    if all(f"| {name} {version} |" in page for name, version in programs().items()):
        assert oracle_table(tmp_path) in page
