"""Packages: the good one passes, and each that is changed in one thing is refused by its name."""

from __future__ import annotations

import io
import json
import random
import struct
import subprocess
import tracemalloc
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors
from mynacard.signing import cades, cms
from mynacard.submission import codec, package
from mynacard.submission.manifest import Supplement, canonical
from mynacard.submission.package import PackageError, build, seems_encrypted
from mynacard.trust import RevocationEvidence, Verdict
from tests.rig.pcscd import program
from tests.signing.documents import CA, OTHER
from tests.signing.pdfs import pdf
from tests.submission.applications import EXTENSION, NOW
from tests.submission.packages import AUDIENCE, Made, files_in, made, manifest_of, opened
from tests.support import Vector, vectors
from tests.trust.authorities import AUTHENTICATION, START, authority, holder, key


@pytest.fixture
def good(tmp_path: Path) -> Made:
    found = made(tmp_path / "files")
    opened(found.data)
    return found


def problem(data: bytes, **options: Any) -> str:
    with pytest.raises(PackageError) as raised:
        opened(data, **options)
    return raised.value.problem


def rezipped(data: bytes, change: Callable[[dict[str, bytes]], None], **how: Any) -> bytes:
    """The same entries, changed, by an honest ZIP program."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = {info.filename: archive.read(info) for info in archive.infolist()}
    change(entries)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", **how) as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, 0o600 << 16
            info.compress_type = how.get("compression", zipfile.ZIP_STORED)
            archive.writestr(info, content)
    return target.getvalue()


def test_what_was_packed_comes_out(good: Made) -> None:
    found = opened(good.data)
    assert found.manifest == good.manifest
    assert found.report.simulated is False
    assert found.report.revocation.verdict is Verdict.NOT_CHECKED
    contents = [good.data[start : start + length] for start, length in found.places]
    assert contents == [path.read_bytes() for path in good.files]


def test_the_same_content_makes_the_same_bytes(good: Made, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(good.data)) as archive:
        document, signature = archive.read("manifest.json"), archive.read("manifest.json.p7s")
    target = io.BytesIO()
    build(target, document, signature, good.files)
    assert target.getvalue() == good.data
    assert rezipped(good.data, lambda _: None) == good.data, "the forger's tool changes nothing by itself"


def test_others_can_open_it_with_usual_tools(good: Made, tmp_path: Path) -> None:
    (tmp_path / "package.zip").write_bytes(good.data)
    done = subprocess.run([program("unzip"), "-q", "package.zip"], cwd=tmp_path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    document = (tmp_path / "manifest.json").read_bytes()
    assert json.loads(document)["audience"] == AUDIENCE
    (tmp_path / "ca.pem").write_bytes(CA.certificate.public_bytes(Encoding.PEM))
    done = subprocess.run(
        [
            program("openssl"), "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "manifest.json.p7s",
            "-content", "manifest.json", "-CAfile", "ca.pem", "-purpose", "any", "-out", "out",
            "-attime", f"{NOW.timestamp():.0f}",
        ],
        cwd=tmp_path, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("vector", vectors("submission/canonical.json"), ids=lambda vector: vector.id)
def test_what_is_signed_is_in_the_one_form_that_everybody_writes_alike(vector: Vector) -> None:
    assert canonical(json.loads(vector.text("json"))) == vector.data("canonical")


def test_progress_is_told(tmp_path: Path) -> None:
    paths, attachments = files_in(tmp_path / "files", 200_000)
    document = canonical(manifest_of(replace(EXTENSION, attachments=attachments)))
    told = list[int]()
    build(io.BytesIO(), document, b"x", paths, told.append)
    assert sum(told) == sum(each.size for each in attachments)
    assert len(told) > 9


def test_a_file_that_changed_since_it_was_listed_is_not_packed(tmp_path: Path) -> None:
    paths, attachments = files_in(tmp_path / "files")
    document = canonical(manifest_of(replace(EXTENSION, attachments=attachments)))
    for content in (b"%PDF-other", paths[1].read_bytes() + b"x", b""):
        paths[1].write_bytes(content)
        with pytest.raises(PackageError) as raised:
            build(io.BytesIO(), document, b"x", paths)
        assert raised.value.problem == "attachment/changed"
        assert raised.value.violations[0].field == "/attachments/1"


# --- refused by name -------------------------------------------------------------------------------------------------


def replaced(name: str, content: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda entries: entries.update({name: content})


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (replaced("files/01", b"%PDF-1.7 other"), "attachment/changed"),
        (replaced("files/00", b"\xff\xd8\xff"), "attachment/changed"),
        (replaced("files/03", b"%PDF-1.7 more"), "package/form"),
        (replaced("../../etc/passwd", b"x"), "package/form"),
        (replaced("/etc/passwd", b"x"), "package/form"),
        (replaced("C:\\x", b"x"), "package/form"),
        (replaced("files/../x", b"x"), "package/form"),
        (lambda entries: entries.pop("files/02"), "package/form"),
        (lambda entries: entries.pop("manifest.json.p7s"), "package/form"),
        (lambda entries: entries.clear(), "package/form"),
        (replaced("manifest.json.p7s", b""), "certificate/unsupported"),
        (replaced("manifest.json.p7s", b"x" * 0x1_0001), "package/form"),
        (replaced("manifest.json", b"{}"), "manifest/form"),
        (replaced("manifest.json", b"x" * 0x4_0001), "package/form"),
    ],
)
def test_what_was_changed_is_refused(good: Made, change: Callable[[dict[str, bytes]], None], found: str) -> None:
    assert problem(rezipped(good.data, change)) == found


def test_a_changed_manifest_has_another_signature(good: Made) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries["manifest.json"] = entries["manifest.json"].replace(b"MADEUP JANE", b"MADEUP JOHN")

    assert problem(rezipped(good.data, change)) == "signature/mismatch"


def test_another_form_of_the_same_manifest_is_refused_even_when_it_is_signed(good: Made) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries["manifest.json"] = json.dumps(json.loads(entries["manifest.json"])).encode()
        entries["manifest.json.p7s"] = cades.sign(entries["manifest.json"], *SIGNER)

    assert problem(rezipped(good.data, change)) == "manifest/form"


SIGNER = (holder(CA), key("holder"))


def test_packed_entries_are_refused_before_they_unfold(good: Made) -> None:
    packed = rezipped(good.data, replaced("files/01", bytes(30_000_000)), compression=zipfile.ZIP_DEFLATED)
    assert len(packed) < 100_000
    assert problem(packed) == "package/form"
    assert problem(rezipped(good.data, lambda _: None, compression=zipfile.ZIP_DEFLATED)) == "package/form"


def test_bytes_beside_the_entries_are_refused(good: Made) -> None:
    for changed in (good.data + b"x", b"x" + good.data, good.data[:-1], good.data[1:], b"", b"PK", good.data * 2):
        assert problem(changed) == "package/form"
    commented = bytearray(good.data + b"hi")
    commented[-4:-2] = (2).to_bytes(2, "little")
    assert problem(bytes(commented)) == "package/form"


def test_a_directory_without_end_is_refused_before_it_is_read() -> None:
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    for count, counted in ((600_000, 600_000 & 0xFFFF), (600_000, 5), (103, 103)):
        directory = entry * count
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, counted, counted, len(directory), 0, 0)
        zip64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(directory), 0)
        locator = struct.pack("<4sLQL", b"PK\6\7", 0, len(directory), 1)
        for data in (directory + end, directory + zip64 + locator + end):
            tracemalloc.start()
            assert problem(data) == "package/form"
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            assert peak < len(data) + 1_000_000, "the copy that the test hands in, and little beside"


def test_two_entries_of_one_name_are_refused(good: Made) -> None:
    target = io.BytesIO(good.data)
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(target, "a") as archive:
        archive.writestr("files/01", b"%PDF-1.7 other")
    assert problem(target.getvalue()) == "package/form"


def test_a_package_that_is_too_large_is_not_read(good: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(package, "PACKAGE_MAX", len(good.data) - 1)
    assert problem(good.data) == "package/too-large"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"audience": "https://other.example"}, "manifest/audience"),
        ({"issued": "2026-11-23T02:59:59Z"}, "manifest/issued"),
        ({"issued": "2026-11-24T03:05:01Z"}, "manifest/issued"),
        ({"issued": "2026-11-24T03:05:00Z"}, None),
        ({"issued": "2026-11-23T03:00:00Z"}, None),
        ({"issued": "2026-02-30T03:00:00Z"}, "manifest/form"),
        ({"issued": "yesterday"}, "manifest/form"),
        ({"format": "mynacard-package/2"}, "manifest/form"),
        ({"application": None}, "manifest/form"),
    ],
)
def test_whom_it_is_for_and_when_it_was_made_are_looked_at(
    tmp_path: Path, change: dict[str, Any], found: str | None
) -> None:
    try:
        data = made(tmp_path / "files", change=change).data
    except codec.FormError:
        assert found == "manifest/form"
        return
    if found is None:
        opened(data)
    else:
        assert problem(data) == found


LATE = holder(CA, end=START + timedelta(days=1))


@pytest.mark.parametrize(
    ("certificate", "found"),
    [
        (holder(CA, extensions=AUTHENTICATION), "certificate/unsupported"),
        (LATE, "certificate/expired"),
        (holder(authority("another ca")), "certificate/issuer"),
    ],
)
def test_a_certificate_that_is_not_good_is_refused(tmp_path: Path, certificate: x509.Certificate, found: str) -> None:
    data = made(tmp_path / "files", certificate=certificate).data
    assert problem(data) == found


def test_another_key_s_signature_is_refused(good: Made) -> None:
    def change(entries: dict[str, bytes]) -> None:
        entries["manifest.json.p7s"] = cades.sign(b"another document", OTHER, key("somebody"))

    assert problem(rezipped(good.data, change)) == "signature/mismatch"


@pytest.mark.parametrize("sign", [cms.sign, lambda *all_: cades.sign(*all_, detached=False)])
def test_other_kinds_of_signatures_are_refused(tmp_path: Path, sign: Callable[..., bytes]) -> None:
    data = made(tmp_path / "files", sign=lambda document: sign(document, *SIGNER)).data
    assert problem(data) == "signature/mismatch"


def test_nobody_is_trusted_unasked(good: Made) -> None:
    assert problem(good.data, anchors=()) == "certificate/issuer"


def test_a_revoked_certificate_is_refused(good: Made) -> None:
    def evidence(*serials: int) -> RevocationEvidence:
        builder = x509.CertificateRevocationListBuilder(CA.certificate.subject, NOW, NOW + timedelta(days=1))
        for serial in serials:
            entry = x509.RevokedCertificateBuilder(serial, NOW - timedelta(days=1)).build()
            builder = builder.add_revoked_certificate(entry)
        return RevocationEvidence((builder.sign(key(CA.key_name), hashes.SHA256()).public_bytes(Encoding.DER),))

    assert opened(good.data, evidence=evidence(1)).report.overall is Verdict.GOOD
    assert problem(good.data, evidence=evidence(0x705D990)) == "certificate/revoked"
    assert problem(good.data, evidence=lambda: evidence(0x705D990)) == "certificate/revoked"


def test_a_source_of_evidence_that_fails_is_not_the_sender_s_mistake(good: Made) -> None:
    def gone() -> RevocationEvidence:
        raise errors.CertificateFileError("gone")

    with pytest.raises(errors.CertificateFileError, match="gone"):
        opened(good.data, evidence=gone)


def test_a_file_of_another_type_is_refused(tmp_path: Path) -> None:
    paths, _ = files_in(tmp_path / "files")
    paths[1].write_bytes(b"MZ not a document")
    attachments = (package.attachment(paths[1], package.Role.DOCUMENT),)
    document = canonical(manifest_of(replace(EXTENSION, attachments=attachments)))
    target = io.BytesIO()
    build(target, document, cades.sign(document, *SIGNER), paths[1:2])
    assert problem(target.getvalue()) == "attachment/not-readable"


@pytest.mark.parametrize("before", [0, 0x1_0000 - 4, 0x1_0000 - 9, 0x1_0000, 0x2_0000 + 1])
def test_an_encrypted_file_is_seen_wherever_it_says_so(tmp_path: Path, before: int) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(b"x" * before + b"trailer << /Encrypt 5 0 R >>")
    assert seems_encrypted(path)
    path.write_bytes(b"x" * before + b"trailer << /EncryptMetadata false >>")
    assert not seems_encrypted(path)


@pytest.mark.parametrize("password", [None, "secret"])
def test_pdf_files_of_others_are_told_apart(tmp_path: Path, password: str | None) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(pdf(3, password=password))
    assert seems_encrypted(path) is (password is not None)


def test_a_supplement_is_a_package_too(tmp_path: Path) -> None:
    paths, attachments = files_in(tmp_path / "files")
    supplement = Supplement("1234567890", attachments[1:])
    document = canonical(manifest_of(EXTENSION, application=None, supplement=supplement))
    target = io.BytesIO()
    build(target, document, cades.sign(document, *SIGNER), paths[1:])
    assert opened(target.getvalue()).manifest.supplement == supplement


def test_random_changes_end_in_a_package_error(good: Made) -> None:
    dice = random.Random(20261124)
    for _ in range(400):
        changed = bytearray(good.data)
        for _ in range(dice.choice((1, 1, 3))):
            changed[dice.randrange(len(changed))] = dice.randrange(256)
        if dice.random() < 0.2:
            del changed[dice.randrange(len(changed)) :]
        try:
            found = opened(bytes(changed))
        except PackageError:
            continue
        assert found.manifest == good.manifest
