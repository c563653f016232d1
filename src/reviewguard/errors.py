"""Errors a user can act on: each says what was expected, what was found and what to do."""

from __future__ import annotations


class UserError(Exception):
    """Something the user gave cannot be used.

    Attributes:
        found: what is wrong, with the place (file, line, field) where known.
        expected: what would have been right.
        fix: what to do about it.
    """

    def __init__(self, found: str, *, expected: str = "", fix: str = "") -> None:
        self.found = found
        self.expected = expected
        self.fix = fix
        parts = (found, expected and f"expected: {expected}", fix and f"to fix: {fix}")
        super().__init__("\n  ".join(filter(None, parts)))


class InputError(UserError):
    """A message, an export or a dataset file cannot be read."""


class NoMessagesError(InputError):
    """A file is empty, or has no column for messages: it may be something else than an export of them."""


class StoppedError(UserError):
    """Scoring broke off; a run that keeps its work can go on."""


class ModelError(UserError):
    """A model folder is missing, incomplete, altered, or does not reproduce its stored scores."""


class ConfigError(UserError):
    """A configuration value is unknown or out of range."""
