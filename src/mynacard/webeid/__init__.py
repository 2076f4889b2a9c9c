"""The Web eID authentication token: built on the holder's side, checked on the portal's."""

from mynacard.webeid.checking import report, validate
from mynacard.webeid.token import AuthenticationToken, parse, verify_signature

__all__ = ["AuthenticationToken", "parse", "report", "validate", "verify_signature"]
