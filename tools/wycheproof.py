"""Checks whether signatures are made and judged here as the public vectors of C2SP/wycheproof require.

RSASSA-PKCS1-v1_5 with keys of 2048 bits: three files of signatures to judge, one of signatures to make. A signature
that the vectors call acceptable may be judged either way; the verdict is printed. Signatures are made by the key of the
simulated card, over the DigestInfo of each hash, including hashes that are not used here (SHA-1, SHA-224).

Usage: python tools/wycheproof.py FOLDER
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mynacard.apdu.commands import SignatureScheme
from mynacard.errors import CertificateFileError
from mynacard.hashes import HashAlgorithm
from mynacard.simulator.files import SoftKey
from mynacard.trust.primitive import signed_by

TO_JUDGE: Final = tuple(f"rsa_signature_2048_sha{bits}_test.json" for bits in (256, 384, 512))
TO_MAKE: Final = "rsa_pkcs1_2048_sig_gen_test.json"
DIGEST_INFO: Final = {  # the bytes before the digest (RFC 8017 §9.2, note 1)
    "sha1": "3021300906052B0E03021A05000414",
    "sha224": "302D300D06096086480165030402040500041C",
    "sha256": "3031300D060960864801650304020105000420",
    "sha384": "3041300D060960864801650304020205000430",
    "sha512": "3051300D060960864801650304020305000440",
}


def judged(file: Path) -> Iterator[tuple[str, bool, str]]:
    """For each vector in *file*: its number, whether it is accepted here, and the vector's own verdict."""
    for group in json.loads(file.read_text("utf-8"))["testGroups"]:
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        if not isinstance(key, RSAPublicKey):
            raise SystemExit(f"{file.name}: a group has no RSA key")
        hash_ = HashAlgorithm(group["sha"].replace("-", "").lower())
        for test in group["tests"]:
            digest = hash_.digest(bytes.fromhex(test["msg"]))
            try:
                accepted = signed_by(key, bytes.fromhex(test["sig"]), digest, hash_)
            except CertificateFileError:  # of another length
                accepted = False
            yield f"{file.name} {test['tcId']}", accepted, test["result"]


def made(file: Path) -> Iterator[tuple[str, bool, str]]:
    """For each vector in *file*: its number, whether the card's signature is the same, and the vector's own verdict."""
    for group in json.loads(file.read_text("utf-8"))["testGroups"]:
        key = SoftKey(bytes.fromhex(group["privateKeyPkcs8"]))
        name = group["sha"].replace("-", "").lower()
        for test in group["tests"]:
            digest = hashlib.new(name, bytes.fromhex(test["msg"])).digest()
            signature = key.compute(SignatureScheme.PKCS1, bytes.fromhex(DIGEST_INFO[name]) + digest)
            yield f"{file.name} {test['tcId']}", signature == bytes.fromhex(test["sig"]), "valid"


def main(arguments: list[Any]) -> int:
    if len(arguments) != 1 or not (Path(arguments[0]) / TO_MAKE).is_file():
        print(
            f"Usage: python tools/wycheproof.py FOLDER, which holds {', '.join((*TO_JUDGE, TO_MAKE))}", file=sys.stderr
        )
        return 2
    folder, wrong = Path(arguments[0]), 0
    for name in (*TO_JUDGE, TO_MAKE):
        counts = Counter[str]()
        for which, accepted, verdict in made(folder / name) if name == TO_MAKE else judged(folder / name):
            agrees = verdict == "acceptable" or accepted is (verdict == "valid")
            counts[f"{verdict}, {'accepted' if accepted else 'refused'}"] += 1
            if not agrees:
                wrong += 1
                print(f"{which}: {verdict} in the vectors, and {'accepted' if accepted else 'refused'} here")
        print(f"{name}: {counts.total()} ({'; '.join(f'{what}: {count}' for what, count in sorted(counts.items()))})")
    print("All agree." if not wrong else f"{wrong} do not agree.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
