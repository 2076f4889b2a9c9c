"""Formats around one signature of the card; each is made and verified in one place.

``cms`` (a detached CMS signature, ``.p7s``), ``cades`` (the same as CAdES wants it, by pyHanko) and ``rawsig`` (the
bare 256 bytes) are modules, so that a program loads only what it uses. That a signature is good says nothing of the
certificate: :func:`mynacard.trust.check` does. ``judging`` asks both, of every format, and the time stamps.
"""
