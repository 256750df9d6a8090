"""The metric bound: what a gate asks of one number that a run recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.check import Answer

_NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d{1,2})?"
_BOUND = re.compile(rf"(?P<name>[^<>=]{{1,80}}?)\s*(?P<sign>>=|<=|>|<)\s*(?P<value>{_NUMBER})\Z")
_NO_WORSE = re.compile(
    r"(?P<name>[^<>=]{1,80}?) no worse than (?P<place>[a-z][a-z0-9-]*)"
    rf"(?: by more than (?P<value>{_NUMBER}))?(?P<lower>, lower is better)?\Z"
)
_WORDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


@dataclass(frozen=True)
class Bound:
    """One bound: ``auc >= 0.85``, or, when ``place`` is set, no worse than what is there."""

    metric: str
    sign: str
    value: Decimal
    place: str = ""

    @classmethod
    def parse(cls, text: str) -> Bound:
        """Read a bound as a policy writes it; raises InvalidInput with the two forms."""
        words = " ".join(text.split())
        if match := _NO_WORSE.match(words):
            margin = Decimal(match["value"] or "0")
            if margin >= 0:
                return cls(match["name"], "<=" if match["lower"] else ">=", margin, match["place"])
        elif match := _BOUND.match(words):
            return cls(match["name"], match["sign"], Decimal(match["value"]))
        raise InvalidInput(
            f"{words!r:.100} is not a bound.",
            field="metrics",
            advice="Write auc >= 0.85, or auc no worse than production by more than 0.01"
            " (with ', lower is better' for an error).",
        )

    def __str__(self) -> str:
        if not self.place:
            return f"{self.metric} {self.sign} {self.value}"
        margin = f" by more than {self.value}" if self.value else ""
        lower = ", lower is better" if self.sign == "<=" else ""
        return f"{self.metric} no worse than {self.place}{margin}{lower}"

    @property
    def sentence(self) -> str:
        """The bound for people: ``auc at least 0.85``."""
        return str(self) if self.place else f"{self.metric} {_WORDS[self.sign]} {self.value}"

    def judge(
        self, metrics: Mapping[str, Any], held: Mapping[str, Any] | None
    ) -> tuple[Answer, str]:
        """Return the answer and the numbers behind it.

        ``held`` are the metrics of what the place holds: empty when it holds nothing, None when
        that is not known.
        """
        number = _number(metrics.get(self.metric))
        if number is None:
            return ("unknown", f"no number {self.metric} was recorded")
        if not self.place:
            return (_answer(self.sign, number, self.value), f"it is {_short(number)}")
        if held is None:
            return ("unknown", f"what {self.place} holds is not known")
        if not held:
            return (
                "pass",
                f"it is {_short(number)}, and {self.place} holds nothing to compare with",
            )
        before = _number(held.get(self.metric))
        if before is None:
            return ("unknown", f"what {self.place} holds recorded no number {self.metric}")
        limit = before - self.value if self.sign == ">=" else before + self.value
        there = f"it is {_short(number)}, {self.place} has {_short(before)}"
        return (_answer(self.sign, number, limit), there)


def _answer(sign: str, number: Decimal, limit: Decimal) -> Answer:
    holds = {
        ">=": number >= limit,
        "<=": number <= limit,
        ">": number > limit,
        "<": number < limit,
    }[sign]
    return "pass" if holds else "fail"


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # repr, because 0.88 - 0.87 is more than 0.01 in binary and nobody means that.
    return Decimal(repr(value)) if math.isfinite(value) else None


def _short(number: Decimal) -> str:
    return f"{number:.4g}" if abs(number) < 10_000 else f"{number:,.0f}"
