"""The challenge: what a registry wants to know before it answers (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_SCHEME = re.compile(rf"[\s,]*({_TOKEN})(?=[\s,]|\Z)(?!\s*=)")
_PARAMETER = re.compile(rf'[\s,]*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]*))')
_LONGEST = 8192


@dataclass(frozen=True)
class Challenge:
    """One scheme, in lower case, and its parameters."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def realm(self) -> str:
        """Where a token is given out, for ``bearer``."""
        return self.parameters.get("realm", "")


def challenges(values: Sequence[str]) -> tuple[Challenge, ...]:
    """Read the ``WWW-Authenticate`` headers of one answer; what is no challenge is left out."""
    out: list[Challenge] = []
    for text in values:
        text = text[:_LONGEST]
        at = 0
        while found := _SCHEME.match(text, at):
            at = found.end()
            parameters: dict[str, str] = {}
            while pair := _PARAMETER.match(text, at):
                quoted, plain = pair.group(2), pair.group(3)
                value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
                parameters.setdefault(pair.group(1).lower(), value)
                at = pair.end()
            out.append(Challenge(found.group(1).lower(), parameters))
    return tuple(out)


def chosen(found: Sequence[Challenge]) -> Challenge | None:
    """Return the challenge to answer: ``bearer`` before ``basic``, and no other."""
    for scheme in ("bearer", "basic"):
        for each in found:
            if each.scheme == scheme and (scheme == "basic" or each.realm):
                return each
    return None
