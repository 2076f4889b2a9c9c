"""The desk is Linux's here: libpcsclite, and a service in pcscd's place."""

from __future__ import annotations

import sys

collect_ignore = [] if sys.platform == "linux" else ["test_examination.py"]
