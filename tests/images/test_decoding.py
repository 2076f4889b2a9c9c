"""Images of cards, decoded: those of the simulator, and those that lie."""

from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow

from mynacard import errors
from mynacard.images import Image, ImageKind
from mynacard.images.decoding import DOTS_MAX, decode, png
from mynacard.residence import contents_of
from mynacard.simulator.individual.images import PHOTO
from mynacard.simulator.residence import images
from tests.extent import examples
from tests.residence.cards import FIRST, SECOND, files

FRONT = Image("front image", ImageKind.TIFF, images.FRONT_MID_TERM.ljust(7000, b"\0"))
FACE = Image("face image", ImageKind.JPEG_2000, images.FACE.ljust(3000, b"\0"))


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def jpeg(size: tuple[int, int] = (120, 160)) -> Image:
    return Image(
        "face image", ImageKind.JPEG_2000, saved(Pillow.new("RGB", size, (200, 10, 10)), "JPEG").ljust(3000, b"\0")
    )


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_every_image_of_a_card_becomes_a_png_of_its_size(name: str) -> None:
    sizes = {"front image": (840, 530), "face image": (120, 160), "name image": (720, 48), "address image": (720, 48)}
    for image in contents_of(files(name)).images:
        picture = Pillow.open(io.BytesIO(png(image)))
        picture.load()
        assert (picture.format, picture.size) == ("PNG", sizes[image.name])


def test_ink_is_black_and_the_photo_is_in_colour() -> None:
    front, face = decode(FRONT), decode(FACE)
    assert front.mode == "1"
    assert 0.01 < front.histogram()[0] / (840 * 530) < 0.2
    assert face.mode == "RGB"


def test_a_photo_in_jpeg_is_shown_too() -> None:
    assert decode(jpeg()).size == (120, 160)


def test_the_photo_of_the_individual_number_card_is_shown_too() -> None:
    assert decode(Image("photo", ImageKind.JPEG_2000, PHOTO)).size == (120, 160)


def undecodable(image: Image) -> str:
    with pytest.raises(errors.CardDataError) as caught:
        png(image)
    assert image.name in str(caught.value)
    assert "{" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "content", [b"", bytes(100), b"GIF89a" + bytes(100), b"II*\0", b"\xff\xd8\xff", FACE.content[:12]]
)
def test_what_is_no_image_is_an_error(content: bytes) -> None:
    undecodable(Image("face image", ImageKind.JPEG_2000, content))


@pytest.mark.parametrize("image", [FRONT, FACE, jpeg()], ids=["tiff", "jpeg-2000", "jpeg"])
def test_an_image_cut_anywhere_is_an_error_or_an_image(image: Image) -> None:
    end = len(image.content.rstrip(b"\0"))
    for length in range(0, end, max(1, end // 60)):
        try:
            decode(Image(image.name, image.wanted, image.content[:length]))
        except errors.CardDataError:
            continue


# --- lies about the size ---------------------------------------------------------------------------------------


def tiff_that_says(width: int, height: int) -> Image:
    """The front, its directory's width (tag 256) and height (tag 257) written over."""
    content = bytearray(FRONT.content)
    at = struct.unpack_from("<I", content, 4)[0]
    for index in range(struct.unpack_from("<H", content, at)[0]):
        entry = at + 2 + 12 * index
        tag = struct.unpack_from("<H", content, entry)[0]
        if tag in {256, 257}:
            struct.pack_into("<HHII", content, entry, tag, 4, 1, width if tag == 256 else height)
    return Image("front image", ImageKind.TIFF, bytes(content))


def jp2_that_says(width: int, height: int, *, box: bool, codestream: bool) -> Image:
    """The photo, the size in its header box or in its codestream written over, or both."""
    content = bytearray(FACE.content)
    if box:
        struct.pack_into(">II", content, content.index(b"ihdr") + 4, height, width)
    if codestream:
        struct.pack_into(">II", content, content.index(b"\xff\x4f\xff\x51") + 8, width, height)
    return Image("face image", ImageKind.JPEG_2000, bytes(content))


LIES = {
    "tiff": tiff_that_says(60000, 60000),
    "tiff-flat": tiff_that_says(4_000_001, 1),
    "tiff-none": tiff_that_says(0, 0),
    "jp2": jp2_that_says(60000, 60000, box=True, codestream=True),
    "jp2-box": jp2_that_says(60000, 60000, box=True, codestream=False),
    "jp2-codestream": jp2_that_says(60000, 60000, box=False, codestream=True),
    "jp2-none": jp2_that_says(0, 0, box=True, codestream=True),
    "jp2-other": jp2_that_says(4000, 100, box=False, codestream=True),
}


@pytest.mark.parametrize("name", LIES)
def test_an_image_that_lies_about_its_size_is_an_error(name: str) -> None:
    undecodable(LIES[name])


def test_lies_take_no_memory() -> None:
    """In a process of its own: what decoders allocate is not Python's to count."""
    script = """
import resource, sys
sys.path.insert(0, sys.argv[1])
from test_decoding import FACE, FRONT, LIES, errors, png
for image in (FRONT, FACE):
    png(image)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for image in LIES.values():
    try:
        png(image)
    except errors.CardDataError:
        pass
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(Path(__file__).parent)], check=True, capture_output=True, text=True
    )
    assert int(done.stdout) < 20_000  # KiB, on Linux


def test_the_largest_jpeg_is_refused_by_what_it_says() -> None:
    assert "1001 by 1000" in undecodable(
        Image("face image", ImageKind.JPEG_2000, saved(Pillow.new("L", (1001, 1000)), "JPEG"))
    )
    assert DOTS_MAX[ImageKind.JPEG] == 1_000_000


@pytest.mark.parametrize("compression", ["raw", "tiff_deflate", "tiff_lzw", "packbits", "group3"])
def test_a_tiff_compressed_in_another_way_is_an_error(compression: str) -> None:
    content = saved(Pillow.new("1", (64, 64)), "TIFF", compression=compression)
    assert "MMR" in undecodable(Image("front image", ImageKind.TIFF, content))


def test_a_jpeg_2000_of_five_components_is_an_error() -> None:
    content = bytearray(FACE.content)
    struct.pack_into(">H", content, content.index(b"\xff\x4f\xff\x51") + 40, 5)
    undecodable(Image("face image", ImageKind.JPEG_2000, bytes(content)))


@settings(max_examples=examples(150))
@given(st.sampled_from([FRONT, FACE]), st.data())
def test_any_bytes_in_an_image_are_an_image_or_an_error(image: Image, data: st.DataObject) -> None:
    content = bytearray(image.content.rstrip(b"\0"))
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(12, min(len(content), 400) - 1))
        content[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(errors.CardDataError):
        png(Image(image.name, image.wanted, bytes(content)))


def test_without_pillow_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(errors.MissingExtraError) as caught:
        png(FRONT)
    assert caught.value.extra == "images"
    assert "pip install 'mynacard[images]'" in str(caught.value)
