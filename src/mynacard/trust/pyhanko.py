"""pyHanko and its validator (the extra ``pdf``): large, so loaded on first use; only partly typed, so all is Any."""

from __future__ import annotations

import logging
import struct
import zlib
from importlib.util import find_spec
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm

from mynacard.errors import MissingExtraError
from mynacard.trust.asn1 import OnUse

__all__ = [
    "UNREADABLE",
    "archival",
    "attributes",
    "authority",
    "certvalidator",
    "check_installed",
    "cms_embedder",
    "constants",
    "decode_limits",
    "diff_analysis",
    "diff_constants",
    "errors",
    "fields",
    "font_api",
    "form_tools",
    "general",
    "generic",
    "generic_cms",
    "incremental_writer",
    "layout",
    "metadata",
    "misc",
    "opentype",
    "path",
    "pdf_byterange",
    "pdf_cms",
    "pdf_embedded",
    "reader",
    "registry",
    "signers",
    "stamp",
    "status",
    "text",
    "validate_crl",
    "validate_ocsp",
    "validation_errors",
    "writer",
    "xref",
]

for _logger in ("pyhanko", "pyhanko_certvalidator"):  # steps report their findings; a program may add a handler
    logging.getLogger(_logger).addHandler(logging.NullHandler())  # else, names out of certificates go to standard error

decode_limits: Final[Any] = OnUse("pyhanko.pdf_utils.decode_limits")
cms_embedder: Final[Any] = OnUse("pyhanko.sign.signers.cms_embedder")
diff_analysis: Final[Any] = OnUse("pyhanko.sign.diff_analysis")
constants: Final[Any] = OnUse("pyhanko.sign.signers.constants")
diff_constants: Final[Any] = OnUse("pyhanko.sign.diff_analysis.constants")
fields: Final[Any] = OnUse("pyhanko.sign.fields")
font_api: Final[Any] = OnUse("pyhanko.pdf_utils.font.api")
form_tools: Final[Any] = OnUse("pyhanko.pdf_utils.form_tools")
general: Final[Any] = OnUse("pyhanko.sign.general")
generic: Final[Any] = OnUse("pyhanko.pdf_utils.generic")
generic_cms: Final[Any] = OnUse("pyhanko.sign.validation.generic_cms")
incremental_writer: Final[Any] = OnUse("pyhanko.pdf_utils.incremental_writer")
layout: Final[Any] = OnUse("pyhanko.pdf_utils.layout")
metadata: Final[Any] = OnUse("pyhanko.pdf_utils.metadata.model")
misc: Final[Any] = OnUse("pyhanko.pdf_utils.misc")
opentype: Final[Any] = OnUse("pyhanko.pdf_utils.font.opentype")
pdf_byterange: Final[Any] = OnUse("pyhanko.sign.signers.pdf_byterange")
pdf_cms: Final[Any] = OnUse("pyhanko.sign.signers.pdf_cms")
pdf_embedded: Final[Any] = OnUse("pyhanko.sign.validation.pdf_embedded")
reader: Final[Any] = OnUse("pyhanko.pdf_utils.reader")
signers: Final[Any] = OnUse("pyhanko.sign.signers")
stamp: Final[Any] = OnUse("pyhanko.stamp")
status: Final[Any] = OnUse("pyhanko.sign.validation.status")
text: Final[Any] = OnUse("pyhanko.pdf_utils.text")
validation_errors: Final[Any] = OnUse("pyhanko.sign.validation.errors")
writer: Final[Any] = OnUse("pyhanko.pdf_utils.writer")
xref: Final[Any] = OnUse("pyhanko.pdf_utils.xref")

archival: Final[Any] = OnUse("pyhanko_certvalidator.revinfo.archival")
attributes: Final[Any] = OnUse("pyhanko.sign.attributes")
authority: Final[Any] = OnUse("pyhanko_certvalidator.authority")
certvalidator: Final[Any] = OnUse("pyhanko_certvalidator")
errors: Final[Any] = OnUse("pyhanko_certvalidator.errors")
path: Final[Any] = OnUse("pyhanko_certvalidator.path")
registry: Final[Any] = OnUse("pyhanko_certvalidator.registry")
validate_crl: Final[Any] = OnUse("pyhanko_certvalidator.revinfo.validate_crl")
validate_ocsp: Final[Any] = OnUse("pyhanko_certvalidator.revinfo.validate_ocsp")

UNREADABLE: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, AssertionError, ArithmeticError, RuntimeError,
    StopIteration, UnsupportedAlgorithm, zlib.error, struct.error,
)  # fmt: skip
"""The exceptions, besides their own, that both raise for malformed files and values, and for unknown algorithms."""


def check_installed() -> None:
    """Check that pyHanko and its validator are installed.

    Raises:
        MissingExtraError: they are not.
    """
    if find_spec("pyhanko") is None or find_spec("pyhanko_certvalidator") is None:
        raise MissingExtraError("pyHanko", "pdf")
