"""The European Commission's DSS, which reads and makes signatures in the formats that mynacard has."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

from tests.rig.pcscd import program, unavailable

__all__ = ["Said", "run", "version"]

HERE: Final = Path(__file__).resolve().parent
FETCHED: Final = HERE.parents[2] / "build" / "dss"
LIMIT_S: Final = 300


@dataclass(frozen=True, slots=True)
class Said:
    """What DSS says of one signature, under the validation policy that it comes with.

    Attributes:
        indication: TOTAL_PASSED, TOTAL_FAILED or INDETERMINATE (ETSI EN 319 102-1 §5.1.3); or REFUSED, if DSS cannot
            read the file.
        format: the level, for example ``PAdES-BASELINE-B``.
        reason: the sub-indication, if there is one; for REFUSED, the class of DSS's exception.
        intact: whether key, signature and signed bytes fit, whatever the certificate is worth.
        warns: whether DSS warns of the file's format, which includes changes that it does not expect.
        changes: the kinds of changes to a PDF file after the signature; see ``changes`` in Dss.java.
        field: the name of the signature's field in a PDF file.
    """

    indication: str
    format: str
    reason: str = ""
    intact: bool = True
    warns: bool = False
    changes: tuple[str, ...] = ()
    field: str = field(default="", compare=False)


def version() -> str:
    """The version of DSS that tests/rig/dss/pom.xml names."""
    return re.findall(r"sd-dss.*?<version>([0-9.]+)</version>", (HERE / "pom.xml").read_text("utf-8"), re.DOTALL)[0]


def run(folder: Path, at: datetime, lines: Sequence[str]) -> dict[str, list[Said]]:
    """Have DSS carry out *lines*, as Dss.java describes them, with the names of files in *folder*.

    The certificates (``.crt``), lists (``.crl``) and signer (``.p12``) are those in *folder*.

    Returns:
        For each file that is validated, its signatures: none, if DSS sees none.
    """
    if not (FETCHED / ".fetched").is_file():
        unavailable("DSS has not been fetched; tools/dss.sh does it")
    files = sorted(path.name for path in folder.iterdir() if path.suffix in {".crt", ".crl", ".p12"})
    done = subprocess.run(
        [  # one compiler: a run is too short for the second, slower one to pay
            program("java"), "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true", "-Dpdfbox.fontcache=.",
            "-cp", f"{FETCHED}/lib/*", str(HERE / "Dss.java"), at.isoformat(), *files,
        ],
        cwd=folder, input="\n".join(lines), capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    signatures: dict[str, list[Said]] = {line.split()[1]: [] for line in lines if line.startswith("validate")}
    for line in done.stdout.splitlines():
        said = json.loads(line)
        signatures[said.pop("file")].append(Said(**said | {"changes": tuple(said["changes"])}))
    return signatures
