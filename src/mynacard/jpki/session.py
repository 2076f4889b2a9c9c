"""The JPKI application, selected: PIN states, certificates, signatures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Final, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from mynacard import errors, meaning
from mynacard.apdu import change, verification
from mynacard.apdu.commands import ChangeReferenceData, ComputeDigitalSignature, SelectEf, SignatureScheme
from mynacard.apdu.message import Card
from mynacard.apdu.pins import PinSecret, PinStatus
from mynacard.apdu.reading import first_block
from mynacard.apdu.selection import Selection
from mynacard.hashes import HashAlgorithm, digest_info, hashed_info, parse_digest_info
from mynacard.jpki import authentication
from mynacard.jpki.authentication import Authentication
from mynacard.jpki.held import key_in, usable
from mynacard.jpki.key import CardPrivateKey
from mynacard.jpki.layout import (
    APPLICATION,
    CERTIFICATES_PRESENT,
    DF_NAME,
    DIGITAL_SIGNATURE,
    TOKEN_INFO,
    USER_AUTHENTICATION,
    KeyPair,
    check_pair,
)
from mynacard.jpki.objects import CertificatesPresent, TokenInfo, certificate_length
from mynacard.pin import hidden
from mynacard.texts import N_

__all__ = ["JpkiSession", "again_if_held"]

T = TypeVar("T")

_NO_CERTIFICATES: Final[Mapping[KeyPair, bytes]] = MappingProxyType({})


class JpkiSession:
    """The selected JPKI application of a card; one APDU.

    A session ends when another application is selected on its channel; after that, every method raises
    SessionEndedError. It belongs to one thread at a time. It does not end the login by itself: :meth:`log_out` does,
    and so does leaving :func:`mynacard.open_card`, which should wrap every use of a PIN.

    Args:
        card: the card, or a channel to it. Sessions that share a card must share a channel.
        certificates: certificates of this card that the caller already holds, DER; they are not read again. One that is
            unreadable, or turns out not to be that of the card's key, is dropped, and the card's own one is read.
            Damage that leaves it readable and its key whole (another letter in a name) shows only under the CA's key:
            :func:`mynacard.jpki.undamaged`.

    Raises:
        ApplicationNotFound: the card does not have it.
    """

    def __init__(self, card: Card, *, certificates: Mapping[KeyPair, bytes] = _NO_CERTIFICATES) -> None:
        self._certificates = {pair.certificate: der for pair, der in usable(certificates).items()}
        self._held = set(self._certificates)
        self._selection = Selection(card, DF_NAME, APPLICATION)

    # --- free to read ---

    def token_info(self) -> TokenInfo:
        """The token information (EF 0006), which names the medium; one APDU.

        Raises:
            CardDataError: the file does not have the known form.
        """
        return TokenInfo.parse(self._selection.read(TOKEN_INFO))

    def certificates_present(self) -> CertificatesPresent:
        """Which of the two certificates are on the card (EF 0008); one APDU.

        Raises:
            CardDataError: the file does not have the known form.
        """
        return CertificatesPresent.parse(self._selection.read(CERTIFICATES_PRESENT))

    def pin_status(self, pair: KeyPair) -> PinStatus:
        """How many tries of the pair's PIN are left; one APDU, and no try.

        Raises:
            PinAbsent, CardError: as :func:`mynacard.apdu.verification.pin_status`.
        """
        check_pair(pair)
        return verification.pin_status(self._selection.channel, pair.pin)

    def certificate_der(self, pair: KeyPair) -> bytes:
        """The pair's certificate, DER; read once per session.

        Two APDUs where the reader passes extended length, else ceil(length / 256) and, the first time, one more. Filler
        after it is not read.

        Raises:
            SecurityStatusNotSatisfied: it can be read only after :meth:`verify` (the signing certificate; on phones
                both).
            CertificateAbsent: it is not on this card.
            CardDataError: its file does not begin like a certificate, or changed while it was read.
        """
        check_pair(pair)
        return self._certificate(pair.certificate, pair)

    def ca_certificate_der(self, pair: KeyPair) -> bytes:
        """The certificate of the pair's CA, DER, as the card has it; this is not a trust anchor.

        Raises:
            CertificateAbsent, CardDataError: as :meth:`certificate_der`.
        """
        check_pair(pair)
        return self._certificate(pair.ca_certificate, pair)

    def require(self, *pairs: KeyPair) -> None:
        """Check that the card has the certificate and the PIN of each pair, before the holder types for nothing.

        Spends no try. A certificate behind its PIN counts as present: only the card's '6A82' says that it is not.

        Raises:
            CertificateAbsent, PinAbsent: the card does not have one of them.
            CardDataError, CardError: as :meth:`certificate_der` and :meth:`pin_status`.
        """
        for pair in pairs:
            with suppress(errors.SecurityStatusNotSatisfied):
                self.certificate_der(pair)
            self.pin_status(pair)

    def require_certificate(self, pair: KeyPair) -> None:
        """Check that the card has the pair's certificate, without reading it; one APDU.

        Raises:
            CertificateAbsent: it is not on this card.
            CardError: the card refused in another way.
        """
        check_pair(pair)
        self._selection.check()
        try:
            self._selection.channel.send(SelectEf(pair.certificate))
        except errors.FileNotFound as error:
            raise errors.CertificateAbsent(error.status, error.during, pair.name) from error

    # --- with a PIN ---

    def verify(
        self, pair: KeyPair, pin: PinSecret | str, *, spend_last_try: bool = False, upper_case: bool = False
    ) -> None:
        """Present the pair's PIN to the card: ask how many tries are left, then send one VERIFY, or none.

        See :func:`mynacard.apdu.verification.verify` for the arguments. The certificate that a later signature needs is
        read first, where possible: a command that a reader cannot carry must not cost a login.

        Raises:
            PinError, CardError, NoKeypadError, UsageError: as :func:`mynacard.apdu.verification.verify`.
        """
        check_pair(pair)
        pin = hidden(pin)
        channel = self._selection.channel
        verification.check_form(pair.pin, pin, upper_case=upper_case)
        self._read_before_verify(pair)
        self._selection.may_probe = False
        verification.verify(channel, pair.pin, pin, spend_last_try=spend_last_try, upper_case=upper_case)

    def change_pin(
        self,
        pair: KeyPair,
        old: PinSecret | str,
        new: PinSecret | str,
        *,
        spend_last_try: bool = False,
        upper_case: bool = False,
    ) -> None:
        """Change the pair's PIN, which is verified first. Four APDUs.

        See :func:`mynacard.apdu.change.change` for the arguments.

        Raises:
            PinError, CardError, NoKeypadError, UsageError: as :func:`mynacard.apdu.change.change`.
        """
        check_pair(pair)
        old, new = hidden(old), hidden(new)
        self._selection.may_probe = False
        change.change(
            self._selection.channel,
            pair.pin,
            ChangeReferenceData,
            old,
            new,
            spend_last_try=spend_last_try,
            upper_case=upper_case,
        )

    def sign(self, data: bytes, hash_: HashAlgorithm = HashAlgorithm.SHA256) -> bytes:
        """The signing key's signature of *data*, RSASSA-PKCS1-v1_5, 256 bytes; checked before it is returned.

        Needs :meth:`verify` of ``DIGITAL_SIGNATURE``. One APDU, plus those for the certificate once per session. The
        signature is one under :meth:`certificate_der`: the card's own, where the one that was passed in does not fit.

        Raises:
            UsageError: *data* are the signed attributes of a CMS signature (:mod:`mynacard.meaning`). Nothing was sent.
            SecurityStatusNotSatisfied: the password is not verified.
            CertificateAbsent: the card has no signing certificate, or no key for it.
            SignatureMismatchError: the card's answer is not a signature of *data* under its own certificate.
            CardDataError: its certificate is damaged, or does not hold an RSA key of 2048 bits.
        """
        info = hashed_info(hash_, data)
        meaning.check(data)
        return again_if_held(lambda: self.sign_digest_info(info))

    def sign_digest_info(self, info: bytes) -> bytes:
        """The signing key's signature of a DigestInfo with SHA-256, SHA-384 or SHA-512, as :meth:`sign`.

        A digest does not tell what it is of. The caller must know that it is not of the signed attributes of a CMS
        signature, unless the caller makes one (:mod:`mynacard.meaning`).

        Raises:
            UnsupportedAlgorithmError: *info* is not exactly one of these. Nothing was sent.
            HeldCertificateError: a certificate that was passed in is not that of the key. What the digest is of may
                name it, so it has to be made anew with :meth:`certificate_der`, and signed again.
            SecurityStatusNotSatisfied, CertificateAbsent, SignatureMismatchError, CardDataError: as :meth:`sign`.
        """
        parse_digest_info(info)
        return self._sign_pkcs1(DIGITAL_SIGNATURE, info, self._public_key(DIGITAL_SIGNATURE))

    def private_key(self) -> CardPrivateKey:
        """The signing key as a ``cryptography`` private key whose private half stays on the card.

        Works wherever a software key does, for example in ``CertificateSigningRequestBuilder``; each use is one card
        signature. Makers of CMS (``PKCS7SignatureBuilder``) take ``private_key().for_signed_attributes()``, those in
        :mod:`mynacard.signing` by themselves. Needs :meth:`verify` of ``DIGITAL_SIGNATURE`` first.

        Raises:
            SecurityStatusNotSatisfied, CertificateAbsent, CardDataError: the certificate, which holds its public half,
                cannot be read.
        """
        key = self._public_key(DIGITAL_SIGNATURE)
        return CardPrivateKey(
            key, lambda info: self._sign_pkcs1(DIGITAL_SIGNATURE, info, key), lambda digest: self._sign_pss(digest, key)
        )

    def authenticate(self, origin: str, nonce: str) -> Authentication:
        """The user-authentication key's answer to a Web eID 1.0 challenge: it signs *origin* and *nonce*, nothing else.

        The key never signs bytes that a peer chose: what it signs is the hash of two hashes, one of them of the origin.

        Args:
            origin: ``https://host[:port]``, exactly as a browser writes it.
            nonce: 44 to 128 characters of base64.

        Raises:
            UsageError: the origin or nonce is malformed. Nothing was sent.
            SecurityStatusNotSatisfied: the PIN is not verified.
            CertificateAbsent, SignatureMismatchError, CardDataError: as :meth:`sign`.
        """
        info = digest_info(HashAlgorithm.SHA256, authentication.digest(origin, nonce))
        signature = again_if_held(lambda: self.unsafe_sign_with_user_authentication_key(info))
        return Authentication(origin, nonce, self.certificate_der(USER_AUTHENTICATION), signature)

    def unsafe_sign_with_user_authentication_key(self, info: bytes) -> bytes:
        """The user-authentication key's signature of any DigestInfo. **Its author can log in as the holder.**

        For measurements and for protocols of your own, where no other party chooses the bytes. No command offers it.

        Raises:
            UnsupportedAlgorithmError: *info* is not exactly a DigestInfo with one of the three hashes. Nothing was
                sent.
            SecurityStatusNotSatisfied: the PIN is not verified.
            CertificateAbsent, SignatureMismatchError, CardDataError: as :meth:`sign`.
        """
        parse_digest_info(info)
        return self._sign_pkcs1(USER_AUTHENTICATION, info, self._public_key(USER_AUTHENTICATION))

    def log_out(self) -> None:
        """Log out, and end this session: SELECT of the issuer's domain, one APDU.

        Selecting the JPKI application again would not log out: cards were seen to keep its PINs verified.

        Raises:
            SessionEndedError: another application was selected meanwhile.
        """
        self._selection.log_out()

    # --- how it is done ---

    def _certificate(self, file_id: int, pair: KeyPair) -> bytes:
        self._selection.check()
        if file_id not in self._certificates:
            first = first_block(self._selection.channel.profile)
            try:
                self._certificates[file_id] = self._selection.read_content(file_id, certificate_length, first)
            except errors.FileNotFound as error:
                raise errors.CertificateAbsent(error.status, error.during, pair.name) from error
        return self._certificates[file_id]

    def _read_before_verify(self, pair: KeyPair) -> None:
        """Read the certificate that a signature needs while nothing can be lost by asking for much at once.

        The one that only its PIN opens is read afterwards, by what passed before (:mod:`mynacard.apdu.reading`).
        """
        if pair.certificate_is_private or pair.certificate in self._certificates or self._selection.knows_lengths():
            return
        with suppress(errors.CardError, errors.CardDataError):  # read later again, which says what is wrong
            self.certificate_der(pair)

    def _sign_pkcs1(self, pair: KeyPair, info: bytes, public_key: rsa.RSAPublicKey) -> bytes:
        signature = self._compute(pair, SignatureScheme.PKCS1, info)
        try:
            good = public_key.recover_data_from_signature(signature, padding.PKCS1v15(), None) == info
        except (InvalidSignature, ValueError):
            good = False
        return self._checked(pair, signature, good)

    def _sign_pss(self, digest: bytes, public_key: rsa.RSAPublicKey) -> bytes:
        signature = self._compute(DIGITAL_SIGNATURE, SignatureScheme.PSS_SHA256_DIGEST, digest)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), len(digest))
        try:
            public_key.verify(signature, digest, pss, Prehashed(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return self._checked(DIGITAL_SIGNATURE, signature, False)
        return self._checked(DIGITAL_SIGNATURE, signature, True)

    def _compute(self, pair: KeyPair, scheme: SignatureScheme, data: bytes) -> bytes:
        command = ComputeDigitalSignature(pair.key, scheme, data, pair.signature_length)
        try:
            return self._selection.channel.send_on(pair.key, command)
        except errors.FileNotFound as error:
            raise errors.CertificateAbsent(error.status, error.during, pair.name) from error

    def _public_key(self, pair: KeyPair) -> rsa.RSAPublicKey:
        return key_in(self.certificate_der(pair), pair)

    def _checked(self, pair: KeyPair, signature: bytes, good: bool) -> bytes:
        """*signature*, if it is *good*; no certificate that the caller held outlives a signature that does not fit."""
        held = pair.certificate in self._held
        self._held.discard(pair.certificate)
        if good:
            return signature
        if held:
            del self._certificates[pair.certificate]
            raise errors.HeldCertificateError(
                N_(
                    "The {certificate} certificate that was passed in is not that of the card's key. The signature is "
                    "withheld; the card's own certificate is used from now on."
                ),
                certificate=pair.name,
            )
        raise errors.SignatureMismatchError(
            N_(
                "The card returned {length} bytes that are not a signature under its own certificate. "
                "They are withheld."
            ),
            length=len(signature),
        )


def again_if_held(make: Callable[[], T]) -> T:
    """What *make* returns. It is called a second time if a certificate that the caller held was dropped meanwhile."""
    try:
        return make()
    except errors.HeldCertificateError:
        return make()
