"""Card readers over PC/SC: which are there, and the card on one of them. The only room that knows a PC/SC library."""

from mynacard.readers.pcsc import ReaderCard, ReaderState, list_readers

__all__ = ["ReaderCard", "ReaderState", "list_readers"]
