"""A call to a receiver: the request, and how to read its answer. No connection, no event loop, no clock.

A profile (:mod:`mynacard.submission.profile`) defines the calls; :mod:`mynacard.submission.client` makes them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Final, Generic, TypeVar

from mynacard._dataclasses import dataclass
from mynacard.errors import SubmissionError
from mynacard.submission import codec
from mynacard.submission.codec import FormError
from mynacard.submission.exchange import PROBLEM, Problem, Remark
from mynacard.submission.messages import error
from mynacard.texts import N_

__all__ = ["Call", "PortalError", "is_final"]

_T = TypeVar("_T")

_STATUS: Final = N_("The receiver answered with the HTTP status {number}.")
_ELSEWHERE: Final = N_("The receiver redirects elsewhere (HTTP status {number}); this is not followed.")


class PortalError(SubmissionError):
    """The receiver refused, or answered in a way that it must not.

    ``.problem`` is its code, ``.status`` the HTTP status, ``.report`` its remarks on an application.
    """

    code = "submission/portal"

    def __init__(
        self, status: int, problem: str, template: str, /, *, report: tuple[Remark, ...] = (), **details: object
    ) -> None:
        super().__init__(template, **details)
        self.status = status
        self.problem = problem
        self.report = report


@dataclass(frozen=True, slots=True)
class Call(Generic[_T]):
    """A request, and how to read its answer.

    Attributes:
        method: ``GET`` or ``POST``.
        path: under the receiver's address.
        answer: the type of a good answer.
        body: JSON, or empty.
        package: a file that is sent in place of the body.
        headers: those besides the client's own.
        as_somebody: whether it is made in the client's session, if there is one.
    """

    method: str
    path: str
    answer: type[_T]
    body: bytes = field(default=b"", repr=False)
    package: Path | None = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    as_somebody: bool = True

    def read(self, status: int, media_type: str, content: bytes) -> _T:
        """The answer in *content*.

        Raises:
            PortalError: it is a problem, a redirection, or not an answer to this call.
        """
        kind = media_type.partition(";")[0].strip().lower()
        if kind == PROBLEM and 400 <= status < 600:
            raise _problem(status, content)
        if not 200 <= status < 300:
            raise PortalError(status, f"http/{status}", _ELSEWHERE if 300 <= status < 400 else _STATUS, number=status)
        try:
            if kind != "application/json":
                raise FormError([error("form/json", "", line=1, column=1)])
            return codec.loads(self.answer, content)
        except FormError as mistake:
            raise PortalError(
                status, "portal/answer", N_("The receiver's answer is not valid: {reason}"), reason=mistake
            ) from None


def is_final(refusal: PortalError) -> bool:
    """Whether sending the same package again would get the same refusal."""
    if refusal.status == 403:
        return refusal.problem.startswith("certificate/") or refusal.problem == "account/other-certificate"
    return refusal.status in {400, 404, 409, 413, 415, 422}


def _problem(status: int, content: bytes) -> PortalError:
    try:
        problem = codec.loads(Problem, content)
    except FormError:
        return PortalError(status, f"http/{status}", _STATUS, number=status)
    template = N_("The receiver refused: {detail}")
    detail = " / ".join(text for text in (problem.detail, problem.detail_ja) if text)
    return PortalError(status, problem.code, template, report=problem.report, detail=detail)
