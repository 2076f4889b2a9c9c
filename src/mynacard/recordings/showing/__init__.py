"""Showing a recording: in the words of the standards, as text, as a page, and as a capture file for Wireshark."""

from mynacard.recordings.showing.durations import Share, shares
from mynacard.recordings.showing.html_page import page
from mynacard.recordings.showing.plain_text import text
from mynacard.recordings.showing.wireshark import capture
from mynacard.recordings.showing.words import KINDS, Line, dialogue

__all__ = ["KINDS", "Line", "Share", "capture", "dialogue", "page", "shares", "text"]
