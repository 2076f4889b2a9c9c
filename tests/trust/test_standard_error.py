"""What other libraries log, and warn of, does not reach standard error: names out of certificates are in it."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from tests.cli.command_line import environment
from tests.trust.authorities import CA_BASIC, CA_USAGE, NOW, Authority, authority, der, holder
from tests.trust.test_revocation import DAY, crl

EVIL: Final = "between\x1b[2J\x1b]0;owned\x07"
ROOT: Final = authority("root", organization="ROOT")


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "JP"), x509.NameAttribute(NameOID.COMMON_NAME, name)])


def chain(start: datetime, end: datetime) -> tuple[x509.Certificate, x509.Certificate, x509.Certificate]:
    """A certificate, the one between with that name and this validity, and the root."""
    between = holder(
        ROOT, "between", subject=named(EVIL), extensions=(*CA_BASIC, *CA_USAGE), start=start, end=end, serial=5
    )
    return holder(Authority(between, "between"), serial=6), between, ROOT.certificate


REVOCATION: Final = """
leaf, between, root = map(load_certificate, files[:3])
evidence = RevocationEvidence((files[3],))
print(revocation(leaf, between, evidence, at=now, now=now, above=(root,)).code)
"""
LOADING: Final = """
for file in files:
    try:
        print(load_certificate(file).subject.rfc4514_string()[:10])
    except ValueError as error:
        print(error)
"""


def stderr_of(script: str, files: list[bytes], folder: Path, *before: str) -> str:
    """Standard error of a program that configures no logging, runs *script*, and prints something else."""
    for number, data in enumerate(files):
        (folder / str(number)).write_bytes(data)
    program = (
        "import sys\n"
        "from datetime import datetime\n"
        "from pathlib import Path\n"
        "from mynacard.trust import RevocationEvidence, load_certificate\n"
        "from mynacard.trust.revocation import revocation\n"
        "now, *names = sys.argv[1:]\n"
        "now, files = datetime.fromisoformat(now), [Path(name).read_bytes() for name in names]\n"
    )
    paths = [str(folder / str(number)) for number in range(len(files))]
    done = subprocess.run(
        [sys.executable, "-c", program + "\n".join(before) + script, NOW.isoformat(), *paths],
        capture_output=True, check=False, timeout=60, env=environment(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout
    return done.stderr.decode()


CHAINS: Final = {
    "expired": (chain(NOW - 9 * DAY, NOW - 2 * DAY), crl(issuer=named(EVIL), signed_by="between")),
    "not valid yet, when its list was": (
        chain(NOW - 2 * DAY, NOW + 9 * DAY),
        crl(issuer=named(EVIL), signed_by="between", made=NOW - 9 * DAY, until=NOW - 5 * DAY),
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_a_chain_that_the_validator_logs_leaves_standard_error_empty(name: str, tmp_path: Path) -> None:
    certificates, listed = CHAINS[name]
    files = [*map(der, certificates), listed]
    assert stderr_of(REVOCATION, files, tmp_path) == ""
    shown = stderr_of(REVOCATION, files, tmp_path, "import logging", "logging.basicConfig()")
    assert "pyhanko_certvalidator" in shown, "a program that wants to see it can"


def test_a_certificate_that_cryptography_warns_of_leaves_standard_error_empty(tmp_path: Path) -> None:
    common = "A" * 64
    plain = der(holder(ROOT, subject=named(common)))
    place = plain.rindex(b"\x55\x04\x03", 0, plain.index(common.encode()))
    long_country = plain[:place] + b"\x55\x04\x06" + plain[place + 3 :]
    serial = (0x705D990).to_bytes(4, "big")
    negative = plain.replace(serial, b"\xff" + serial[1:], 1)
    files = [plain, long_country, negative]
    assert stderr_of(LOADING, files, tmp_path) == ""
    shown = stderr_of(LOADING, files, tmp_path, "import warnings", "warnings.simplefilter('always')")
    assert "UserWarning: " in shown
    assert "CryptographyDeprecationWarning: " in shown
