"""The reference receiver: takes registrations and applications as a portal would, for tests and for the demo.

It is not a portal of the Immigration Services Agency. It needs Starlette, from the extra ``server``.
"""

from mynacard.portal.database import StoreError
from mynacard.portal.receiver import Receiver, Refusal
from mynacard.portal.serving import serve, served
from mynacard.portal.store import Store

__all__ = ["Receiver", "Refusal", "Store", "StoreError", "serve", "served"]
