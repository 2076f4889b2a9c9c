"""Time stamps: had of an authority, held before OpenSSL and pyHanko, and proof only under a CA that is trusted."""

from __future__ import annotations

import asyncio
import io
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any, ClassVar, Final

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core, keys, tsp
from asn1crypto import parser as asn1_parser
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers, timestamps

from mynacard import errors
from mynacard.hashes import HashAlgorithm
from mynacard.signing import cades, cms, pades, timestamp
from mynacard.signing.content import of_bytes
from mynacard.signing.timestamp import Proof, TimeStamp, UnreadableTimeStamp, check, obtain, parse
from mynacard.trust import RevocationEvidence, Verdict
from tests.rig.pcscd import program
from tests.signing import tsa
from tests.signing.documents import CERTIFICATE, DATA, SIGNATURE
from tests.signing.pdfs import other_page, pdf, updated
from tests.signing.test_cms import OnCard
from tests.trust.authorities import AUTHENTICATION, Authority, der, holder, key, name_of, pem, usage

NOW: Final = datetime.now(UTC)
NAMED: Final = cades.sign(DATA, CERTIFICATE, key("holder"))
STAMPED: Final = cms.add_time_stamp(NAMED, tsa.answered)
FILE: Final = pades.sign(pdf(), CERTIFICATE, key("holder"), room_for_time_stamp=True)
STAMPED_FILE: Final = pades.add_time_stamp(FILE, tsa.answered)
TRUSTED: Final = (tsa.CA.certificate,)


def stamp(data: bytes = b"") -> TimeStamp:
    digest = HashAlgorithm.SHA256.digest(data)
    return parse(obtain(digest, HashAlgorithm.SHA256, tsa.answered), of_bytes(data))


STAMP: Final = stamp()


def proven(found: TimeStamp, *roots: x509.Certificate, at: datetime | None = None, **more: Any) -> Proof:
    proof = check([found], roots, at=at or datetime.now(UTC), **more)
    assert proof is not None
    return proof


def revocation_list(authority: Authority, *revoked: int, when: datetime) -> bytes:
    builder = x509.CertificateRevocationListBuilder(authority.certificate.subject, when, when + timedelta(days=1))
    for number in revoked:
        entry = x509.RevokedCertificateBuilder(number, when - timedelta(hours=1))
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(key(authority.key_name), hashes.SHA256()).public_bytes(Encoding.DER)


# --- made here, and what others say of it ----------------------------------------------------------------------------


@pytest.mark.parametrize("hash_", HashAlgorithm)
@pytest.mark.parametrize("make", [cms.sign, cades.sign])
@pytest.mark.parametrize("detached", [True, False])
def test_a_signature_gets_a_time_stamp_and_is_as_good_as_before(
    make: Callable[..., bytes], hash_: HashAlgorithm, detached: bool
) -> None:
    card = OnCard(key("holder"))
    signature = make(DATA, CERTIFICATE, card, hash_, detached=detached)
    stamped = cms.parse(cms.add_time_stamp(signature, tsa.answered))
    assert card.signatures == 1
    before = cms.parse(signature)
    assert replace(stamped, time_stamps=()) == before
    assert cms.verify(stamped, of_bytes(DATA)).verdict is Verdict.GOOD
    (found,) = stamped.time_stamps
    assert found.fits
    assert abs(found.time - datetime.now(UTC)) < timedelta(minutes=5)


def test_openssl_takes_signature_and_time_stamp(tmp_path: Path) -> None:
    (found,) = cms.parse(STAMPED).time_stamps
    (tmp_path / "value").write_bytes(cms.parse(STAMPED).value)
    (tmp_path / "token").write_bytes(found.token)
    (tmp_path / "ca.pem").write_bytes(pem(tsa.CA.certificate))
    words = [program("openssl"), "ts", "-verify", "-token_in", "-in", "token", "-CAfile", "ca.pem", "-data"]
    assert subprocess.run([*words, "value"], cwd=tmp_path, capture_output=True, check=False).returncode == 0
    assert subprocess.run([*words, "ca.pem"], cwd=tmp_path, capture_output=True, check=False).returncode != 0


def test_several_time_stamps_are_kept() -> None:
    twice = cms.add_time_stamp(STAMPED, tsa.answered)
    assert [found.fits for found in cms.parse(twice).time_stamps] == [True, True]
    assert set(cms.parse(STAMPED).time_stamps) < set(cms.parse(twice).time_stamps)


def test_more_time_stamps_than_are_read_are_not_added() -> None:
    full = NAMED
    for _ in range(cms.TIME_STAMPS_MAX):
        full = cms.add_time_stamp(full, tsa.answered)
    with pytest.raises(errors.UsageError, match="takes no more"):
        cms.add_time_stamp(full, nobody)


def test_a_pdf_gets_a_time_stamp_where_room_was_left() -> None:
    assert len(STAMPED_FILE) == len(FILE)
    (found,) = pades.read(STAMPED_FILE)
    assert (found.signature.verdict, found.rest.verdict) == (Verdict.GOOD, Verdict.GOOD)
    assert [one.fits for one in found.time_stamps] == [True]
    again = pades.sign(STAMPED_FILE, CERTIFICATE, key("holder"))
    assert [len(one.time_stamps) for one in pades.read(again)] == [1, 0]
    assert all(one.signature.verdict is Verdict.GOOD for one in pades.read(again))


def test_pdfsig_takes_a_pdf_with_a_time_stamp(tmp_path: Path) -> None:
    (tmp_path / "signed.pdf").write_bytes(STAMPED_FILE)
    done = subprocess.run([program("pdfsig"), "-nocert", "signed.pdf"], cwd=tmp_path, capture_output=True, check=False)
    assert b"Signature is Valid." in done.stdout
    assert b"Total document signed" in done.stdout


def test_without_room_there_is_no_time_stamp() -> None:
    tight = pades.sign(pdf(), CERTIFICATE, key("holder"))
    with pytest.raises(errors.PdfFileError, match="without room"):
        pades.add_time_stamp(tight, tsa.answered)


def test_what_follows_a_signature_leaves_no_time_stamp() -> None:
    for later in (updated(FILE, other_page), FILE + b"\n", pdf()):
        with pytest.raises(errors.PdfFileError):
            pades.add_time_stamp(later, nobody)


# --- made by others --------------------------------------------------------------------------------------------------


def theirs() -> timestamps.DummyTimeStamper:
    private = key("time").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    certificate: Any = asn1_x509.Certificate.load(der(tsa.CERTIFICATE))
    return timestamps.DummyTimeStamper(certificate, keys.PrivateKeyInfo.load(private))


def their_signer() -> signers.SimpleSigner:
    private = key("holder").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    certificate: Any = asn1_x509.Certificate.load(der(CERTIFICATE))
    return signers.SimpleSigner(
        signing_cert=certificate, signing_key=keys.PrivateKeyInfo.load(private), cert_registry=SimpleCertificateStore()
    )


@pytest.mark.parametrize("detached", [True, False])
def test_what_pyhanko_makes_with_a_time_stamp_is_read_here(detached: bool) -> None:
    made: Any = asyncio.run(
        their_signer().async_sign_general_data(
            io.BytesIO(DATA), "sha256", detached=detached, use_cades=True, timestamper=theirs()
        )
    )
    parsed = cms.parse(made.dump())
    assert cms.verify(parsed, of_bytes(DATA)).verdict is Verdict.GOOD
    (found,) = parsed.time_stamps
    assert proven(found, *TRUSTED).time == found.time


@pytest.mark.parametrize("kind", [fields.SigSeedSubFilter.PADES, fields.SigSeedSubFilter.ADOBE_PKCS7_DETACHED])
def test_a_pdf_that_pyhanko_made_with_a_time_stamp_is_read_here(kind: fields.SigSeedSubFilter) -> None:
    metadata = signers.PdfSignatureMetadata(field_name="theirs", md_algorithm="sha256", subfilter=kind)
    made = signers.PdfSigner(metadata, their_signer(), timestamper=theirs())
    output: Any = asyncio.run(made.async_sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf()))))
    (found,) = pades.read(output.getvalue())
    assert found.signature.verdict is Verdict.GOOD
    assert proven(*found.time_stamps, *TRUSTED).time is not None


def time_stamped_file() -> bytes:
    """A signed file with a time stamp on it, in a signature field of its own."""
    made = signers.PdfTimeStamper(theirs())
    output: Any = asyncio.run(
        made.async_timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(FILE)), "sha256", _NO_CONTEXT)
    )
    return bytes(output.getvalue())


_NO_CONTEXT: Any = None


def test_a_time_stamp_on_a_file_is_held_against_the_file() -> None:
    signed, on_file = pades.read(time_stamped_file())
    assert signed.rest.verdict is Verdict.GOOD
    assert on_file.is_time_stamp
    assert on_file.signature.verdict is Verdict.NOT_CHECKED
    (found,) = on_file.time_stamps
    assert found.fits
    assert proven(found, *TRUSTED).time == found.time
    changed = time_stamped_file().replace(b"595 842", b"595 841", 1)
    (found,) = pades.read(changed)[1].time_stamps
    assert not found.fits
    assert proven(found, *TRUSTED).step.verdict is Verdict.BAD


# --- what it proves --------------------------------------------------------------------------------------------------


def test_only_an_authority_that_was_named_proves_a_time() -> None:
    unknown = proven(STAMP)
    assert (unknown.step.verdict, unknown.time) == (Verdict.NOT_CHECKED, None)
    known = proven(STAMP, *TRUSTED)
    assert (known.step.verdict, known.time) == (Verdict.NOT_CHECKED, STAMP.time)
    assert "revocation of its authority was not checked" in known.step.text()
    other = proven(STAMP, tsa.OTHER_CA.certificate)
    assert (other.step.verdict, other.time) == (Verdict.BAD, None)


def test_all_is_good_when_revocation_was_looked_at_too() -> None:
    now = datetime.now(UTC)
    clean = RevocationEvidence((revocation_list(tsa.CA, 5, when=now),))
    assert proven(STAMP, *TRUSTED, at=now, evidence=clean) == Proof(
        proven(STAMP, *TRUSTED, at=now, evidence=clean).step, STAMP.time
    )
    assert proven(STAMP, *TRUSTED, at=now, evidence=clean).step.verdict is Verdict.GOOD
    revoked = RevocationEvidence((revocation_list(tsa.CA, 0x71, when=now),))
    proof = proven(STAMP, *TRUSTED, at=now, evidence=revoked)
    assert (proof.step.verdict, proof.time) == (Verdict.BAD, None)
    silent = RevocationEvidence((revocation_list(tsa.OTHER_CA, when=now),))
    proof = proven(STAMP, *TRUSTED, at=now, evidence=silent)
    assert (proof.step.verdict, proof.time) == (Verdict.NOT_CHECKED, STAMP.time)


def test_a_chain_of_two_is_walked_to_its_end() -> None:
    now = datetime.now(UTC)
    middle = Authority(
        holder(tsa.CA, "time ca 2", serial=0x99, subject=name_of("TIME-LIKE 2"), extensions=[
            (x509.BasicConstraints(ca=True, path_length=0), True), (usage("key_cert_sign", "crl_sign"), True),
        ]), "time ca 2",
    )  # fmt: skip
    leaf = holder(middle, "time", extensions=tsa.STAMPING, serial=0x98)
    private: Any = keys.PrivateKeyInfo.load(
        key("time").private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    )
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    between: Any = asn1_x509.Certificate.load(der(middle.certificate))
    store = SimpleCertificateStore()
    store.register(between)
    made: Any = timestamps.DummyTimeStamper(asn1_x509.Certificate.load(der(leaf)), private, certs_to_embed=store)
    token = asyncio.run(made.async_timestamp(HashAlgorithm.SHA256.digest(b""), "sha256")).dump()
    found = parse(token, of_bytes(b""))
    both = (revocation_list(tsa.CA, when=now), revocation_list(middle, when=now))
    assert proven(found, *TRUSTED, at=now, evidence=RevocationEvidence(both)).step.verdict is Verdict.GOOD
    for one in both:
        proof = proven(found, *TRUSTED, at=now, evidence=RevocationEvidence((one,)))
        assert proof.step.verdict is Verdict.NOT_CHECKED
    for revoked in (
        (revocation_list(tsa.CA, 0x99, when=now), both[1]),
        (both[0], revocation_list(middle, 0x98, when=now)),
    ):
        proof = proven(found, *TRUSTED, at=now, evidence=RevocationEvidence(revoked))
        assert (proof.step.verdict, proof.time) == (Verdict.BAD, None)


def test_a_wrong_clock_is_not_taken_for_a_forgery() -> None:
    early = proven(STAMP, *TRUSTED, at=NOW - timedelta(days=30))
    assert (early.step.verdict, early.time) == (Verdict.NOT_CHECKED, None)
    assert "later than the time that matters" in early.step.text()


def test_an_authority_that_expired_proves_nothing_any_more() -> None:
    proof = proven(STAMP, *TRUSTED, at=tsa.CERTIFICATE.not_valid_after_utc + timedelta(days=1))
    assert (proof.step.verdict, proof.time) == (Verdict.BAD, None)


def test_the_best_of_several_counts_and_the_earliest_of_those() -> None:
    unknown = replace(STAMP, fits=False)
    later = stamp()
    proof = check([unknown, later, STAMP], TRUSTED, at=datetime.now(UTC))
    assert proof is not None
    assert proof.time == STAMP.time
    assert check([], TRUSTED, at=NOW) is None


def test_a_time_needs_a_zone() -> None:
    with pytest.raises(errors.UsageError):
        check([STAMP], TRUSTED, at=datetime(2026, 1, 1))


def test_checking_works_in_an_event_loop() -> None:
    async def in_a_loop() -> None:
        assert proven(STAMP, *TRUSTED).time == STAMP.time

    asyncio.run(in_a_loop())


@pytest.mark.parametrize(
    "extensions",
    [
        AUTHENTICATION,
        [*AUTHENTICATION, (tsa.FOR_TIME, False)],
        [*AUTHENTICATION, (x509.ExtendedKeyUsage([*tsa.FOR_TIME, x509.ObjectIdentifier("1.3.6.1.5.5.7.3.4")]), True)],
    ],
)
def test_a_certificate_that_is_not_for_time_stamps_alone_proves_no_time(extensions: Any) -> None:
    certificate = holder(tsa.CA, "time", extensions=extensions)
    token = their_token(certificate)
    proof = proven(parse(token, of_bytes(b"")), *TRUSTED)
    assert (proof.step.verdict, proof.time) == (Verdict.BAD, None)


def their_token(certificate: x509.Certificate, key_name: str = "time") -> bytes:
    """A token for no bytes that pyHanko makes with any certificate."""
    private = key(key_name).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    made: Any = timestamps.DummyTimeStamper(
        asn1_x509.Certificate.load(der(certificate)), keys.PrivateKeyInfo.load(private)
    )
    return bytes(asyncio.run(made.async_timestamp(HashAlgorithm.SHA256.digest(b""), "sha256")).dump())


def test_a_token_signed_by_another_key_is_forged() -> None:
    proof = proven(parse(their_token(tsa.CERTIFICATE, "somebody"), of_bytes(b"")), *TRUSTED)
    assert proof.step.verdict is Verdict.BAD
    assert "forged" in proof.step.text()


def test_every_bit_of_a_token_matters_or_is_refused() -> None:
    """No change of one bit proves another time."""
    token = bytearray(STAMP.token)
    for position in range(0, 8 * len(token), 97):
        token[position // 8] ^= 1 << position % 8
        try:
            proof = proven(parse(bytes(token), of_bytes(b"")), *TRUSTED)
        except errors.MynacardError:
            proof = None
        assert proof is None or proof.time in (None, STAMP.time)
        token[position // 8] ^= 1 << position % 8


# --- answers that are none -------------------------------------------------------------------------------------------


def nobody(_request: bytes) -> bytes:
    raise AssertionError("somebody was asked")


def refused(_request: bytes) -> bytes:
    status: Any = tsp.PKIStatusInfo({"status": "rejection", "status_string": ["no money\x1b[2J left"]})
    return b"\x30" + bytes((len(status.dump()),)) + bytes(status.dump())


def other_question(request: bytes) -> bytes:
    asked: Any = tsp.TimeStampReq.load(request)
    asked["nonce"] = 7
    return tsa.answered(asked.dump(force=True))


def other_digest(request: bytes) -> bytes:
    asked: Any = tsp.TimeStampReq.load(request)
    asked["message_imprint"]["hashed_message"] = bytes(32)
    return tsa.answered(asked.dump(force=True))


def flipped(request: bytes) -> bytes:
    answer = bytearray(tsa.answered(request))
    answer[-1] ^= 1
    return bytes(answer)


@pytest.mark.parametrize(
    ("ask", "reason"),
    [
        (refused, r"no money\\x1b\[2J left"),
        (other_question, "another question"),
        (other_digest, "something else"),
        (flipped, "something else, or its signature is wrong"),
        (lambda _: b"", "not a time stamp"),
        (lambda _: b"<html>", "not a time stamp"),
        (lambda _: SIGNATURE, "not a time stamp"),
        (lambda request: tsa.answered(request)[:-1], "not a time stamp"),
        (lambda request: tsa.answered(request) + b"\0", "not a time stamp"),
        (lambda _: bytes(100_000), "not a time stamp"),
        (lambda _: tsa.answered(b"no request"), "Bad request format"),
    ],
)
def test_an_answer_that_is_no_time_stamp_is_an_error_and_nothing_is_lost(ask: timestamp.Ask, reason: str) -> None:
    for add, signed in ((cms.add_time_stamp, NAMED), (pades.add_time_stamp, FILE)):
        with pytest.raises(errors.TimeStampError, match=reason) as raised:
            add(signed, ask)
        assert raised.value.code == "signature/time-stamp"


@pytest.mark.parametrize("token", [b"", b"\x30\x00", SIGNATURE, bytes(20_000)], ids=len)
def test_what_is_no_token_is_an_error(token: bytes) -> None:
    with pytest.raises(errors.CertificateFileError):
        parse(token, of_bytes(b""))


def with_unsigned(attribute: Any, signature: bytes = NAMED) -> bytes:
    info: Any = asn1_cms.ContentInfo.load(signature)
    info["content"]["signer_infos"][0]["unsigned_attrs"] = asn1_cms.CMSAttributes([attribute])
    return bytes(info.dump())


def test_a_time_stamp_of_another_signature_is_seen() -> None:
    token: Any = asn1_cms.ContentInfo.load(STAMP.token)
    attribute = asn1_cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [token]})
    (found,) = cms.parse(with_unsigned(attribute)).time_stamps
    assert proven(found, *TRUSTED).step.code == "time-stamp/other"


class _Values(core.SetOf):
    _child_spec = core.Any


class _Attribute(core.Sequence):
    """An attribute that asn1crypto does not look into."""

    _fields: ClassVar = [("type", core.ObjectIdentifier), ("values", _Values)]


def with_tokens(*tokens: bytes) -> bytes:
    """The signature with these, one attribute each, in the place of time stamps: anyone can put them there."""
    values: Any = [_Values([core.Any.load(token)]) for token in tokens]
    attributes = [_Attribute({"type": "1.2.840.113549.1.9.16.2.14", "values": value}).dump() for value in values]
    unsigned = asn1_parser.emit(2, 1, 1, b"".join(sorted(attributes)))
    info: Any = asn1_cms.ContentInfo.load(NAMED)
    signed, (signer,) = info["content"], info["content"]["signer_infos"]
    signers = asn1_parser.emit(0, 1, 17, asn1_parser.emit(0, 1, 16, signer.contents + unsigned))
    names = ("version", "digest_algorithms", "encap_content_info", "certificates")
    parts = b"".join(signed[name].dump() for name in names)
    content = asn1_parser.emit(2, 1, 0, asn1_parser.emit(0, 1, 16, parts + signers))
    return asn1_parser.emit(0, 1, 16, info["content_type"].dump() + content)


def with_digest(algorithm: str, digest: bytes) -> bytes:
    """The token with another digest, or a digest by another algorithm."""
    token: Any = asn1_cms.ContentInfo.load(STAMP.token)
    imprint = token["content"]["encap_content_info"]["content"].parsed["message_imprint"]
    imprint["hash_algorithm"]["algorithm"], imprint["hashed_message"] = algorithm, digest
    return bytes(token.dump(force=True))


UNREADABLE: Final = {
    "a signature": SIGNATURE,
    "a number": core.Integer(5).dump(),
    "nothing": core.Null().dump(),
    "an empty sequence": b"\x30\x00",
    "too long": core.OctetString(bytes(timestamp.TIME_STAMP_MAX)).dump(),
    "by SHA-1": with_digest("sha1", bytes(20)),
    "by MD5": with_digest("md5", bytes(16)),
    "by an unknown algorithm": with_digest("1.2.3.4", bytes(32)),
}


@pytest.mark.parametrize("token", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_a_time_stamp_is_one_bad_time_stamp(token: bytes) -> None:
    parsed = cms.parse(with_tokens(token))
    assert cms.verify(parsed, of_bytes(DATA)).verdict is Verdict.GOOD
    (found,) = parsed.time_stamps
    assert isinstance(found, UnreadableTimeStamp)
    for roots in ((), TRUSTED):
        proof = check([found], roots, at=NOW)
        assert proof == Proof(found.reason)
    assert (found.reason.verdict, found.reason.code) == (Verdict.BAD, "time-stamp/unreadable")
    assert "{" not in found.reason.text()
    (good,) = cms.parse(STAMPED).time_stamps
    several = cms.parse(with_tokens(token, good.token)).time_stamps
    assert check(several, TRUSTED, at=datetime.now(UTC)) == check([good], TRUSTED, at=datetime.now(UTC))


@pytest.mark.parametrize("digest", [bytes(32), HashAlgorithm.SHA256.digest(DATA)], ids=["zeros", "the document's"])
def test_a_time_stamp_for_another_digest_is_bad(digest: bytes) -> None:
    (found,) = cms.parse(with_tokens(with_digest("sha256", digest))).time_stamps
    proof = proven(found, *TRUSTED)
    assert (proof.step.code, proof.time) == ("time-stamp/other", None)


def test_a_time_stamp_of_the_future_proves_nothing_whatever_time_matters() -> None:
    tomorrow = NOW + timedelta(days=1)
    assert proven(STAMP, *TRUSTED, at=tomorrow, now=NOW - timedelta(days=30)).step.code == "time-stamp/later"
    assert proven(STAMP, *TRUSTED, at=tomorrow, now=tomorrow).time == STAMP.time


def test_other_unsigned_attributes_are_passed_over_and_kept() -> None:
    attribute: Any = asn1_cms.CMSAttribute({"type": "1.2.3.4", "values": []})
    signed = with_unsigned(attribute)
    assert cms.parse(signed).time_stamps == ()
    stamped = cms.add_time_stamp(signed, tsa.answered)
    assert [found.fits for found in cms.parse(stamped).time_stamps] == [True]
    assert attribute.dump() in stamped


# --- over the wire ---------------------------------------------------------------------------------------------------


def test_an_authority_is_asked_once_over_http() -> None:
    with tsa.served() as (url, requests):
        stamped = cms.add_time_stamp(NAMED, timestamp.ask_http(url))
    assert len(requests) == 1
    assert NAMED not in requests[0]
    (found,) = cms.parse(stamped).time_stamps
    assert found.fits


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (500, b"", "HTTP status 500"),
        (404, b"x", "HTTP status 404"),
        (302, b"", "HTTP status 302"),
        (200, b"", "not a time stamp"),
        (200, bytes(5_000_000), "not a time stamp"),
    ],
)
def test_what_a_server_says_otherwise_is_an_error(status: int, body: bytes, reason: str) -> None:
    with (
        tsa.served(status, body, Location="http://127.0.0.1:9/") as (url, requests),
        pytest.raises(errors.TimeStampError, match=reason),
    ):
        cms.add_time_stamp(NAMED, timestamp.ask_http(url))
    assert len(requests) == 1


def test_nobody_there_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(errors.TimeStampError, match="cannot be reached"):
        cms.add_time_stamp(NAMED, timestamp.ask_http(f"http://127.0.0.1:{port}/"))


def test_a_server_that_drips_is_left() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                while connection.recv(1000):  # until it is closed
                    connection.sendall(b"x")

        Thread(target=drip, daemon=True).start()
        ask = timestamp.ask_http(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout_s=0.3)
        with pytest.raises(errors.TimeStampError, match=r"within 0\.3 s"):
            cms.add_time_stamp(NAMED, ask)


@pytest.mark.parametrize(
    "url", ["", "tsa.example", "ftp://tsa.example/", "http://", "http://u:p@tsa.example", "http://[", "http://x:y/",
            "http://tsa.example/\n", "file:///etc/passwd", "http://tsa.example:99999/"],
)  # fmt: skip
def test_an_address_that_cannot_be_asked_is_refused_at_once(url: str) -> None:
    with pytest.raises(errors.UsageError) as raised:
        timestamp.ask_http(url)
    assert ":p@" not in str(raised.value)


def test_asking_does_not_hold_up_an_event_loop() -> None:
    async def in_a_loop() -> None:
        with pytest.raises(errors.UsageError, match="loop"):
            cms.add_time_stamp(NAMED, timestamp.ask_http("http://127.0.0.1:9/"))
        with tsa.served() as (url, _):
            await asyncio.to_thread(cms.add_time_stamp, NAMED, timestamp.ask_http(url))

    asyncio.run(in_a_loop())


def test_only_the_extra_can_ask_and_check_and_nobody_is_asked_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyhanko", None)
    for call in (lambda: cms.add_time_stamp(NAMED, nobody), lambda: check([STAMP], TRUSTED, at=datetime.now(UTC))):
        with pytest.raises(errors.MissingExtraError, match=r"mynacard\[pdf\]"):
            call()
    assert cms.parse(STAMPED).time_stamps[0].fits
    assert proven(STAMP).step.verdict is Verdict.NOT_CHECKED
