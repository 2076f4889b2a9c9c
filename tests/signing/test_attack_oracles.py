"""What pyHanko and poppler's pdfsig say of the attacks, beside what is said here: the table of docs/oracles.md."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko_certvalidator import ValidationContext

from mynacard.trust import Verdict
from tests.rig.pcscd import program
from tests.signing import contracts
from tests.signing.oracles import NO_SIGNATURE, column, version
from tests.signing.test_attacks import BROKEN_FILES, DOCUMENTS, ROWS, VERDICTS, attacked
from tests.trust.authorities import der

TITLE: Final = "Attacks on PDF files"


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
    return NO_SIGNATURE


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


def test_the_page_has_each_attack_with_what_is_said_here() -> None:
    assert column(TITLE, "mynacard") == ("", {name: said(name) for name in (*ROWS, *BROKEN_FILES)})


@pytest.mark.thorough("asks two programs about each attack")
@pytest.mark.parametrize("name", ["pyHanko", "pdfsig"])
def test_the_page_has_what_other_programs_say_of_each_attack(name: str, tmp_path: Path) -> None:
    """Other versions of them than the page names may say something else, which is not a mistake of the page."""
    asked, page = version(name), column(TITLE, name)
    if page[0] == asked:
        of = pyhanko_of if name == "pyHanko" else partial(pdfsig_of, folder=tmp_path)
        assert page[1] == {attack: of(data) for attack, data in files()}
