"""The origin of a receiver is the one that a browser would write, however its address was typed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mynacard.errors import UsageError
from mynacard.jpki.authentication import check_origin
from mynacard.submission.origin import base_of, origin_of

ORIGINS = {
    "https://portal.example": "https://portal.example",
    "https://portal.example/": "https://portal.example",
    "HTTPS://Portal.EXAMPLE": "https://portal.example",
    "https://portal.example:443": "https://portal.example",
    "https://portal.example:0443": "https://portal.example",
    "https://portal.example:": "https://portal.example",
    "https://portal.example:80": "https://portal.example:80",
    "https://portal.example:8443/": "https://portal.example:8443",
    "https://localhost": "https://localhost",
    "http://localhost:8080": "http://localhost:8080",
    "http://LOCALHOST:8080/": "http://localhost:8080",
    "http://localhost": "http://localhost",
    "http://localhost:80": "http://localhost",
    "http://localhost:443": "http://localhost:443",
    "http://127.0.0.1:8765": "http://127.0.0.1:8765",
    "http://127.0.0.1:80/": "http://127.0.0.1",
    "http://[::1]:8080": "http://[::1]:8080",
    "http://[0:0:0:0:0:0:0:1]:80": "http://[::1]",
    "https://[2001:DB8:0::1]": "https://[2001:db8::1]",
    "https://[::ffff:192.0.2.1]": "https://[::ffff:c000:201]",
    "https://日本語.jp": "https://xn--wgv71a119e.jp",
    "https://日本語。jp": "https://xn--wgv71a119e.jp",
    "https://ＰＯＲＴＡＬ.example": "https://portal.example",
    "https://BÜCHER.example": "https://xn--bcher-kva.example",
    "https://straße.example": "https://xn--strae-oqa.example",
    "https://XN--WGV71A119E.jp": "https://xn--wgv71a119e.jp",
}


@pytest.mark.parametrize(("url", "origin"), ORIGINS.items(), ids=ORIGINS)
def test_an_origin_has_one_spelling(url: str, origin: str) -> None:
    assert origin_of(url) == origin
    assert base_of(url) == origin
    assert origin_of(origin) == origin


@pytest.mark.parametrize(
    "url",
    [
        "", "portal", "portal.example", "//portal.example", "https://", "https://:443", "ftp://127.0.0.1", "http://",
        "http://portal.example", "http://192.0.2.1", "http://127.0.0.2", "http://127.1", "http://0.0.0.0",
        "http://localhost.", "http://a.localhost", "http://127.0.0.1.evil.example", "http://[::2]", "http://ｌocal。host",
        "https://u@portal.example", "https://u:p@portal.example", "https://@portal.example", "https://portal.example/?",
        "https://portal.example?a", "https://portal.example#x", "https://portal.example/#", "https://portal.example:0",
        "https://portal.example:65536", "https://portal.example:x", "https://portal.example:８０", "https://[::1",
        "https://[fe80::1%25eth0]", "https://[fe80::1%eth0]", "https://a_b.example", "https://portal.example\\",
        "https://portal.example\\@evil.example", " https://portal.example", "https://portal.example ",
        "https://portal.example\n", "https://por\ttal.example", "https://portal%2eexample", "https://portal.example.",
        "https://127.1", "https://0x7f000001", "https://\u200dportal.example", "https://a／b.example", "https://ab\u0300.-x",
        "https://portal.example/日本", "https://portal.example/a b", "https://" + "ü" * 64 + ".example",
    ],
)  # fmt: skip
def test_what_is_not_a_receiver_s_address_is_refused(url: str) -> None:
    for make in (origin_of, base_of):
        with pytest.raises(UsageError):
            make(url)


def test_a_path_belongs_to_the_address_and_not_to_the_origin() -> None:
    for end in ("", "/", "//"):
        assert base_of(f"https://Portal.example:443/v2/a{end}") == "https://portal.example/v2/a"
    assert origin_of("https://portal.example/v2/a") == "https://portal.example"


@given(st.text(max_size=40), st.text(max_size=10))
@example("[::1]", "80")
@example("İ.example", "1")
@example("\u212aportal.example", "")
def test_any_text_is_an_address_or_a_usage_error(host: str, port: str) -> None:
    for url in (host, f"https://{host}:{port}", f"http://{host}:{port}/"):
        try:
            origin = origin_of(url)
        except UsageError:
            continue
        check_origin(origin)
        assert origin_of(origin) == origin
