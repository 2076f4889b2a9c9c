"""An Individual Number Card as the signer of an application.

Each signature is a session of its own: no card is open, and no PIN verified, while the client waits for the network.
The text shown to the holder before typing is read from the document that gets signed, so it cannot say anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, suppress
from types import MappingProxyType

from mynacard._dataclasses import dataclass
from mynacard.apdu.pins import PinSecret
from mynacard.errors import MissingExtraError
from mynacard.jpki.layout import DIGITAL_SIGNATURE, USER_AUTHENTICATION, KeyPair
from mynacard.jpki.session import JpkiSession
from mynacard.opening.pins import PinProvider, check_arguments, verified_session
from mynacard.pin import hidden
from mynacard.signing import cades
from mynacard.signing.by_card import signed
from mynacard.submission import codec, manifest, rules
from mynacard.submission.codec import FormError
from mynacard.submission.exchange import REGISTRATION, RegistrationStatement
from mynacard.submission.manifest import CLIENT_NEEDS, Manifest
from mynacard.texts import N_, Sentence
from mynacard.webeid import AuthenticationToken

__all__ = ["CardSigner", "Sessions"]

Sessions = Callable[[KeyPair, str], AbstractContextManager[JpkiSession]]
"""Opens a session in which the pair's PIN is verified, and closes it; the text tells the holder what the PIN is for."""


@dataclass(frozen=True, slots=True)
class CardSigner:
    """Signs with the keys of a card, one session for each signature.

    Attributes:
        session: opens the card; as :func:`mynacard.verified_session`, or around it.
        translate: a ``gettext`` for the texts shown to the holder.

    Raises:
        MissingExtraError: a package of the extra is not installed; raised before any PIN is asked for.
    """

    session: Sessions
    translate: Callable[[str], str] = str

    def __post_init__(self) -> None:
        MissingExtraError.check(CLIENT_NEEDS, "client")

    @classmethod
    def with_pins(
        cls,
        pin: PinSecret | PinProvider,
        password: PinSecret | PinProvider,
        *,
        name: str | None = None,
        certificates: Mapping[KeyPair, bytes] = MappingProxyType({}),
    ) -> CardSigner:
        """A signer with the card *name*, as :func:`mynacard.open_card` takes it.

        Args:
            pin: the user-authentication PIN, or a provider that asks the holder for it.
            password: the signing password, or a provider that asks the holder for it.
            name: the card's.
            certificates: certificates of this card that the caller already has, as :class:`JpkiSession` takes them.

        Raises:
            MissingExtraError: a package of the extra is not installed.
        """
        pin, password = hidden(pin), hidden(password)
        pins = {USER_AUTHENTICATION: pin, DIGITAL_SIGNATURE: password}
        for pair, secret in pins.items():
            check_arguments(pair, secret)
        return cls(
            lambda pair, purpose: verified_session(
                pair, pins[pair], name=name, purpose=purpose, certificates=certificates
            )
        )

    def token(self, origin: str, nonce: str, /) -> str:
        """A Web eID token: one user-authentication signature.

        Raises:
            PinError, ReaderError, CardError: as :func:`mynacard.verified_session` does.
            UsageError: *origin* or *nonce* does not have the form that is signed.
        """
        with self.session(USER_AUTHENTICATION, self._text(_LOG_IN, {"origin": origin})) as session:
            return AuthenticationToken.from_authentication(session.authenticate(origin, nonce)).to_json()

    def signature(self, document: bytes, /) -> bytes:
        """A CAdES signature, checked under the card's own certificate before it is returned.

        Raises:
            PinError, ReaderError, CardError: as :func:`mynacard.verified_session` does.
            UsageError: an event loop runs in this thread.
            CertificateFileError, UnsupportedAlgorithmError: the card's certificate cannot be used.
        """
        with self.session(DIGITAL_SIGNATURE, self._text(*_purpose(document))) as session:
            return signed(session, lambda certificate, key: cades.sign(document, certificate, key))

    def _text(self, template: str, details: Mapping[str, object]) -> str:
        return Sentence(template, details).text(self.translate)


_LOG_IN = N_("Logs in to {origin}. The site learns a fixed number of your card, no name and no address.")


def _purpose(document: bytes) -> tuple[str, Mapping[str, object]]:
    """The effect of signing *document*, as a template and its details."""
    with suppress(FormError):
        statement = codec.loads(RegistrationStatement, document)
        if statement.format == REGISTRATION:
            origin = {"origin": statement.origin}
            return N_("Registers you with {origin}, which learns your name, address, sex and birth date."), origin
    with suppress(FormError):
        return _of_manifest(manifest.parse(document))
    return N_("Signs a document of {count} bytes."), {"count": len(document)}


def _of_manifest(signed: Manifest) -> tuple[str, Mapping[str, object]]:
    details: dict[str, object] = {"origin": signed.audience, "count": len(signed.attachments)}
    if signed.application is not None:
        kind = rules.current().kinds[signed.application.kind].en
        return N_("Signs {kind} for {origin}, with {count} files."), details | {"kind": kind}
    if signed.supplement is None:
        raise AssertionError("manifest.parse accepts an application or a supplement")
    template = N_("Signs {count} documents for the application {number}, for {origin}.")
    return template, details | {"number": signed.supplement.number}
