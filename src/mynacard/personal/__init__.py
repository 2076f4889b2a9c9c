"""The card's other applications: text input support, card face, common, resident register, and the issuer's data."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.personal.checking import FaceFiles, Presence, TextFiles, check_face, check_text
    from mynacard.personal.common_session import CommonSession
    from mynacard.personal.face_session import FaceSession
    from mynacard.personal.issuer import IssuerData
    from mynacard.personal.layout import (
        APPLICATIONS,
        BIRTH_DATE,
        CARD_FACE,
        COMMON,
        COMMON_PIN,
        FACE_NUMBER_A,
        FACE_NUMBER_B,
        RESIDENT_REGISTER,
        RESIDENT_REGISTER_PIN,
        TEXT,
        TEXT_NUMBER_A,
        TEXT_NUMBER_B,
        TEXT_PIN,
    )
    from mynacard.personal.numbers import (
        Calendar,
        MyNumber,
        birth_date_pin,
        verification_number_a,
        verification_number_b,
    )
    from mynacard.personal.register_session import (
        RegisterSession,
        change_resident_register_pin,
        resident_register_pin_status,
    )
    from mynacard.personal.report import Check, Conclusion, Genuineness, Subject, Verdict
    from mynacard.personal.roots import Origin, Root, RootKind
    from mynacard.personal.states import PinState, pin_states
    from mynacard.personal.text_session import TextSession
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.personal.checking": "FaceFiles Presence TextFiles check_face check_text",
            "mynacard.personal.common_session": "CommonSession",
            "mynacard.personal.face_session": "FaceSession",
            "mynacard.personal.issuer": "IssuerData",
            "mynacard.personal.layout": (
                "APPLICATIONS BIRTH_DATE CARD_FACE COMMON COMMON_PIN FACE_NUMBER_A FACE_NUMBER_B "
                "RESIDENT_REGISTER RESIDENT_REGISTER_PIN TEXT TEXT_NUMBER_A TEXT_NUMBER_B TEXT_PIN"
            ),
            "mynacard.personal.numbers": (
                "Calendar MyNumber birth_date_pin verification_number_a verification_number_b"
            ),
            "mynacard.personal.register_session": (
                "RegisterSession change_resident_register_pin resident_register_pin_status"
            ),
            "mynacard.personal.report": "Check Conclusion Genuineness Subject Verdict",
            "mynacard.personal.roots": "Origin Root RootKind",
            "mynacard.personal.states": "PinState pin_states",
            "mynacard.personal.text_session": "TextSession",
        },
    )

__all__ = [
    "APPLICATIONS",
    "BIRTH_DATE",
    "CARD_FACE",
    "COMMON",
    "COMMON_PIN",
    "FACE_NUMBER_A",
    "FACE_NUMBER_B",
    "RESIDENT_REGISTER",
    "RESIDENT_REGISTER_PIN",
    "TEXT",
    "TEXT_NUMBER_A",
    "TEXT_NUMBER_B",
    "TEXT_PIN",
    "Calendar",
    "Check",
    "CommonSession",
    "Conclusion",
    "FaceFiles",
    "FaceSession",
    "Genuineness",
    "IssuerData",
    "MyNumber",
    "Origin",
    "PinState",
    "Presence",
    "RegisterSession",
    "Root",
    "RootKind",
    "Subject",
    "TextFiles",
    "TextSession",
    "Verdict",
    "birth_date_pin",
    "change_resident_register_pin",
    "check_face",
    "check_text",
    "pin_states",
    "resident_register_pin_status",
    "verification_number_a",
    "verification_number_b",
]
