"""A door for every program that speaks PC/SC through pcsc-lite: it takes the place of the service, pcscd."""

from mynacard.doors.pcsclite.pinpad import Gesture, Keypad
from mynacard.doors.pcsclite.place import check_system
from mynacard.doors.pcsclite.server import PcscliteDoor, reader_name
from mynacard.simulator.powered import PoweredCard

__all__ = ["Gesture", "Keypad", "PcscliteDoor", "PoweredCard", "check_system", "reader_name"]
