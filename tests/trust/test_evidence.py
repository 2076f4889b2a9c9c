"""Loaded revocation data: the same answers as without loading, in the same time for every length, in every process."""

from __future__ import annotations

import pickle
import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from mynacard import errors
from mynacard.trust import Anchor, RevocationEvidence
from mynacard.trust.plain_lists import TOLERANCE
from mynacard.trust.revocation import EVIDENCE_MAX, revocation
from tests.trust.authorities import DOCUMENT, END, NOW, START, authority, holder, key, name_of, points
from tests.trust.test_revocation import GONE, answer, crl

CA: Final = authority()
OLD: Final = authority("ca 2", serial=2)
OTHER: Final = authority("another ca", organization="OTHER-LIKE")
ISSUERS: Final = tuple(ca.certificate for ca in (OLD, CA, OTHER))
UNUSUAL: Final = (x509.PolicyConstraints(None, 1), False)
CERTIFICATES: Final = (
    holder(CA),
    holder(CA, serial=7),
    holder(CA, serial=8, extensions=[*DOCUMENT, (x509.BasicConstraints(ca=True, path_length=None), True)]),
    holder(CA, serial=9, extensions=[*DOCUMENT, UNUSUAL]),
    holder(CA, serial=10, names_issuer=name_of("jpki-like")),
    holder(CA, serial=11, subject=CA.certificate.subject),
)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
NUMBER: Final = (x509.CRLNumber(3), False)


def point(**parts: object) -> tuple[x509.ExtensionType, bool]:
    usual: dict[str, object] = {
        "full_name": None, "relative_name": None, "only_contains_user_certs": False, "only_contains_ca_certs": False,
        "only_some_reasons": None, "indirect_crl": False, "only_contains_attribute_certs": False,
    }  # fmt: skip
    return x509.IssuingDistributionPoint(**(usual | parts)), True  # type: ignore[arg-type]


EXTENSIONS: Final = (
    (),
    (),
    (NUMBER, (x509.AuthorityKeyIdentifier.from_issuer_public_key(key("ca 3").public_key()), False)),
    (point(full_name=[x509.DirectoryName(CA.certificate.subject)]), NUMBER),
    (point(full_name=[x509.DirectoryName(CA.certificate.subject)], only_contains_user_certs=True),),
    (point(full_name=[x509.DirectoryName(name_of("SOMEWHERE ELSE"))]),),
    (point(full_name=[x509.UniformResourceIdentifier("http://made-up.invalid/crl")]),),
    (point(only_contains_user_certs=True),),
    (point(only_contains_ca_certs=True),),
    (point(only_contains_attribute_certs=True),),
    (point(indirect_crl=True),),
    (point(only_some_reasons=frozenset({x509.ReasonFlags.key_compromise})),),
    ((x509.FreshestCRL(list(points(CA.certificate.subject))), False),),
    ((x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True),),
)
ENTRY_EXTENSIONS: Final = (
    None,
    x509.CRLReason(x509.ReasonFlags.superseded),
    x509.CRLReason(x509.ReasonFlags.certificate_hold),
    x509.CRLReason(x509.ReasonFlags.privilege_withdrawn),
    x509.CRLReason(x509.ReasonFlags.remove_from_crl),
    x509.InvalidityDate(datetime(2026, 2, 1)),
    x509.CertificateIssuer([x509.DirectoryName(name_of("SOMEWHERE ELSE"))]),
    x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.5"), b"\x05\x00"),
)


def any_list(draw: random.Random) -> bytes:
    """A list that is usual, or unusual in one way or several."""
    made = draw.choice([NOW - 30 * DAY, NOW - DAY, NOW - HOUR, NOW, NOW + TOLERANCE, NOW + DAY, END + DAY])
    issuer = draw.choice([CA.certificate.subject] * 9 + [name_of("jpki-like"), OTHER.certificate.subject])
    usual = draw.random() < 0.7
    builder = x509.CertificateRevocationListBuilder(issuer, made, made + draw.choice([HOUR, DAY, 60 * DAY]))
    for _ in range(draw.randrange(4)):
        serial = draw.choice([*CERTIFICATES, *CERTIFICATES[:1] * 3]).serial_number
        entry = x509.RevokedCertificateBuilder(serial, draw.choice([START, NOW - DAY, NOW, NOW + DAY]))
        extension = draw.choice(ENTRY_EXTENSIONS[: 4 if usual else None])
        critical = draw.random() < 0.2
        builder = builder.add_revoked_certificate(
            (entry if extension is None else entry.add_extension(extension, critical)).build()
        )
    for extension, critical in draw.choice(EXTENSIONS[: 5 if usual else None]):
        builder = builder.add_extension(extension, critical)
    hash_ = draw.choice([hashes.SHA256(), hashes.SHA256(), hashes.SHA512()])
    made_der = bytearray(builder.sign(key(draw.choice(["ca 3"] * 8 + ["ca 2"])), hash_).public_bytes(Encoding.DER))
    if not usual and draw.random() < 0.3:
        made_der[draw.randrange(len(made_der))] ^= 1 << draw.randrange(8)
    return bytes(made_der)


def outcome(evidence: RevocationEvidence, certificate: x509.Certificate, at: datetime) -> object:
    return revocation(certificate, CA.certificate, evidence, at=at, now=NOW)


def compared(seed: int, count: int) -> Counter[str]:
    """How often *count* drawn questions got which answer, and how often the loaded lists decided it."""
    draw, seen = random.Random(seed), Counter[str]()
    for _ in range(count):
        crls = [any_list(draw) for _ in range(draw.choice([1, 1, 2, 3]))]
        ocsps = [answer(GONE, certificate=draw.choice(CERTIFICATES[:2]))] if draw.random() < 0.1 else []
        try:
            loaded = RevocationEvidence.load(crls, ocsps, issuers=ISSUERS)
        except errors.CertificateFileError as error:
            with pytest.raises(errors.CertificateFileError, match="cannot be used") as again:
                outcome(RevocationEvidence(tuple(crls), tuple(ocsps)), CERTIFICATES[0], NOW)
            assert again.value.text() == error.text()
            seen["unreadable"] += 1
            continue
        certificate = draw.choice([*CERTIFICATES[:2] * 4, *CERTIFICATES])
        at = draw.choice([START, NOW - 2 * DAY, NOW, NOW + HOUR, NOW + HOUR + TOLERANCE, NOW + 90 * DAY, END])
        step = revocation(certificate, CA.certificate, RevocationEvidence(tuple(crls), tuple(ocsps)), at=at, now=NOW)
        assert revocation(certificate, CA.certificate, loaded, at=at, now=NOW) == step
        decided = loaded.decided(certificate, CA.certificate, at, NOW + TOLERANCE)
        seen.update([step.code, "decided" if decided is not None else "asked"])
    return seen


def test_loaded_data_give_the_same_answer_whatever_the_lists_hold() -> None:
    seen = compared(1, 40)
    assert min(seen["decided"], seen["asked"]) > 10


@pytest.mark.thorough("minutes")
def test_loaded_data_give_the_same_answer_to_very_many_lists() -> None:
    seen = compared(2, 10_000)
    verdicts = ("good", "revoked", "stale", "silent", "future")
    assert min(seen["decided"], seen["asked"]) > 2_500
    assert min(seen["unreadable"], *(seen[f"revocation/{code}"] for code in verdicts)) > 50


def test_a_list_in_its_usual_form_decides_by_itself() -> None:
    data = crl([(7, NOW - DAY, x509.ReasonFlags.superseded)], extensions=[NUMBER])
    loaded = RevocationEvidence.load([data], issuers=ISSUERS)
    good, revoked = (loaded.decided(item, CA.certificate, NOW, NOW) for item in CERTIFICATES[:2])
    assert good is not None
    assert good.code == "revocation/good"
    assert revoked is not None
    assert revoked.text() == ("The certificate was revoked on 2026-06-30 00:00:00 UTC: another one took its place.")


def test_what_an_answer_mentions_is_not_decided_by_lists() -> None:
    loaded = RevocationEvidence.load([crl()], [answer(certificate=CERTIFICATES[1])], issuers=ISSUERS)
    assert loaded.decided(CERTIFICATES[0], CA.certificate, NOW, NOW) is not None
    assert loaded.decided(CERTIFICATES[1], CA.certificate, NOW, NOW) is None


def test_loaded_data_know_when_they_were_made_and_until_when_they_are_fresh() -> None:
    data = [crl(made=NOW - DAY, until=NOW + DAY), crl(made=NOW - HOUR, until=NOW + HOUR)]
    loaded = RevocationEvidence.load(data, [answer(made=NOW - 2 * HOUR, until=NOW + 2 * DAY)], issuers=ISSUERS)
    assert (loaded.made, loaded.until) == (NOW - HOUR, NOW + HOUR)
    unread = RevocationEvidence(tuple(data))
    assert (unread.made, unread.until) == (None, None)
    nothing = RevocationEvidence.load(issuers=ISSUERS)
    assert (nothing.made, nothing.until, bool(nothing)) == (None, None, False)


def test_data_are_equal_and_pickled_by_their_bytes() -> None:
    loaded = RevocationEvidence.load([crl([(7, START, None)])], [answer()], issuers=ISSUERS)
    again = pickle.loads(pickle.dumps(loaded))
    assert again == loaded == RevocationEvidence(loaded.crls, loaded.ocsps)
    assert hash(again) == hash(loaded)
    assert again.until == loaded.until
    step = again.decided(CERTIFICATES[1], CA.certificate, NOW, NOW)
    assert step is not None
    assert step.code == "revocation/revoked"
    unread = RevocationEvidence(loaded.crls)
    assert pickle.loads(pickle.dumps(unread)) == unread
    assert pickle.loads(pickle.dumps(unread)).until is None


def test_an_anchor_is_pickled_by_its_certificate_s_der() -> None:
    for anchor in (Anchor(CA.certificate), Anchor(CA.certificate, simulated=True)):
        assert pickle.loads(pickle.dumps(anchor)) == anchor


def test_a_list_is_read_once_and_not_for_each_question(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = RevocationEvidence.load([crl()], issuers=ISSUERS)
    monkeypatch.setattr("mynacard.trust.evidence._read", None)
    monkeypatch.setattr("mynacard.trust.revocation._judged", None)
    assert revocation(CERTIFICATES[0], CA.certificate, loaded, at=NOW, now=NOW).code == "revocation/good"


def test_what_is_no_list_is_an_error_when_it_is_loaded() -> None:
    for data in (b"", crl() + b"\0", bytes(EVIDENCE_MAX + 1)):
        with pytest.raises(errors.CertificateFileError, match=r"^Revocation list 2 cannot be used"):
            RevocationEvidence.load([crl(), data], issuers=ISSUERS)
    with pytest.raises(errors.UsageError, match="Certificate is wanted, not Anchor"):
        RevocationEvidence.load([crl()], issuers=[Anchor(CA.certificate)])  # type: ignore[list-item]


@pytest.mark.thorough("a list of 16 MiB takes long")
def test_the_longest_list_is_loaded_and_then_asked_as_fast_as_a_short_one() -> None:
    builder = x509.CertificateRevocationListBuilder(CA.certificate.subject, NOW - DAY, NOW + DAY)
    entries = (x509.RevokedCertificateBuilder((1 << 62) + serial, START).build() for serial in range(560_000))
    for entry in entries:
        builder._revoked_certificates.append(entry)  # type: ignore[attr-defined]  # adding copies all of them
    data = builder.sign(key("ca 3"), hashes.SHA256()).public_bytes(Encoding.DER)
    assert EVIDENCE_MAX * 0.9 < len(data) <= EVIDENCE_MAX
    loaded = RevocationEvidence.load([data], issuers=ISSUERS)
    assert revocation(CERTIFICATES[0], CA.certificate, loaded, at=NOW, now=NOW).code == "revocation/good"
    gone = holder(CA, serial=(1 << 62) + 5)
    assert revocation(gone, CA.certificate, loaded, at=NOW, now=NOW).code == "revocation/revoked"
