"""Cards around a card: they record its exchanges, masked, and replay them; and residence cards kept in folders."""

from typing import TYPE_CHECKING

from mynacard._lazy import names_from

if TYPE_CHECKING:
    from mynacard.recordings.files import read_recording, recording_to
    from mynacard.recordings.recorder import Recorder
    from mynacard.recordings.recording import Recording
    from mynacard.recordings.replay import Replay
else:
    __getattr__, __dir__ = names_from(
        __name__,
        {
            "mynacard.recordings.files": "read_recording recording_to",
            "mynacard.recordings.recorder": "Recorder",
            "mynacard.recordings.recording": "Recording",
            "mynacard.recordings.replay": "Replay",
        },
    )

__all__ = ["Recorder", "Recording", "Replay", "read_recording", "recording_to"]
