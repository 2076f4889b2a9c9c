"""Signatures of residence cards: both generations, both forms each, and what nobody may call good."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import cast

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import NoDigestInfo
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors
from mynacard.apdu.tlv import Tlv, parse
from mynacard.residence import (
    Anchor,
    AnchorKind,
    CardFiles,
    First,
    Label,
    Report,
    Second,
    SignatureForm,
    check,
    contents_of,
    signed_data,
)
from mynacard.residence import anchors as anchors_module
from mynacard.residence.certificates import Certificate
from mynacard.residence.contents import stored_certificate
from mynacard.residence.forms import build
from mynacard.residence.report import FIELDS
from mynacard.simulator.residence import RESIDENCE_PERSONAS
from mynacard.verdict import Verdict
from tests.extent import all_or_some
from tests.residence.authorities import (
    CA,
    DAY,
    NO_CA,
    NOW,
    anchor,
    anchor_of,
    authority,
    certificate,
    key,
    signed,
    signer,
    usage,
    with_signature,
)
from tests.residence.cards import FIRST, SECOND, anchors, changed, files
from tests.residence.dialogues import files as dialogue_files
from tests.signing.ber import ber_of
from tests.support import Vector, id_of, vector_file, vectors

SIMULATED = AnchorKind.SIMULATED
GENERATIONS = pytest.mark.parametrize("generation", [1, 2])
EXAMPLE = next(row for row in vectors("residence/dialogues.json") if row.id == "1-made-up")


def checked(found: CardFiles, **options: object) -> Report:
    """What the check says of a simulated card under the simulated CAs, now."""
    given = {"anchors": anchors(), "at": datetime.now().astimezone(), "wanted": SIMULATED} | options
    return check(found, **given)  # type: ignore[arg-type]


def of_tests(generation: int, certificate: x509.Certificate | None = None, **options: object) -> Report:
    """The same of a card signed by the tests' signer, under the tests' CA."""
    given = {"anchors": [anchor(generation)], "at": NOW} | options
    return check(signed(generation, certificate), **given)  # type: ignore[arg-type]


# --- the worked example ----------------------------------------------------------------------------------------


def example_key() -> rsa.RSAPrivateKey:
    numbers = cast(dict[str, str], vector_file("residence/signatures.json")["key"])
    p, q, e = int(numbers["p"], 16), int(numbers["q"], 16), 65537
    d = pow(e, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(e, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def example(check_code: bytes) -> CardFiles:
    """The example's images, with this check code and a certificate of the example's key."""
    found = example_key()
    extensions = [(usage(digital_signature=True), True)]
    der = certificate("Signer", found, "CA", key("ca", 1), extensions).public_bytes(Encoding.DER)
    given = dialogue_files(EXAMPLE)
    images = {First.FRONT: given["DF1", 5], First.FACE: given["DF1", 6]}
    return changed(with_signature(1, check_code, der), images)


def test_the_signed_data_are_the_world_s() -> None:
    digest = hashes.Hash(hashes.SHA256())
    digest.update(signed_data(example(bytes(256))) or b"")
    assert digest.finalize() == bytes.fromhex(str(vector_file("residence/signatures.json")["sha256"]))


@pytest.mark.parametrize("row", vectors("residence/signatures.json"), ids=id_of)
def test_both_forms_of_the_check_code_are_found_and_named(row: Vector) -> None:
    report = check(example(row.data("check_code")), [anchor(1)], at=NOW)
    assert report.overall is Verdict.GOOD
    assert (
        report.form == {"bare": SignatureForm.BARE_DIGEST, "digest-info": SignatureForm.DIGEST_INFO}[row.text("form")]
    )


@pytest.mark.parametrize("row", vectors("residence/signatures.json"), ids=id_of)
def test_the_card_makes_the_world_s_check_code(row: Vector) -> None:
    data = signed_data(example(bytes(256)))
    assert data is not None
    digest = hashes.Hash(hashes.SHA256())
    digest.update(data)
    bare = digest.finalize()
    block = bare if row.text("form") == "bare" else bytes.fromhex("3031300D060960864801650304020105000420") + bare
    assert example_key().sign(block, padding.PKCS1v15(), NoDigestInfo()) == row.data("check_code")


@pytest.mark.parametrize(
    "block",
    [
        "{digest}00", "00{digest}", "3031300D060960864801650304020105000420{digest}00",
        "302F300B0609608648016503040201 0420{digest}",  # a DigestInfo without NULL
        "3031300D060960864801650304020205000420{digest}",  # that says SHA-384
        "3033300F0609608648016503040201050000 00 0420{digest}", "{digest}{digest}", "",
    ],
)  # fmt: skip
def test_no_other_block_is_a_check_code(block: str) -> None:
    digest = str(vector_file("residence/signatures.json")["sha256"])
    data = bytes.fromhex(block.format(digest=digest))
    code = example_key().sign(data, padding.PKCS1v15(), NoDigestInfo())
    assert check(example(code), [anchor(1)], at=NOW).signature.verdict is Verdict.BAD


# --- personas --------------------------------------------------------------------------------------------------

EXPECTED = {
    "broken-signature": ("bad", "good", "good"), "other-ca": ("good", "bad", "good"),
    "expired": ("good", "good", "bad"),
    "under-16": ("not-checked",) * 3, "infant": ("not-checked",) * 3,
}  # fmt: skip


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_each_persona_is_what_it_says(name: str) -> None:
    report = checked(files(name))
    kind = name.split("-", 2)[2]
    assert tuple(step.verdict.value for _, step in report.steps) == EXPECTED.get(kind, ("good",) * 3)
    persona = RESIDENCE_PERSONAS[name]
    assert report.form == (persona.form if report.signature.verdict is Verdict.GOOD else None)
    assert all(step.text() and "{" not in step.text() for _, step in report.steps)


@pytest.mark.parametrize("name", RESIDENCE_PERSONAS)
def test_every_field_has_a_label_and_what_is_not_signed_is_never_good(name: str) -> None:
    report = checked(files(name))
    signed_fields = FIELDS[report.type.generation]
    for field, is_signed in signed_fields.items():
        label = report.label(field)
        if not is_signed or not RESIDENCE_PERSONAS[name].signed:
            assert label is Label.NOT_SIGNED
        else:
            assert label is {
                Verdict.GOOD: Label.SIGNED_AND_GOOD, Verdict.BAD: Label.SIGNED_AND_BAD,
                Verdict.NOT_CHECKED: Label.NOT_CHECKED,
            }[report.overall]  # fmt: skip
    assert report.labels.keys() == signed_fields.keys()


def test_address_permissions_and_type_are_not_signed() -> None:
    report = checked(files(FIRST))
    for field in (
        "type",
        "version",
        "address",
        "comprehensive_permission",
        "individual_permission",
        "extension_pending",
    ):
        assert report.label(field) is Label.NOT_SIGNED
    report = checked(files(SECOND))
    for field in ("type", "version", "number", "address_image", "permissions", "extension_pending", "other"):
        assert report.label(field) is Label.NOT_SIGNED


def test_a_field_of_another_generation_has_no_label() -> None:
    with pytest.raises(errors.UsageError):
        checked(files(FIRST)).label("entries")


@GENERATIONS
def test_the_fields_are_those_of_the_contents(generation: int) -> None:
    found = contents_of(files(f"residence-{generation}-mid-term"))
    for field in FIELDS[generation]:
        assert hasattr(found, field)


# --- flipped bits ----------------------------------------------------------------------------------------------

OF_FIRST = [(First.FRONT, 4), (First.FACE, 4), (First.SIGNATURE, 4)]
OF_SECOND = [(Second.ENTRIES, 2), (Second.IMAGES, 4), (Second.SIGNATURE, 2)]
CODE_LENGTH = {First.SIGNATURE: 256, Second.SIGNATURE: 96}


@pytest.mark.parametrize(("file", "start"), [*OF_FIRST, *OF_SECOND], ids=lambda value: getattr(value, "place", ""))
def test_a_flipped_bit_in_what_is_signed_is_a_bad_signature(file: First, start: int) -> None:
    found = files(FIRST if (file, start) in OF_FIRST else SECOND)
    content = found.content[file]  # type: ignore[index]
    end = start + CODE_LENGTH.get(file, len(content) - start)  # type: ignore[call-overload]
    for bit in random.sample(range(start * 8, end * 8), 150):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            report = checked(changed(found, {file: bytes(flipped)}))  # type: ignore[dict-item]
        except errors.CardDataError:
            continue  # it was in a tag or a length
        assert report.overall is Verdict.BAD
        assert Label.SIGNED_AND_GOOD not in report.labels.values()


def test_the_filler_of_images_is_signed_too() -> None:
    found = files(FIRST)
    content = found.content[First.FRONT][:-1] + b"\x01"
    assert checked(changed(found, {First.FRONT: content})).signature.verdict is Verdict.BAD


@pytest.mark.exhaustive
@GENERATIONS
def test_a_flipped_bit_in_what_is_not_signed_changes_nothing(generation: int) -> None:
    found = files(f"residence-{generation}-permission")
    for file in (First.ADDRESS, First.EXTENSION) if generation == 1 else (Second.ADDRESS, Second.PERMISSIONS):
        content = found.content[file]
        for at in all_or_some(range(len(content))):
            flipped = content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]
            assert checked(changed(found, {file: flipped})).overall is Verdict.GOOD


# --- the certificate, the chain, the time ------------------------------------------------------------------------


@GENERATIONS
def test_a_card_in_order_is_good(generation: int) -> None:
    report = of_tests(generation)
    assert report.overall is Verdict.GOOD
    assert report.anchor is not None


@GENERATIONS
def test_without_a_ca_nothing_is_called_good(generation: int) -> None:
    report = of_tests(generation, anchors=[])
    assert report.signature.verdict is Verdict.GOOD
    assert report.overall is Verdict.NOT_CHECKED
    assert Label.SIGNED_AND_GOOD not in report.labels.values()


@GENERATIONS
@pytest.mark.parametrize(
    "extensions",
    [
        [(CA, True), (usage(digital_signature=True, key_cert_sign=True), True)],
        [(usage(key_encipherment=True), True)],
        [(x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)],
    ],
    ids=["a-ca", "not-for-signing", "unknown-and-critical"],
)
def test_a_signer_s_certificate_of_another_kind_is_bad(
    generation: int, extensions: list[tuple[x509.ExtensionType, bool]]
) -> None:
    assert of_tests(generation, signer(generation, extensions)).issuer.verdict is Verdict.BAD


@GENERATIONS
def test_a_signer_s_certificate_without_extensions_is_taken(generation: int) -> None:
    """What real ones have is published nowhere."""
    assert of_tests(generation, signer(generation, [])).overall is Verdict.GOOD


@GENERATIONS
def test_an_anchor_that_is_no_ca_is_bad(generation: int) -> None:
    found = key("ca", generation)
    for extensions in ([], [(NO_CA, True)], [(CA, True), (usage(digital_signature=True), True)]):
        other = anchor_of(certificate("CA", found, "CA", found, extensions))
        assert of_tests(generation, anchors=[other]).issuer.verdict is Verdict.BAD


@GENERATIONS
def test_a_ca_of_the_same_name_and_another_key_is_bad(generation: int) -> None:
    other = key("another", generation)
    wrong = anchor_of(certificate("CA", other, "CA", other, [(CA, True), (usage(key_cert_sign=True), True)]))
    assert of_tests(generation, anchors=[wrong]).issuer.verdict is Verdict.BAD
    assert of_tests(generation, anchors=[wrong, anchor(generation)]).overall is Verdict.GOOD


@GENERATIONS
@pytest.mark.parametrize(("at", "verdict"), [(-3, "bad"), (0, "good"), (3, "bad")])
def test_the_time_decides(generation: int, at: int, verdict: str) -> None:
    for options in ({"start": NOW - 9 * DAY, "end": NOW + 9 * DAY}, {}):
        found = signer(generation, **options)
        report = of_tests(generation, found, at=NOW + timedelta(days=at))
        assert report.validity.verdict.value == verdict
        assert report.overall.value == verdict


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(errors.UsageError):
        check(files(FIRST), at=datetime(2026, 1, 1))


def test_a_certificate_by_sha_1_proves_nothing() -> None:
    """cryptography signs none, so the simulated one is looked at as if it said so."""
    found = signer(2, digest=hashes.SHA384())
    assert of_tests(2, found).overall is Verdict.GOOD
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("mynacard.residence.certificates._HASHES", frozenset({"sha256"}))
        assert of_tests(2, found).issuer.verdict is Verdict.BAD


@GENERATIONS
def test_a_simulated_ca_is_good_only_where_one_is_wanted(generation: int) -> None:
    found = files(f"residence-{generation}-mid-term")
    unnamed = [Anchor(each.certificate) for each in anchors()]
    for given, wanted in ((anchors(), AnchorKind.PRODUCTION), (unnamed, AnchorKind.PRODUCTION), (unnamed, SIMULATED)):
        assert checked(found, anchors=given, wanted=wanted).issuer.verdict is Verdict.BAD
    assert of_tests(generation, wanted=SIMULATED).issuer.verdict is Verdict.BAD


@GENERATIONS
def test_the_test_ca_is_good_only_where_it_is_wanted(generation: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agency's own is not to be had: the tests' CA takes its place in the table."""
    found = authority(generation)
    row = anchors_module.PUBLISHED[-1]
    assert row.kind is AnchorKind.TEST
    monkeypatch.setitem(anchors_module._BY_DIGEST, found.fingerprint(hashes.SHA256()), row)
    assert of_tests(generation, anchors=[anchor_of(found)]).issuer.verdict is Verdict.BAD
    report = of_tests(generation, anchors=[anchor_of(found)], wanted=AnchorKind.TEST)
    assert report.overall is Verdict.GOOD
    assert report.anchor is not None
    assert report.anchor.published == row


# --- what is no certificate, no key, no signature ----------------------------------------------------------------


@GENERATIONS
@pytest.mark.parametrize("der", [b"\x30\x80", b"\x30\x03\x02\x01\x01", b"nonsense", b"\x30\x82\xff\xff\x00"])
def test_a_certificate_that_is_none_is_bad(generation: int, der: bytes) -> None:
    report = checked(with_signature(generation, b"\x5a" * (256 if generation == 1 else 96), der))
    assert report.signature.verdict is Verdict.BAD
    assert report.overall is Verdict.BAD


@GENERATIONS
def test_a_signature_without_certificate_is_bad(generation: int) -> None:
    report = checked(with_signature(generation, b"\x5a" * (256 if generation == 1 else 96), b""))
    assert report.overall is Verdict.BAD
    assert Label.SIGNED_AND_BAD in report.labels.values()


@pytest.mark.parametrize(
    "value", [b"", b"\0" * 96, b"\0" * 47 + b"\1" + b"\0" * 48, b"\xff" * 96, b"\x30\x03\x02\x01\x01"]
)
def test_a_signature_of_nonsense_is_none(value: bytes) -> None:
    der = signer(2).public_bytes(Encoding.DER)
    report = check(with_signature(2, value, der), [anchor(2)], at=NOW)
    assert report.overall is (Verdict.BAD if value.strip(b"\0") else Verdict.NOT_CHECKED)
    assert Label.SIGNED_AND_GOOD not in report.labels.values()


def test_a_signature_by_another_kind_of_key_is_bad() -> None:
    """An elliptic key under the first generation, a smaller RSA key, another curve under the second."""
    small, curve = rsa.generate_private_key(65537, 1024), ec.generate_private_key(ec.SECP256R1())
    extensions = [(usage(digital_signature=True), True)]
    for generation, foreign in ((1, key("signer", 2)), (1, small), (2, curve), (2, key("small-rsa", 1))):
        der = certificate("S", foreign, "CA", key("ca", generation), extensions).public_bytes(Encoding.DER)
        if len(der) > (1200 if generation == 1 else 602):
            continue
        value = b"\x5a" * (256 if generation == 1 else 96)
        assert check(with_signature(generation, value, der), [anchor(generation)], at=NOW).overall is Verdict.BAD


@GENERATIONS
def test_a_photo_taken_out_of_a_signed_card_is_bad(generation: int) -> None:
    found = files(f"residence-{generation}-mid-term")
    file = First.FACE if generation == 1 else Second.IMAGES
    values = dict(found.needed(file).values) | {0xD1: b""}
    report = checked(changed(found, {file: build(file, values)}))
    assert report.signature.verdict is Verdict.BAD


def test_an_ecdsa_algorithm_with_null_parameters_is_read() -> None:
    """Some parsers refuse these; cards of the second generation may have them (eringoio/zairyu-card-reader)."""
    leaf, ca = with_null(signer(2), key("ca", 2)), with_null(authority(2), key("ca", 2))
    for der in (leaf, ca):
        with pytest.raises(ValueError, match="ExtraData"):
            x509.load_der_x509_certificate(der)
        found = Certificate.load(der)
        digest = hashes.Hash(hashes.SHA256())
        digest.update(der)
        assert (found.der, found.sha256) == (der, digest.finalize())
    report = check(card_with(leaf), [Anchor.load(ca)], at=NOW)
    assert report.overall is Verdict.GOOD
    assert report.form is SignatureForm.RAW


def indefinite(der: bytes) -> bytes:
    """*der* in BER: every constructed value has an indefinite length."""
    return ber_of(der, lambda count: 2 if count == 3 else 0)


def outside(der: bytes) -> bytes:
    """*der* in BER: only the outermost value has an indefinite length."""
    return b"\x30\x80" + der[4:] + b"\x00\x00"


@pytest.mark.parametrize(("generation", "written"), [(1, indefinite), (1, outside), (2, outside)])  # 2 has no room
def test_a_signer_s_certificate_in_ber_is_read_as_its_der(generation: int, written: Callable[[bytes], bytes]) -> None:
    leaf = signer(generation)
    found, der = signed(generation, leaf), leaf.public_bytes(Encoding.DER)
    file, tag = ((First.SIGNATURE, 0xDB), (Second.SIGNATURE, 0xDD))[generation - 1]
    row = found.needed(file)
    assert stored_certificate(row, tag) == der
    stored = changed(found, {file: build(file, dict(row.values) | {tag: written(der)})})
    assert stored_certificate(stored.needed(file), tag) == der
    report = check(stored, [anchor(generation)], at=NOW)
    assert report.overall is Verdict.GOOD, report


@GENERATIONS
@pytest.mark.parametrize(
    "change",
    [
        lambda ber: ber[:-2] + b"\x01\x01",  # without its end
        lambda ber: ber[:40],
        lambda ber: ber + b"\x01",  # something follows
        lambda _: b"\x30\x80" * 200,  # nested without end
        lambda _: b"\x30\x80" + b"\x05\x00" * 200 + b"\x00\x00",
        lambda ber: ber.replace(b"\x30\x80", b"\x30\xff", 1),
    ],
)
def test_ber_that_is_no_certificate_is_bad(generation: int, change: Callable[[bytes], bytes]) -> None:
    ber = change(outside(signer(generation).public_bytes(Encoding.DER)))
    report = checked(with_signature(generation, b"\x5a" * (256 if generation == 1 else 96), ber))
    assert report.overall is Verdict.BAD


def card_with(der: bytes) -> CardFiles:
    """A card of the second generation, signed with the signer's key, whose certificate is *der*."""
    value = signed(2).needed(Second.SIGNATURE).values[0xDC]
    return changed(signed(2), {Second.SIGNATURE: build(Second.SIGNATURE, {0xDC: value, 0xDD: der})})


def with_null(found: x509.Certificate, issuer_key: object) -> bytes:
    """*found* with NULL parameters in both of its AlgorithmIdentifiers, signed so."""
    algorithm, other = bytes.fromhex("300A06082A8648CE3D040302"), bytes.fromhex("300C06082A8648CE3D0403020500")
    tbs = parse(found.tbs_certificate_bytes)
    inner = b"".join(other if bytes(each) == algorithm else bytes(each) for each in tbs.children())
    written = bytes(Tlv(0x30, inner))
    assert isinstance(issuer_key, ec.EllipticCurvePrivateKey)
    signature = issuer_key.sign(written, ec.ECDSA(hashes.SHA256()))
    return bytes(Tlv(0x30, written + other + bytes(Tlv(0x03, b"\0" + signature))))


@pytest.mark.parametrize("data", [b"", b"\x30", b"\x30\x80", b"\x30\x03\x30\x01\x00", bytes(0x4001)])
def test_what_is_no_certificate_is_no_anchor(data: bytes) -> None:
    with pytest.raises(errors.CertificateFileError):
        Anchor.load(data)


def test_an_anchor_comes_in_pem_too_and_alone() -> None:
    pem = authority(1).public_bytes(Encoding.PEM)
    assert Anchor.load(b"a comment\n" + pem).certificate.parsed.subject == authority(1).subject
    with pytest.raises(errors.CertificateFileError):
        Anchor.load(pem + pem)


# --- the table of CAs --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", vectors("residence/anchors.json"), ids=id_of)
def test_the_table_of_cas_is_the_world_s(row: Vector) -> None:
    found = next(found for found in anchors_module.PUBLISHED if found.sha256 == row.data("sha256"))
    assert (found.generation, found.kind.value) == (row.number("generation"), row.text("kind"))
    assert (found.common_name, f"{found.serial:02X}") == (row.text("common_name"), row.text("serial"))
    assert f"{found.not_before:%Y-%m-%d %H:%M:%S}" == row.text("not_before")
    assert f"{found.not_after:%Y-%m-%d %H:%M:%S}" == row.text("not_after")


def test_the_table_has_no_other_ca() -> None:
    assert len(anchors_module.PUBLISHED) == len(vectors("residence/anchors.json")) == 6


def test_test_ca_and_real_ca_have_one_name_and_one_number_and_are_told_apart() -> None:
    real, test = anchors_module.PUBLISHED[-2:]
    assert (real.common_name, real.serial) == (test.common_name, test.serial)
    assert (real.kind, test.kind) == (AnchorKind.PRODUCTION, AnchorKind.TEST)
    assert real.sha256 != test.sha256


def test_a_certificate_of_no_table_is_the_caller_s() -> None:
    found = anchor(1)
    assert (found.published, found.kind) == (None, AnchorKind.PRODUCTION)
