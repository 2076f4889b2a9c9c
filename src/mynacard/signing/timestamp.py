"""Time stamps: an authority's statement that something existed at a time, which a signer's own clock cannot prove.

A time stamp (RFC 3161) covers a signature value or a PDF file. It is requested after the card has signed and was
released: an authority that does not answer costs only the time stamp. The answer is checked before it is used. Whether
the authority can be trusted is another question, which :func:`check` answers with the CA certificates that the caller
names.

Requests use aiohttp and checks use pyHanko, both of the extra ``pdf``; reading the time needs neither.

Source: RFC 3161 §2.3, §2.4, §3.4; RFC 5816; ETSI EN 319 122-1 V1.2.1 §5.3.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import field
from datetime import datetime
from itertools import pairwise
from typing import Any, ClassVar, Final, TypeAlias

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from mynacard._dataclasses import dataclass
from mynacard.arguments import check_type
from mynacard.errors import CertificateFileError, TimeStampError, UnsupportedAlgorithmError, UsageError
from mynacard.hashes import HashAlgorithm
from mynacard.signing import der, external
from mynacard.signing.content import DigestOf
from mynacard.texts import N_, moment, printable
from mynacard.trust import asn1, coroutine, pyhanko
from mynacard.trust.certificates import load
from mynacard.trust.revocation import NO_EVIDENCE, TOLERANCE, WEAK_HASHES, RevocationEvidence, present, revocation
from mynacard.verdict import Step, Verdict, bad, good, not_checked

__all__ = [
    "TIME_STAMP_MAX",
    "AnyTimeStamp",
    "Ask",
    "Proof",
    "TimeStamp",
    "UnreadableTimeStamp",
    "ask_http",
    "check",
    "check_url",
    "obtain",
    "parse",
    "parse_any",
    "tokens",
]

TIME_STAMP_MAX: Final = 0x4000
"""The most bytes of a time stamp; usual ones have 1,500 to 8,000."""
TIMEOUT_S: Final = 30.0
"""How long to wait for an authority's answer, unless the caller says otherwise."""

Ask: TypeAlias = Callable[[bytes], bytes]
"""Sends a TimeStampReq to the authority, and returns its TimeStampResp (both DER)."""


class _Response(asn1.core.Sequence):  # type: ignore[misc]  # asn1crypto's does not know that a refusal has no token
    _fields: ClassVar = [("status", asn1.tsp.PKIStatusInfo), ("token", asn1.cms.ContentInfo, {"optional": True})]


class _Values(asn1.core.SetOf):  # type: ignore[misc]  # asn1crypto's refuses all if one is not a ContentInfo
    _child_spec = asn1.core.Any


_GRANTED: Final = frozenset({"granted", "granted_with_mods"})


@dataclass(frozen=True, slots=True)
class TimeStamp:
    """A time stamp, read; its signature is not checked yet.

    Attributes:
        token: the TimeStampToken, DER.
        time: when, according to the authority, it saw the digest.
        fits: whether that digest belongs to the signature or file that the time stamp was found with.
    """

    token: bytes = field(repr=False)
    time: datetime
    fits: bool


@dataclass(frozen=True, slots=True)
class UnreadableTimeStamp:
    """What stands in a time stamp's place and cannot be read as one.

    Attributes:
        token: its bytes.
        reason: a BAD step that says why.
    """

    token: bytes = field(repr=False)
    reason: Step


AnyTimeStamp: TypeAlias = TimeStamp | UnreadableTimeStamp


@dataclass(frozen=True, slots=True)
class Proof:
    """The result of checking a time stamp.

    Attributes:
        step: GOOD only if the authority is under a CA that the caller trusts, and nothing in its chain was revoked.
        time: a time at which the signature already existed; None if the step is bad, or the authority is not trusted.
            Check the signer's certificate at this time.
    """

    step: Step
    time: datetime | None = None

    @property
    def steps(self) -> tuple[tuple[str, Step], ...]:
        """The step with its name, as :func:`mynacard.verdict.explain` takes it."""
        return ((N_("time stamp"), self.step),)


def tokens(values_der: bytes) -> list[bytes]:
    """The values of an unsigned attribute for time stamps: tokens, and whatever else stands there.

    Raises:
        ValueError: *values_der* is not a SET.
    """
    return [value.dump() for value in _Values.load(values_der)]


def parse(token_der: bytes, digest_of: DigestOf) -> TimeStamp:
    """The time stamp in *token_der*, compared with the content that it should cover.

    Raises:
        CertificateFileError: it is not DER, not a TimeStampToken, damaged, or longer than :data:`TIME_STAMP_MAX`.
        UnsupportedAlgorithmError: its digest is not by SHA-256, SHA-384 or SHA-512.
    """
    _check_length(token_der)
    der.check(token_der)
    try:
        content = _content(token_der)
        imprint, time = content["message_imprint"], content["gen_time"].native
        name, digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
    except asn1.UNREADABLE:
        raise CertificateFileError(N_("This is not a time stamp, or it is damaged.")) from None
    if name not in {hash_.value for hash_ in HashAlgorithm}:
        raise UnsupportedAlgorithmError(
            N_("The time stamp is made with {algorithm}, which is not supported."), algorithm=ascii(name)
        )
    return TimeStamp(token_der, time, digest_of(HashAlgorithm(name)) == digest)


def parse_any(token_der: bytes, digest_of: DigestOf) -> AnyTimeStamp:
    """As :func:`parse`, for what anyone may have added to a signature: what cannot be read is told, and not raised."""
    try:
        return parse(token_der, digest_of)
    except (CertificateFileError, UnsupportedAlgorithmError) as error:
        return UnreadableTimeStamp(token_der, bad("time-stamp/unreadable", str(error.args[0]), **error.details))


def check(
    stamps: Iterable[AnyTimeStamp],
    authorities: Iterable[x509.Certificate],
    *,
    at: datetime,
    evidence: RevocationEvidence = NO_EVIDENCE,
    now: datetime | None = None,
) -> Proof | None:
    """Check *stamps* for a caller who trusts *authorities*: the best of them counts; None if there are none.

    Args:
        stamps: those of one signature or file.
        authorities: CA certificates that are trusted only for time stamps: trust in a CA for signatures does not count.
        at: the time that matters, with a time zone. The authority's certificates must be valid then.
        evidence: the caller's data on revoked certificates, of these and other CAs.
        now: the present time, with a time zone; None for this computer's clock. Evidence dated later is not used.

    Raises:
        UsageError: *at* or *now* has no time zone.
        MissingExtraError: pyHanko is not installed; only where there is something to check.
        CertificateFileError: as :func:`~mynacard.trust.revocation.revocation` raises it.
    """
    if at.tzinfo is None:
        raise UsageError(N_("The time of the check needs a time zone."))
    trust, given = _Trust(tuple(authorities), evidence, at, present(now)), tuple(stamps)
    earliest_first = sorted((stamp for stamp in given if isinstance(stamp, TimeStamp)), key=lambda stamp: stamp.time)
    unreadable = [Proof(stamp.reason) for stamp in given if isinstance(stamp, UnreadableTimeStamp)]
    proofs = [_proof(stamp, trust) for stamp in earliest_first] + unreadable
    return min(proofs, key=lambda proof: _ORDER[proof.step.verdict], default=None)


def obtain(digest: bytes, hash_: HashAlgorithm, ask: Ask) -> bytes:
    """Obtain an authority's time stamp (DER) of *digest*; its signature is checked, and that it is for this digest.

    Raises:
        MissingExtraError: pyHanko is not installed; the authority was not asked.
        TimeStampError: the authority refused, or its answer is not such a time stamp.

    Exceptions of *ask* pass through.
    """
    pyhanko.check_installed()
    nonce = secrets.randbits(63)
    request = asn1.tsp.TimeStampReq(
        {
            "version": 1,
            "message_imprint": {"hash_algorithm": {"algorithm": hash_.value}, "hashed_message": digest},
            "nonce": nonce,
            "cert_req": True,
        }
    )
    token = _granted(ask(request.dump()), nonce)
    try:
        stamp = parse(token, lambda wanted: digest if wanted is hash_ else b"")
    except (CertificateFileError, UnsupportedAlgorithmError) as error:
        raise TimeStampError(N_("The authority's time stamp cannot be used: {reason}"), reason=error) from error
    if not stamp.fits or _validated(stamp, (), stamp.time) is None:
        raise TimeStampError(N_("The authority's time stamp is for something else, or its signature is wrong."))
    return token


def check_url(url: str) -> None:
    """Check that *url* can be an authority's, as far as that shows before the holder types a password.

    Raises:
        UsageError: its scheme is not ``http`` or ``https``, it has no host, or it holds a user name or a password.
    """
    check_type(url, str)
    from urllib.parse import urlsplit  # noqa: PLC0415

    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise UsageError(N_("A time-stamping authority is named by its address: http(s)://…")) from None
    if not usable or not url.isascii() or not url.isprintable():
        raise UsageError(N_("A time-stamping authority is named by its address: http(s)://…"))
    if "@" in parts.netloc:
        raise UsageError(N_("The address holds a user name, which others could read: such authorities are not asked."))


def ask_http(url: str, *, timeout_s: float = TIMEOUT_S) -> Ask:
    """A function that asks the authority at *url*, once, for at most *timeout_s* seconds, following no redirection.

    The authority learns the address, the digest and the caller's network address. Plain ``http`` will do: the answer
    carries a signature of its own.

    Raises:
        UsageError: as :func:`check_url`.
        MissingExtraError: aiohttp is not installed.

    The function raises a TimeStampError if there is no answer for any reason, and a UsageError if an event loop runs in
    this thread.
    """
    check_url(url)
    pyhanko.check_installed()
    return lambda request: external.run(lambda: _posted(url, request, timeout_s))


# --- asking ---


async def _posted(url: str, request: bytes, timeout_s: float) -> bytes:
    import aiohttp  # noqa: PLC0415  # comes with pyHanko

    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    limit = aiohttp.ClientTimeout(total=timeout_s)
    try:
        async with (
            aiohttp.ClientSession(timeout=limit, trust_env=True, auto_decompress=False) as session,
            session.post(url, data=request, headers=headers, allow_redirects=False) as response,
        ):
            if response.status != 200:
                raise TimeStampError(
                    N_("The time-stamping authority answered with the HTTP status {status}."), status=response.status
                )
            return await _answer(response)
    except TimeoutError:
        raise TimeStampError(
            N_("The time-stamping authority did not answer within {seconds} s."), seconds=f"{timeout_s:g}"
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise TimeStampError(
            N_("The time-stamping authority cannot be reached: {reason}"), reason=str(error) or type(error).__name__
        ) from error


async def _answer(response: Any) -> bytes:
    answer = b""
    async for piece in response.content.iter_chunked(TIME_STAMP_MAX):
        answer += piece
        if len(answer) > TIME_STAMP_MAX:
            break  # _granted refuses it; the rest is not read
    return answer


def _granted(response_der: bytes, nonce: int) -> bytes:
    """The token in an answer, which must be to the request with this nonce."""
    try:
        _check_length(response_der)
        der.check(response_der)
        response = _Response.load(response_der, strict=True)
        status = str(response["status"]["status"].native)
        reason = "; ".join(response["status"]["status_string"].native or ()) or status
        token = response["token"].dump()
        answered = status in _GRANTED and _content(token)["nonce"].native == nonce
    except (CertificateFileError, *asn1.UNREADABLE):
        raise TimeStampError(N_("The time-stamping authority's answer is not a time stamp.")) from None
    if status not in _GRANTED:
        raise TimeStampError(N_("The time-stamping authority refused: {reason}"), reason=printable(reason[:200]))
    if not answered:
        raise TimeStampError(N_("The time-stamping authority answered another question."))
    return bytes(token)


# --- checking ---


_Chain: TypeAlias = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class _Trust:
    """What the caller trusts, the time that matters, and the present one."""

    roots: _Chain
    evidence: RevocationEvidence
    at: datetime
    now: datetime


def _content(token_der: bytes) -> Any:
    """The TSTInfo in *token_der*."""
    info = asn1.cms.ContentInfo.load(token_der, strict=True)
    if info["content_type"].native != "signed_data":
        raise ValueError
    inside = info["content"]["encap_content_info"]
    if inside["content_type"].native != "tst_info":
        raise ValueError
    content = inside["content"].parsed
    _ = content.native  # parses it all: each value may raise
    return content


def _check_length(data: bytes) -> None:
    if len(data) > TIME_STAMP_MAX:
        raise CertificateFileError(N_("This time stamp is longer than {most} bytes."), most=TIME_STAMP_MAX)


def _validated(stamp: TimeStamp, roots: _Chain, at: datetime) -> _Chain | None:
    """Its chain, root first, or () if *roots* do not vouch for it.

    None if it is damaged or forged, or not made as a time stamp is (RFC 3161 §2.3).
    """
    pyhanko.check_installed()
    unusable = (pyhanko.validation_errors.SignatureValidationError, pyhanko.general.CMSExtractionError)
    context = pyhanko.certvalidator.ValidationContext(
        trust_roots=[asn1.certificate(root) for root in roots],
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",  # _revocation checks it afterwards
        time_tolerance=TOLERANCE,
        weak_hash_algos=WEAK_HASHES,
    )

    def imprint(_hash: str) -> bytes:  # its own one: TimeStamp.fits says whether that is right
        return bytes(_content(stamp.token)["message_imprint"]["hashed_message"].native)

    try:
        signed = asn1.cms.ContentInfo.load(stamp.token)["content"]
        status = coroutine.result(pyhanko.generic_cms.validate_tst_signed_data(signed, context, imprint))
        made_as_stamps_are = _is_only_for_time_stamps(load(status["signing_cert"].dump()))
        path = status["validation_path"].iter_certs(include_root=True) if status["trust_problem_indic"] is None else ()
        chain = tuple(load(certificate.dump()) for certificate in path)
    except (*unusable, CertificateFileError, *pyhanko.UNREADABLE):
        return None
    return chain if made_as_stamps_are and status["intact"] and status["valid"] else None


def _is_only_for_time_stamps(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return False
    return usage.critical and list(usage.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _proof(stamp: TimeStamp, trust: _Trust) -> Proof:
    time = moment(stamp.time)
    if not stamp.fits:
        return Proof(bad("time-stamp/other", N_("The time stamp is for something else.")))
    if stamp.time - min(trust.at, trust.now) > TOLERANCE:
        later = N_("The time stamp ({time}) is later than the time that matters.")
        return Proof(not_checked("time-stamp/later", later, time=time))
    if not trust.roots:
        unnamed = N_("The time stamp says {time}; no trusted authority was named.")
        return Proof(not_checked("time-stamp/no-anchor", unnamed, time=time))
    chain = _validated(stamp, trust.roots, trust.at)
    if chain is None:
        forged = N_("The time stamp is damaged or forged, or was not made as time stamps are.")
        return Proof(bad("time-stamp/forged", forged))
    if not chain:
        issuer = N_("The time stamp ({time}) is from an authority whose certificate is not good.")
        return Proof(bad("time-stamp/issuer", issuer, time=time))
    if not trust.evidence:
        unknown = N_("The time stamp says {time}; the revocation of its authority was not checked.")
        return Proof(not_checked("revocation/authority-not-checked", unknown, time=time), stamp.time)
    step = _revocation(chain, trust)
    match step.verdict:
        case Verdict.BAD:
            return Proof(step)
        case Verdict.NOT_CHECKED:
            return Proof(step, stamp.time)
        case Verdict.GOOD:
            trusted = N_("It existed at {time}, according to a trusted authority.")
            return Proof(good("time-stamp/good", trusted, time=time), stamp.time)


def _revocation(chain: _Chain, trust: _Trust) -> Step:
    """The revocation of *chain*: the best result under any root with this key, but revoked under one is revoked."""
    root, *below = chain
    key = _key(root)
    steps = [_worst_link((twin, *below), trust) for twin in trust.roots if _key(twin) == key]
    revoked = [step for step in steps if step.verdict is Verdict.BAD]
    return min(revoked or steps, key=lambda step: _ORDER[step.verdict])


def _key(certificate: x509.Certificate) -> bytes:
    return bytes(asn1.certificate(certificate).public_key.dump())


def _worst_link(chain: _Chain, trust: _Trust) -> Step:
    """The worst revocation in *chain*, which begins with its root; GOOD if it consists of that."""
    steps = [
        revocation(certificate, issuer, trust.evidence, at=trust.at, now=trust.now, above=chain[:place])
        for place, (issuer, certificate) in enumerate(pairwise(chain))
    ]
    return max(steps, key=lambda step: _ORDER[step.verdict], default=_TRUSTED_ITSELF)


_TRUSTED_ITSELF: Final = good("revocation/trusted", N_("The caller trusts this certificate itself."))
_ORDER: Final = {Verdict.GOOD: 0, Verdict.NOT_CHECKED: 1, Verdict.BAD: 2}
