"""Cards around a card: they record its exchanges, masked, and replay them; and residence cards kept in folders."""

from mynacard.recordings.files import read_recording, recording_to
from mynacard.recordings.recorder import Recorder
from mynacard.recordings.recording import Recording
from mynacard.recordings.replay import Replay

__all__ = ["Recorder", "Recording", "Replay", "read_recording", "recording_to"]
