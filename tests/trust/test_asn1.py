"""asn1crypto and pyHanko are loaded when something of them is used, and not before."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType

import pytest

from mynacard.trust import asn1, pyhanko
from mynacard.trust.asn1 import OnUse
from tests.trust.authorities import authority, der

BIG = "{'asn1crypto', 'pyhanko', 'pyhanko_certvalidator', 'lxml', 'aiohttp'}"


def printed(script: str) -> str:
    """What *script* prints in a Python of its own, with the big packages that it loaded."""
    script = f"import sys\n{script}\nprint(sorted({BIG} & set(sys.modules)))"
    return subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout


def test_trust_loads_neither() -> None:
    assert printed("import mynacard.trust, mynacard.trust.pyhanko").split() == ["[]"]


def test_signing_loads_no_pyhanko() -> None:
    assert printed("import mynacard.signing.judging, mynacard.signing.cades").split() == ["['asn1crypto']"]


def test_whoever_uses_cms_finds_the_attributes_that_another_module_adds() -> None:
    script = "from mynacard.trust import asn1\nprint(asn1.cms.CMSAttributeType('signing_certificate_v2').dotted)"
    assert printed(script).splitlines()[0] == "1.2.840.113549.1.9.16.2.47"


def test_a_certificate_stays_the_same() -> None:
    certificate = authority().certificate
    assert asn1.certificate(certificate).dump() == der(certificate)


MODULES = [(room, name) for room in (asn1, pyhanko) for name in room.__all__ if isinstance(vars(room)[name], OnUse)]


@pytest.mark.parametrize(("room", "name"), MODULES, ids=[name for _, name in MODULES])
def test_every_module_that_is_named_is_there(room: ModuleType, name: str) -> None:
    module = getattr(room, name)
    assert module.__file__
    with pytest.raises(AttributeError):
        _ = module.nonesuch
