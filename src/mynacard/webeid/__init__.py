"""The Web eID authentication token: built on the holder's side, checked on the portal's."""

from mynacard.webeid.checking import validate
from mynacard.webeid.token import AuthenticationToken, parse, verify_signature

__all__ = ["AuthenticationToken", "parse", "validate", "verify_signature"]
