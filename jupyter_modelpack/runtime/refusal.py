"""Why a run does not start: one sentence for a person, and the exit code that goes with it."""

from __future__ import annotations


class Refusal(Exception):
    """What was asked cannot be run as asked (exit code 2)."""

    exit_code = 2


class Breakage(Refusal):
    """The image itself is not what it should be (exit code 3)."""

    exit_code = 3


class NotKept(Exception):
    """A format would not keep a value as it is; says what would change. Another one is tried."""
