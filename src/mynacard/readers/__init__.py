"""Card readers over PC/SC: the attached ones, and the card on one. The only room that knows a PC/SC library.

A command passes six hops on its way to the reader, and each adds one thing::

    the caller's thread     ReaderCard.transmit(command)          only its owner's, and only in a transaction
                                |
                            Worker.run(call, job, timeout_s)      a deadline, and Ctrl-C while the card works
    ------------------------    |    ------------------------------------------------------------------------
    the worker's thread     Link.transmit(command)                the handles, whether a PIN was shown, the end
                                |
                            Calls.transmit(card, protocol, ...)   a ReaderError in place of a PC/SC code
                                |
                            Library.transmit(...)                 one function for three systems:
                                |                                 Native (ctypes) or Pyscard
    ------------------------    |    ------------------------------------------------------------------------
    the PC/SC service       SCardTransmit                         the reader's driver, the reader, the card
"""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.readers.deadlines import Deadlines
    from mynacard.readers.events import (
        Watch,
        card_lies_on,
        list_readers,
        no_card_came,
        wait_for_card,
        wait_for_removal,
        watch,
    )
    from mynacard.readers.finding import find_library
    from mynacard.readers.holders import likely_holders
    from mynacard.readers.library import Calls, Disposition, Library, Share
    from mynacard.readers.ownership import Ownership
    from mynacard.readers.profiles import ReaderIdentity, ReaderProfile, load_profiles, model, profile_of, public_name
    from mynacard.readers.reader_card import ReaderCard
    from mynacard.readers.states import ReaderState
    from mynacard.readers.worker import Worker
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.readers.deadlines": "Deadlines",
            "mynacard.readers.events": (
                "Watch card_lies_on list_readers no_card_came wait_for_card wait_for_removal watch"
            ),
            "mynacard.readers.finding": "find_library",
            "mynacard.readers.holders": "likely_holders",
            "mynacard.readers.library": "Calls Disposition Library Share",
            "mynacard.readers.ownership": "Ownership",
            "mynacard.readers.profiles": "ReaderIdentity ReaderProfile load_profiles model profile_of public_name",
            "mynacard.readers.reader_card": "ReaderCard",
            "mynacard.readers.states": "ReaderState",
            "mynacard.readers.worker": "Worker",
        },
    )

__all__ = [
    "Calls",
    "Deadlines",
    "Disposition",
    "Library",
    "Ownership",
    "ReaderCard",
    "ReaderIdentity",
    "ReaderProfile",
    "ReaderState",
    "Share",
    "Watch",
    "Worker",
    "card_lies_on",
    "find_library",
    "likely_holders",
    "list_readers",
    "load_profiles",
    "model",
    "no_card_came",
    "profile_of",
    "public_name",
    "wait_for_card",
    "wait_for_removal",
    "watch",
]
