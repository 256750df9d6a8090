"""Kale's tag language on one cell: 2.x as in Kale 2.3.0, and ``block:`` of 1.x, read as ``step:``.

Source: the regular expressions of ``kale/processors/constants.py`` in kubeflow-kale 2.3.0. Tags of
other languages (ours, papermill's) are left to whoever reads those.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["skip", "imports", "functions", "pipeline-parameters", "pipeline-metrics"]
_ROLES: dict[str, Role] = {
    "skip": "skip",
    "imports": "imports",
    "functions": "functions",
    "pipeline-parameters": "pipeline-parameters",
    "pipeline-metrics": "pipeline-metrics",
}
_NAME = "[_a-z][_a-z0-9]*"
_SEGMENT = "[a-zA-Z0-9]+(?:[a-zA-Z0-9-_.]*[a-zA-Z0-9])?"
_KEY = f"{_SEGMENT}(?:/{_SEGMENT})?"
_LABEL = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
_LANGUAGE = {
    "step": re.compile(f"({_NAME})?"),
    "prev": re.compile(f"({_NAME})"),
    "notebook": re.compile(f"({_NAME})?"),
    "annotation": re.compile(f"({_KEY}):(.*)", re.DOTALL),
    "label": re.compile(f"({_KEY}):(.*)", re.DOTALL),
    "limit": re.compile(r"([_a-z\-./]+):([_a-zA-Z0-9.]+)"),
    "secret": re.compile(rf"({_LABEL}(?:\.{_LABEL})*):([-._a-zA-Z0-9]+):([A-Za-z_][A-Za-z0-9_]*)"),
    "image": re.compile("(.+)", re.DOTALL),
    "cache": re.compile("(enabled|disabled)"),
    "report": re.compile("(enabled|disabled)"),
}
_OPTIONS = ("annotation", "label", "limit", "secret", "image", "cache", "report")


@dataclass(frozen=True)
class SecretRef:
    """A key of a Kubernetes secret, by reference: its value is never known here."""

    secret: str
    key: str


@dataclass(frozen=True)
class StepOptions:
    """What tags ask of Kubernetes for a step; ``secrets`` maps a variable to where it is kept."""

    annotations: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    image: str = ""
    cache: bool | None = None
    report: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON; ``from_json`` reads it again."""
        secrets = {name: vars(ref) for name, ref in self.secrets.items()}
        return {**vars(self), "secrets": secrets}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> StepOptions:
        """Return the options that ``to_json`` wrote."""
        secrets = {name: SecretRef(**ref) for name, ref in value["secrets"].items()}
        return cls(**{**value, "secrets": secrets})

    def over(self, defaults: StepOptions) -> StepOptions:
        """Return these options, and the defaults for what is not said here."""
        return StepOptions(
            {**defaults.annotations, **self.annotations},
            {**defaults.labels, **self.labels},
            {**defaults.limits, **self.limits},
            {**defaults.secrets, **self.secrets},
            self.image or defaults.image,
            defaults.cache if self.cache is None else self.cache,
            defaults.report if self.report is None else self.report,
        )


@dataclass(frozen=True)
class KaleTags:
    """What the tags of one cell say; ``names`` holds one name at most where they are right.

    An empty ``step:`` gives no name, so that the cell joins the one before it. ``wrong`` are tags
    that begin like Kale's and are none.
    """

    role: Role | None = None
    names: tuple[str, ...] = ()
    prev: tuple[str, ...] = ()
    notebooks: tuple[str, ...] = ()
    options: StepOptions = field(default_factory=StepOptions)
    wrong: tuple[str, ...] = ()
    placed: bool = False  # a step: or block: tag is there, be it empty
    orphans: tuple[str, ...] = ()  # tags that need a step: tag beside them


def read_tags(tags: Iterable[str]) -> KaleTags:
    """Return what tags mean to Kale, in whose language the first special word decides alone."""
    names: list[str] = []
    prev: list[str] = []
    notebooks: list[str] = []
    wrong: list[str] = []
    asking: list[str] = []
    placed = False
    for tag in tags:
        role = _role(tag)
        if role is not None:
            return KaleTags(role)
        word, colon, rest = tag.partition(":")
        kind = "step" if word == "block" else word
        if not colon or kind not in _LANGUAGE:
            continue
        found = _LANGUAGE[kind].fullmatch(rest)
        if found is None:
            wrong.append(tag)
        elif kind == "step":
            placed = True
            names += [found[1]] if found[1] else []
        elif kind == "prev":
            prev.append(found[1])
        elif kind == "notebook":
            notebooks.append(found[1] or "")
        else:
            asking.append(tag)
    orphans = () if placed else (*(f"prev:{name}" for name in prev), *asking)
    return KaleTags(
        names=tuple(names),
        prev=tuple(dict.fromkeys(prev)),
        notebooks=tuple(notebooks),
        options=read_options(asking),
        wrong=tuple(wrong),
        placed=placed,
        orphans=orphans,
    )


def read_options(tags: Iterable[str]) -> StepOptions:
    """Return what tags such as ``limit:memory:2Gi`` ask for; others are passed over."""
    annotations: dict[str, str] = {}
    labels: dict[str, str] = {}
    limits: dict[str, str] = {}
    secrets: dict[str, SecretRef] = {}
    image, switches = "", dict[str, bool]()
    for tag in tags:
        kind, _, rest = tag.partition(":")
        found = _LANGUAGE[kind].fullmatch(rest) if kind in _OPTIONS else None
        if found is None:
            continue
        if kind == "annotation":
            annotations[found[1]] = found[2]
        elif kind == "label":
            labels[found[1]] = found[2]
        elif kind == "limit":
            limits[found[1]] = found[2]
        elif kind == "secret":
            secrets[found[3]] = SecretRef(found[1], found[2])
        elif kind == "image":
            image = found[1]
        else:
            switches[kind] = found[1] == "enabled"
    return StepOptions(
        annotations,
        labels,
        limits,
        secrets,
        image,
        switches.get("cache"),
        switches.get("report"),
    )


def _role(tag: str) -> Role | None:
    # Kale 1.x wrote `block:skip`, and 2.x takes `step:skip`, where 2.x writes the word alone
    for prefix in ("block:", "step:"):
        if tag.startswith(prefix):
            return _ROLES.get(tag.removeprefix(prefix))
    return _ROLES.get(tag)
