"""The Web eID authentication token: built on the holder's side, checked on the portal's.

The names below load their modules when they are first used: a browser waits for the host, which begins here.
"""

from mynacard._lazy import names_from

TYPE_CHECKING = False  # as type checkers take it; the one in typing would cost more than all the rest
if TYPE_CHECKING:
    from mynacard.webeid.accounts import Match, Rebinding, account_id, rebinding
    from mynacard.webeid.checking import report, validate
    from mynacard.webeid.login import LoggedIn, Login
    from mynacard.webeid.nonces import Issued, NonceMemory, Nonces, NonceStore
    from mynacard.webeid.token import AuthenticationToken, parse, verify_signature
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.webeid.accounts": "Match Rebinding account_id rebinding",
            "mynacard.webeid.checking": "report validate",
            "mynacard.webeid.login": "LoggedIn Login",
            "mynacard.webeid.nonces": "Issued NonceMemory Nonces NonceStore",
            "mynacard.webeid.token": "AuthenticationToken parse verify_signature",
        },
    )

__all__ = [
    "AuthenticationToken",
    "Issued",
    "LoggedIn",
    "Login",
    "Match",
    "NonceMemory",
    "NonceStore",
    "Nonces",
    "Rebinding",
    "account_id",
    "parse",
    "rebinding",
    "report",
    "validate",
    "verify_signature",
]
