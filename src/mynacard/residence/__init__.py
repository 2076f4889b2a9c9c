"""The residence card and the special permanent resident certificate, both generations: opened, read, checked."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.residence.anchors import PUBLISHED, Anchor, AnchorKind, PublishedCa, published
    from mynacard.residence.card import Progress, ResidenceCard
    from mynacard.residence.certificates import Certificate
    from mynacard.residence.contents import (
        Address,
        CardFiles,
        Contents,
        FirstContents,
        OtherEntries,
        Permissions,
        PrintedEntries,
        SecondContents,
        contents_of,
    )
    from mynacard.residence.layout import LAYOUTS, Access, CardType, File, First, Free, Second
    from mynacard.residence.number import CardNumber
    from mynacard.residence.report import Label, Report, SignatureForm
    from mynacard.residence.signature import check, signed_data
    from mynacard.residence.values import (
        Coded,
        ComprehensivePermission,
        Day,
        Days,
        Indefinite,
        PeriodOfStay,
        Presence,
        RawCode,
        Sex,
        UnknownPeriod,
        WorkRestriction,
        YearsAndMonths,
    )
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.residence.anchors": "PUBLISHED Anchor AnchorKind PublishedCa published",
            "mynacard.residence.card": "Progress ResidenceCard",
            "mynacard.residence.certificates": "Certificate",
            "mynacard.residence.contents": (
                "Address CardFiles Contents FirstContents OtherEntries Permissions PrintedEntries SecondContents "
                "contents_of"
            ),
            "mynacard.residence.layout": "LAYOUTS Access CardType File First Free Second",
            "mynacard.residence.number": "CardNumber",
            "mynacard.residence.report": "Label Report SignatureForm",
            "mynacard.residence.signature": "check signed_data",
            "mynacard.residence.values": (
                "Coded ComprehensivePermission Day Days Indefinite PeriodOfStay Presence RawCode Sex "
                "UnknownPeriod WorkRestriction YearsAndMonths"
            ),
        },
    )

__all__ = [
    "LAYOUTS",
    "PUBLISHED",
    "Access",
    "Address",
    "Anchor",
    "AnchorKind",
    "CardFiles",
    "Certificate",
    "CardNumber",
    "CardType",
    "Coded",
    "ComprehensivePermission",
    "Contents",
    "Day",
    "Days",
    "File",
    "First",
    "FirstContents",
    "Free",
    "Indefinite",
    "Label",
    "OtherEntries",
    "PeriodOfStay",
    "Permissions",
    "Presence",
    "PrintedEntries",
    "Progress",
    "PublishedCa",
    "RawCode",
    "Report",
    "ResidenceCard",
    "Second",
    "SecondContents",
    "Sex",
    "SignatureForm",
    "UnknownPeriod",
    "WorkRestriction",
    "YearsAndMonths",
    "check",
    "contents_of",
    "published",
    "signed_data",
]
