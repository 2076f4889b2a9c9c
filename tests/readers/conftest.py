"""Fixtures for the tests of readers."""

from readers.door import door, service

__all__ = ["door", "service"]
