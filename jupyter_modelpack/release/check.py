"""The check: one automatic test, its answer, and a plain sentence with what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Answer = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Check:
    """One answer. ``unknown`` refuses as ``fail`` does; it says that the test could not be made.

    ``sentence`` is the line in the checklist, ``detail`` what stands behind it, ``brief`` the words
    for a one-line summary, ``advice`` what to do next when it does not pass.
    """

    code: str
    answer: Answer
    sentence: str
    detail: str = ""
    brief: str = ""
    advice: str = ""

    @property
    def passed(self) -> bool:
        """Whether the answer is yes; nothing else counts as one."""
        return self.answer == "pass"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records, the panel and ``--json`` show."""
        return {
            "code": self.code,
            "answer": self.answer,
            "sentence": self.sentence,
            "detail": self.detail,
            "brief": self.brief,
            "advice": self.advice,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Check:
        """Read what ``to_json`` wrote; an answer that is none of ours is unknown."""
        answer: Answer = "unknown"
        if value["answer"] == "pass":
            answer = "pass"
        elif value["answer"] == "fail":
            answer = "fail"
        texts = (str(value.get(key, "")) for key in ("sentence", "detail", "brief", "advice"))
        return cls(str(value["code"]), answer, *texts)
