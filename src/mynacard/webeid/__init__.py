"""The Web eID authentication token: built on the holder's side, checked on the portal's.

The names below load their modules when they are first used: a browser waits for the host, which begins here.
"""

from mynacard._lazy import names_from

TYPE_CHECKING = False  # as type checkers take it; the one in typing would cost more than all the rest
if TYPE_CHECKING:
    from mynacard.webeid.checking import report, validate
    from mynacard.webeid.token import AuthenticationToken, parse, verify_signature
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.webeid.checking": "report validate",
            "mynacard.webeid.token": "AuthenticationToken parse verify_signature",
        },
    )

__all__ = ["AuthenticationToken", "parse", "report", "validate", "verify_signature"]
