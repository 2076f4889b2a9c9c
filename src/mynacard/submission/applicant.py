"""The sender's side of an application: register, log in, check, sign, and add documents or withdraw later.

A signer holds the keys: :class:`~mynacard.submission.card_signer.CardSigner` is one for cards. Signed documents name
the receiver's origin as the client knows it, not as the receiver reports it. In an event loop, run this in a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from mynacard._dataclasses import dataclass
from mynacard.errors import SubmissionError, UsageError
from mynacard.submission import checking, package
from mynacard.submission.application import Application, Role
from mynacard.submission.client import Client
from mynacard.submission.exchange import Purpose, Registered, Remark, ReportAnswer, Session, State, Status, remarks
from mynacard.submission.manifest import Supplement, canonical, manifest_of
from mynacard.submission.outbox import Entry
from mynacard.texts import N_
from mynacard.webeid import parse

__all__ = ["Applicant", "NotAcceptable", "Signer"]


class Signer(Protocol):
    """The holder's two keys, on a card or elsewhere. Nothing has to stay open between two calls."""

    def token(self, origin: str, nonce: str, /) -> str:
        """The answer of the user-authentication key to the receiver at *origin*: a Web eID 1.0 token in JSON."""
        ...

    def signature(self, document: bytes, /) -> bytes:
        """The signature of the signing key for *document*: CAdES, detached, DER."""
        ...


class NotAcceptable(SubmissionError):
    """The rules refuse an application, here or at the receiver; nothing was signed. ``.report`` says what is wrong."""

    code = "submission/not-acceptable"

    def __init__(self, report: tuple[Remark, ...]) -> None:
        errors = sum(remark.is_error for remark in report)
        super().__init__(N_("The application breaks {count} rules."), count=errors)
        self.report = report


@dataclass(frozen=True, slots=True)
class Applicant:
    """One person at one receiver.

    Attributes:
        client: makes the calls; its outbox keeps what is signed, and its profile says which rules hold.
        signer: holds the keys. Logging in asks it for a token, registering for a token and a signature.
        clock: the sender's time, aware of its zone.

    Every method raises what the signer raises (PinError, ReaderError, …), MissingExtraError if rfc8785 is not
    installed, and PortalError or PortalUnreachable as the client does. All but :meth:`register` and :meth:`rebind` log
    in first, unless the client has a session; a receiver that has ended the session answers ``session/unknown``, and
    :meth:`log_in` begins another.
    """

    client: Client
    signer: Signer
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)

    def register(self) -> Registered:
        """Open an account: both keys answer one challenge."""
        return self.client.register(*self._proof())

    def rebind(self, account: str) -> Registered:
        """Bind *account* to renewed certificates; at once if the client is logged in to it, else after approval."""
        return self.client.rebind(account, *self._proof())

    def log_in(self) -> Session:
        """Begin a session, whether or not the client has one."""
        nonce = self.client.challenge(Purpose.SESSION).nonce
        return self.client.log_in(nonce, self.signer.token(self.client.origin, nonce))

    def check(self, application: Application) -> ReportAnswer:
        """Check *application* here and then, in a dry run, at the receiver. The report has only warnings.

        Raises:
            NotAcceptable: a rule is broken. If one is broken here, the signer was not called.
            UsageError: the clock's time has no zone.
        """
        violations = self.client.profile.check(application, now=self.clock())
        if not checking.is_acceptable(violations):
            raise NotAcceptable(remarks(violations))
        self._enter()
        answer = self.client.dry_run(application)
        if not answer.acceptable:
            raise NotAcceptable(answer.report)
        return answer

    def sign(self, content: Application | Supplement, files: Sequence[Path]) -> Entry:
        """Sign *content*, and put it into the outbox with its *files*; :meth:`Client.submit` sends the entry.

        If it raises, nothing is left of the entry.

        Args:
            content: an application, which :meth:`check` should have passed, or documents for one.
            files: in the order of its attachments.

        Raises:
            PackageError: a file is not the one that *content* lists.
            FormError: *content* does not make a valid manifest.
            OSError: a file cannot be read.
        """
        self._enter()
        client = self.client
        challenge = client.challenge(Purpose.PACKAGE)
        manifest = manifest_of(
            content,
            audience=client.origin,
            nonce=challenge.nonce,
            now=self.clock(),
            rules=client.profile.rules.version,
        )
        document = canonical(manifest)
        number = content.number if isinstance(content, Supplement) else ""
        return client.outbox.add(client.url, document, self.signer.signature(document), files, number=number)

    def supplement(self, number: str, files: Sequence[Path]) -> Entry:
        """Sign documents that the receiver asked for, and put them into the outbox.

        Args:
            number: the application's provisional number.
            files: PDF files.

        Raises:
            UsageError: the receiver does not ask for documents. Nothing was signed.
            OSError: a file cannot be read. The signer was not called.
            PackageError, FormError: as :meth:`sign`.
        """
        documents = Supplement(number, tuple(package.attachment(path, Role.DOCUMENT) for path in files))
        self._enter()
        state = self.client.status(number).state
        if state is not State.AWAITING_DOCUMENTS:
            raise UsageError(N_("The receiver does not ask for documents: the application is {state}."), state=state)
        return self.sign(documents, files)

    def withdraw(self, number: str) -> Status:
        """Take back the application of this provisional number, which is possible until it is decided."""
        self._enter()
        return self.client.withdraw(number)

    def _enter(self) -> None:
        if self.client.session is None:
            self.log_in()

    def _proof(self) -> tuple[str, str, bytes]:
        """A challenge for a registration, with the answers of both keys."""
        origin, nonce = self.client.origin, self.client.challenge(Purpose.REGISTRATION).nonce
        token = self.signer.token(origin, nonce)
        statement = self.client.profile.registration_statement(origin, nonce, parse(token).certificate_der)
        return nonce, token, self.signer.signature(statement)
