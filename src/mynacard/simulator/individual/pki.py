"""The test PKI: two certificate authorities and the certificates of simulated holders, in the shape of JPKI's.

Every name in it has ``O=JPKI-SIM`` and none leads to JPKI, so that nothing here can be taken for the real thing.
Sans-IO: keys, serial numbers and times are passed in.

Profiles: the published J-LIS root certificates, and what jpki/myna, soltia48/myna-card, nunnun/jpki-local-signer and
others report of holders' certificates (docs/simulator.md has the list, and what is not known).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from mynacard._dataclasses import dataclass
from mynacard.apdu.tlv import Tlv
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION, KeyPair
from mynacard.simulator.choices import chosen
from mynacard.simulator.individual.holder import Holder

__all__ = ["ORGANIZATION", "Profile", "ca_certificate", "holder_certificate", "profile_of"]

ORGANIZATION: Final = "JPKI-SIM"
CA_YEARS: Final = 20
HOLDER_YEARS: Final = 5
_AGENCY: Final = "Simulated Agency, not J-LIS"
_CPS: Final = "http://jpki-sim.invalid/cps.html"
_HOLDER_OTHER_NAMES: Final = "1.2.392.200149.8.5.5"
_TOKYO_MIDNIGHT: Final = timedelta(hours=-9, seconds=-1)  # the last second of a day in Japan, as UTC of the next day


@dataclass(frozen=True, slots=True)
class Profile:
    """The differences between the certificates of the two key pairs."""

    unit: str
    policy: str
    content_commitment: bool
    names_holder: bool


_PROFILES: Final = {
    USER_AUTHENTICATION.name: Profile("JPKI for user authentication", "1.2.392.200149.8.5.1.3.30", False, False),
    DIGITAL_SIGNATURE.name: Profile("JPKI for digital signature", "1.2.392.200149.8.5.1.1.20", True, True),
}


def profile_of(pair: KeyPair) -> Profile:
    """The certificate profile of *pair*."""
    return _PROFILES[pair.name]


def ca_certificate(pair: KeyPair, key: rsa.RSAPrivateKey, serial: int, now: datetime) -> x509.Certificate:
    """The self-signed certificate of the CA of *pair*, valid for twenty years."""
    name = _ca_name(pair)
    builder = _begin(name, name, key.public_key(), serial, now, now + timedelta(days=365 * CA_YEARS))
    builder = builder.add_extension(key_usage(ca=True), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName([_agency_name()]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    return _points(builder, name).sign(key, hashes.SHA256())


def holder_certificate(
    pair: KeyPair,
    holder: Holder,
    public_key: rsa.RSAPublicKey,
    authority: tuple[x509.Certificate, rsa.RSAPrivateKey],
    serial: int,
    now: datetime,
) -> x509.Certificate:
    """The holder's certificate of *pair*, valid until the holder's fifth birthday after *now*."""
    issuer, issuer_key = authority
    profile = profile_of(pair)
    subject = _holder_name(pair, serial)
    builder = _begin(subject, issuer.subject, public_key, serial, now, _fifth_birthday(holder.birth_date, now))
    builder = builder.add_extension(key_usage(content_commitment=profile.content_commitment), critical=True)
    builder = builder.add_extension(_policies(profile.policy), critical=True)
    if profile.names_holder:
        builder = builder.add_extension(_other_names(holder), critical=False)
    builder = builder.add_extension(x509.IssuerAlternativeName([_agency_name()]), critical=False)
    builder = builder.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False
    )
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    return _points(builder, issuer.subject).sign(issuer_key, hashes.SHA256())


def revocation_list(
    issuer: x509.Certificate, issuer_key: rsa.RSAPrivateKey, serials: Iterable[int], now: datetime
) -> x509.CertificateRevocationList:
    """The revocation list of *issuer*, valid for a day; *serials* are revoked from the issuer's first day on.

    Its number is the second in which it is made. Source: RFC 5280 §5.2.1 (the issuer's key), §5.2.3 (the number).
    """
    builder = x509.CertificateRevocationListBuilder(
        issuer.subject, now.replace(microsecond=0), (now + timedelta(days=1)).replace(microsecond=0)
    )
    of_issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = builder.add_extension(of_issuer, critical=False)
    builder = builder.add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
    for serial in serials:
        entry = x509.RevokedCertificateBuilder(serial, issuer.not_valid_before_utc)
        builder = builder.add_revoked_certificate(
            entry.add_extension(x509.CRLReason(x509.ReasonFlags.affiliation_changed), critical=False).build()
        )
    return builder.sign(issuer_key, hashes.SHA256())


def der(certificate: x509.Certificate) -> bytes:
    """*certificate* in DER, as a card's file holds it."""
    return certificate.public_bytes(Encoding.DER)


def _begin(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, serial: int, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return x509.CertificateBuilder(
        issuer, subject, key, serial, start.replace(microsecond=0), end.replace(microsecond=0)
    )


def _points(builder: x509.CertificateBuilder, name: x509.Name) -> x509.CertificateBuilder:
    """The place of the revocation list: a directory name and no URL, as in JPKI's certificates."""
    place = chosen(
        x509.DirectoryName(name),
        "revocation pointers in certificates",
        "a directory name, as in the roots",
        "? for holders' certificates",
    )
    point = x509.DistributionPoint([place], None, None, None)
    return builder.add_extension(x509.CRLDistributionPoints([point]), critical=False)


def _ca_name(pair: KeyPair) -> x509.Name:
    return _name((NameOID.ORGANIZATIONAL_UNIT_NAME, profile_of(pair).unit), (NameOID.ORGANIZATIONAL_UNIT_NAME, _AGENCY))


def _holder_name(pair: KeyPair, serial: int) -> x509.Name:
    common_name = (NameOID.COMMON_NAME, f"SIM{serial:019X}"[:22])
    if profile_of(pair).names_holder:
        return _name((NameOID.LOCALITY_NAME, "Mihon-ku"), common_name)
    return _name(common_name)


def _name(*attributes: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    head = [(NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, ORGANIZATION)]
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in (*head, *attributes)])


def _agency_name() -> x509.DirectoryName:
    return x509.DirectoryName(_name((NameOID.ORGANIZATIONAL_UNIT_NAME, "公的個人認証サービスの模擬")))


def key_usage(*, content_commitment: bool = False, ca: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=content_commitment,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _policies(policy: str) -> x509.CertificatePolicies:
    return x509.CertificatePolicies([x509.PolicyInformation(x509.ObjectIdentifier(policy), [_CPS])])


def _other_names(holder: Holder) -> x509.SubjectAlternativeName:
    """Name, birth date, sex, address, and for each character of name and address whether it is a substitute."""
    values = {
        1: holder.name,
        4: holder.birth_date_with_era,
        3: holder.sex,
        5: holder.address,
        2: "0" * len(holder.name),
        6: "0" * len(holder.address),
    }  # the order in which cards have them
    return x509.SubjectAlternativeName(
        x509.OtherName(x509.ObjectIdentifier(f"{_HOLDER_OTHER_NAMES}.{arc}"), _utf8_string(text))
        for arc, text in values.items()
    )


def _utf8_string(text: str) -> bytes:
    return bytes(Tlv(0x0C, text.encode()))


def _fifth_birthday(born: date, now: datetime) -> datetime:
    """The end, in Japan, of the holder's fifth birthday after *now*."""
    year = now.year + HOLDER_YEARS - (1 if (now.month, now.day) < (born.month, born.day) else 0)
    day = min(born.day, 28) if born.month == 2 else born.day
    return chosen(
        datetime(year, born.month, day, tzinfo=UTC) + timedelta(days=1) + _TOKYO_MIDNIGHT,
        "end of a holder's certificate",
        "the fifth birthday, end of that day in Japan",
        "B that it is the end of a day in Japan (OpenSC issue 3021), which may come much sooner; C for the birthday",
    )
