"""Draws the pictures of simulated residence cards, and writes their bytes into the simulator. Needs Pillow.

They have the formats of real cards: TIFF with MMR (ITU-T T.6) for printed parts, JPEG 2000 in colour for the photo. The
size of real ones in dots is unknown. They show no real person, and each says SIMULATED. Run it when the pictures
change; other versions of Pillow may encode them differently.

Usage: python tools/residence_images.py
"""

from __future__ import annotations

import base64
import io
import textwrap
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

TARGET: Final = Path(__file__).parent.parent / "src/mynacard/simulator/residence/images.py"
CARD: Final = (840, 530)
LINE: Final = (720, 48)
PHOTO: Final = (120, 160)
PHOTO_MAX: Final = 2900
BLACK, WHITE = 0, 1

FRONTS: Final = {
    "FRONT_MID_TERM": (
        "RESIDENCE CARD", "No. AB12345678CD", "MIHON ALEX SIMULATED", "1990-04-01   X   NOWHERE", "STATUS: SIMULATED",
        "PERIOD OF STAY: 5 YEARS (2099-04-01)", "VALID UNTIL 2099-04-01",
    ),
    "FRONT_SPECIAL": (
        "SPECIAL PERMANENT RESIDENT CERTIFICATE", "No. AB12345678CD", "MIHON KIM SIMULATED", "1979-12-31   F   NOWHERE",
        "", "", "VALID UNTIL 2099-04-01",
    ),
    "FRONT_CHILD": (
        "RESIDENCE CARD", "No. AB12345678CD", "MIHON TARO SIMULATED", "2016-11-08   M   NOWHERE", "STATUS: SIMULATED",
        "PERIOD OF STAY: 3 YEARS (2099-04-01)", "VALID UNTIL 2099-04-01   NO PHOTO UNDER 16",
    ),
    "FRONT_EXPIRED": (
        "RESIDENCE CARD", "No. AB12345678CD", "MIHON ALEX SIMULATED", "1990-04-01   X   NOWHERE", "STATUS: SIMULATED",
        "PERIOD OF STAY: 5 YEARS (2019-04-01)", "VALID UNTIL 2019-04-01",
    ),
}  # fmt: skip
LINES: Final = {
    "NAME": "MIHON ALEX SIMULATED",
    "ADDRESS": "1-2-3 MOGI-CHO, MIHON-KU, TOKYO (SIMULATED)",
}


def front(lines: tuple[str, ...]) -> bytes:
    picture = Image.new("1", CARD, WHITE)
    draw = ImageDraw.Draw(picture)
    for number, text in enumerate(lines):
        draw.text((24, 20 + 62 * number), text, BLACK, ImageFont.load_default(30))
    draw.text((24, 470), "SIMULATED - NOT A RESIDENCE CARD", BLACK, ImageFont.load_default(36))
    return tiff(picture)


def line(text: str) -> bytes:
    picture = Image.new("1", LINE, WHITE)
    ImageDraw.Draw(picture).text((8, 6), text, BLACK, ImageFont.load_default(28))
    return tiff(picture)


def tiff(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "TIFF", compression="group4", dpi=(300, 300))
    return out.getvalue()


def photo() -> bytes:
    width, height = PHOTO
    picture = Image.new("RGB", PHOTO, (206, 222, 236))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((14, 104, width - 14, height + 60), (70, 92, 130))
    draw.ellipse((34, 24, width - 34, 112), (226, 190, 160))
    for y in (20, 76, 132):
        draw.text((10, y), "SIMULATED", (150, 30, 30), ImageFont.load_default(19))
    rate = 20
    while True:
        out = io.BytesIO()
        picture.save(out, "JPEG2000", quality_mode="rates", quality_layers=[rate], irreversible=True)
        if len(out.getvalue()) <= PHOTO_MAX:
            return out.getvalue()
        rate += 1


def written(name: str, content: bytes, about: str) -> str:
    text = base64.b64encode(content).decode()
    rows = "\n".join(f'    "{row}"' for row in textwrap.wrap(text, 112))
    return f'{name}: Final = base64.b64decode(\n{rows}\n)\n"""{about}"""\n'


def main() -> None:
    names = sorted([*FRONTS, *LINES, "FACE"])
    parts = [written(name, front(lines), f"The front of a card, {CARD[0]} by {CARD[1]} dots.")
             for name, lines in FRONTS.items()]  # fmt: skip
    parts += [
        written(name, line(text), f"A line of text, {LINE[0]} by {LINE[1]} dots.") for name, text in LINES.items()
    ]
    parts.append(written("FACE", photo(), f"A head without a face, {PHOTO[0]} by {PHOTO[1]} dots, in colour."))
    head = (
        '"""The pictures on simulated residence cards, of no real person; drawn by tools/residence_images.py."""\n\n'
        "from __future__ import annotations\n\nimport base64\nfrom typing import Final\n\n"
        f"__all__ = [{', '.join(chr(34) + name + chr(34) for name in names)}]\n\n"
    )
    TARGET.write_text(head + "\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    main()
