"""Pictures of every kind of dialog, in both languages, for people to look at: ``python -m tests.consent.pictures``.

They go into build/dialogs. Needs Xvfb, xdotool, ImageMagick, and fonts with Japanese letters.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Final

from mynacard.apdu.pins import TriesLeft
from mynacard.consent import Act, Document, Notice, Page, Program
from mynacard.consent.pinentry import opener as pinentry
from mynacard.consent.window import opener as window
from mynacard.consent.words import Translate, View, at_keypad, last_try, notice, question
from mynacard.pin import AtKeypad
from mynacard.texts import catalogue
from tests.consent.requests import LOG_IN, PAGE, SIGN, request
from tests.consent.screen import picture, screen, wait_for_window

FOLDER: Final = Path("build/dialogs")
LONG: Final = Page(f"https://www.portal.go.jp.{'a' * 63}.{'b' * 63}.{'c' * 60}.evil.example:8443")
IDN: Final = Page("https://xn--prtal-jye.example")
JAPANESE: Final = Page("https://xn--wgv71a119e.example")


def views(translate: Translate) -> dict[str, View]:
    """The dialogs."""
    return {
        "log-in": question(LOG_IN, translate),
        "long": question(request(asker=LONG), translate),
        "long-sign": question(request(SIGN, asker=LONG), translate),
        "mixed": question(request(asker=IDN), translate),
        "japanese": question(request(asker=JAPANESE, incorrect=True, status=TriesLeft(2)), translate),
        "here": question(request(asker=Page("http://127.0.0.1:8765")), translate),
        "sign": question(SIGN, translate),
        "certificate": question(request(SIGN, act=Act.READ_SIGNING_CERTIFICATE, hash_name=""), translate),
        "misformed": question(LOG_IN, translate, misformed=True),
        "last-try": last_try(request(status=TriesLeft(1), incorrect=True), translate),
        "keypad": at_keypad(request(keypad=AtKeypad()), translate),
        "no-card": notice(PAGE, Notice.NO_CARD, translate),
        "blocked": notice(LONG, Notice.PIN_BLOCKED, translate),
        "command": question(request(asker=Program("mynacard"), act=Act.OTHER, purpose="Reads My Number."), translate),
        "document": question(request(SIGN, asker=Document("<b>契約書</b> & 'x'.pdf"), hash_name=""), translate),
    }


def main(names: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for language in ("en", "ja"):
        openers = {
            "gtk": pinentry("/usr/bin/pinentry-gtk-2", language),
            "qt": pinentry("/usr/bin/pinentry-qt", language),
            "tk": window(),
        }
        for toolkit, opener in openers.items():
            for name, view in views(catalogue(language).gettext).items():
                if names and name not in names:
                    continue
                with screen() as display:
                    os.environ["DISPLAY"] = display
                    try:
                        dialog = opener(view, 90)
                    except OSError as error:
                        print(toolkit, name, language, error)
                        continue
                    dialog.reply(0.5)
                    wait_for_window(display)
                    dialog.reply(1.2)
                    time.sleep(0.3)
                    picture(display, FOLDER / f"{name}-{toolkit}-{language}.png")
                    dialog.close()


if __name__ == "__main__":
    main(sys.argv[1:])
