"""Fixtures for the tests of tools."""

from readers.door import door, service

__all__ = ["door", "service"]
