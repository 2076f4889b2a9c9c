"""Content that is too long for memory: signed by its digest, to the byte as if it were at hand."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any, Final

import pytest

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms
from mynacard.signing.content import of_bytes, of_file, once
from mynacard.signing.judging import judge
from mynacard.trust import Anchor, Verdict
from tests.signing.documents import CA, CERTIFICATE, DATA, OTHER
from tests.signing.test_judging import Pieces
from tests.trust.authorities import NOW, key

TIME: Final = re.compile(rb"\x17\x0d[0-9]{12}Z")
VALUE: Final = 256


@pytest.mark.parametrize("hash_", HashAlgorithm)
def test_the_signature_of_a_digest_is_that_of_the_content_to_the_byte(hash_: HashAlgorithm) -> None:
    made = [cms.sign(data, CERTIFICATE, key("holder"), hash_) for data in (DATA, of_bytes(DATA))]
    one, other = (TIME.sub(b"", signature)[:-VALUE] for signature in made)
    assert one == other


@pytest.mark.parametrize("make", [cms.sign, cades.sign], ids=["CMS", "CAdES"])
def test_a_file_is_signed_and_judged_in_pieces(make: Any) -> None:
    file = Pieces(bytes(3 << 20))
    signature = make(of_file(file), CERTIFICATE, key("holder"), HashAlgorithm.SHA512)
    judged = judge(file, signature, anchors=[Anchor(CA.certificate)], at=NOW)
    assert judged[0].signature.verdict is Verdict.GOOD
    assert file.longest <= 1 << 18
    assert cms.parse(signature).names_certificate is (True if make is cades.sign else None)


def test_a_file_that_is_read_once_is_signed_as_it_was_checked() -> None:
    file = io.BytesIO(DATA)
    content = once(of_file(file))
    digest = content(HashAlgorithm.SHA256)
    file.write(b"changed meanwhile")
    signature = cms.parse(cms.sign(content, CERTIFICATE, key("holder")))
    assert signature.content_digest == digest
    assert cms.verify(signature, of_bytes(DATA)).verdict is Verdict.GOOD


@pytest.mark.parametrize("make", [cms.sign, cades.sign], ids=["CMS", "CAdES"])
def test_what_goes_into_a_signature_has_to_be_at_hand(make: Any) -> None:
    with pytest.raises(errors.UsageError, match="bytes is wanted"):
        make(of_bytes(DATA), CERTIFICATE, key("holder"), detached=False)
    with pytest.raises(errors.UsageError, match="another key"):
        make(of_bytes(DATA), OTHER, key("holder"))


@pytest.mark.thorough("writes a gigabyte")
@pytest.mark.parametrize("name", ["cms", "cades"])
def test_a_gigabyte_takes_no_more_memory_than_a_few_bytes(name: str, tmp_path: Path) -> None:
    import subprocess
    import sys

    program = (
        "import io, resource, sys; sys.path.insert(0, '.');"
        "from mynacard.signing import cms, cades; from mynacard.signing.content import of_file, of_bytes;"
        "from mynacard.signing.judging import judge; from mynacard.trust import Anchor;"
        "from tests.signing.documents import CA, CERTIFICATE; from tests.trust.authorities import NOW, key;"
        "make = lambda c: {'cms': cms, 'cades': cades}[sys.argv[1]].sign(c, CERTIFICATE, key('holder'));"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "trust = dict(anchors=[Anchor(CA.certificate)], at=NOW);"
        "small = judge(b'x', make(of_bytes(b'x')), **trust); before = peak(); file = open(sys.argv[2], 'rb');"
        "judged = judge(file, make(of_file(file)), **trust);"
        "print(peak() - before, judged[0].signature.verdict.value)"
    )
    with (tmp_path / "large").open("wb") as file:
        file.truncate(1 << 30)
    words = [sys.executable, "-c", program, name, str(tmp_path / "large")]
    output = subprocess.run(words, check=True, capture_output=True, text=True).stdout.split()
    assert output[1] == "good"
    assert int(output[0]) <= 32 << 10
