"""Signature formats around one card signature; each is made and verified in one module.

``cms`` (a CMS signature: ``.p7s`` or ``.p7m``), ``cades`` (the same as CAdES requires it, by pyHanko), ``pades`` (in a
PDF file) and ``rawsig`` (the bare 256 bytes) are modules, so that a program loads only what it uses. They verify only
the signature; :func:`mynacard.trust.check` checks its certificate. ``judging`` does both, for every format, and checks
the time stamps. ``making`` signs in a format that is chosen at run time; ``shown`` signs files only as they
were shown to the holder.
"""
