"""A policy's YAML text as fields that know their line, so that a refusal can point at it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn

import yaml

from jupyter_modelpack.errors import InvalidInput

_LARGEST = 256 * 1024
_DEEPEST = 12
_TEXT, _INT, _BOOL, _NULL = (f"tag:yaml.org,2002:{kind}" for kind in ("str", "int", "bool", "null"))


@dataclass(frozen=True)
class Field:
    """One value of the document: a scalar, a list or a mapping, with its path and line."""

    path: str
    line: int
    tag: str = _NULL
    scalar: str = ""
    items: tuple[Field, ...] | None = None
    fields: Mapping[str, Field] | None = None

    def refuse(self, sentence: str, advice: str = "") -> NoReturn:
        """Raise InvalidInput that names the line and the field."""
        where = f"line {self.line}, {self.path}" if self.path else f"line {self.line}"
        raise InvalidInput(
            f"The policy has a mistake in {where}: {sentence}",
            field=self.path,
            advice=advice,
            line=self.line,
        )

    def mapping(
        self, allowed: Iterable[str] | None, needed: Iterable[str] = ()
    ) -> dict[str, Field]:
        """Return the fields of a mapping; unknown and missing ones are refused."""
        if self.fields is None:
            self.refuse("here belong fields, each as name: value.")
        for name, value in self.fields.items():
            if allowed is not None and name not in (names := list(allowed)):
                near = difflib.get_close_matches(name, names, 1)
                hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(names)}."
                value.refuse(f"there is no field {name!r:.60}.", hint)
        for name in needed:
            if name not in self.fields:
                self.refuse(f"the field {name} is missing.")
        return dict(self.fields)

    def list(self) -> tuple[Field, ...]:
        """Return the items of a list."""
        if self.items is None:
            self.refuse("here belongs a list.", "Write it as [first, second].")
        return self.items

    def text(self, longest: int = 500) -> str:
        """Return a text that is not empty."""
        if self.fields is not None or self.items is not None or self.tag == _NULL:
            self.refuse("here belongs a text.")
        if self.tag != _TEXT:
            self.refuse(f"YAML does not read {self.scalar} as a text.", f'Write "{self.scalar}".')
        if not self.scalar.strip() or len(self.scalar) > longest:
            self.refuse(f"here belongs a text of 1 to {longest} characters.")
        return self.scalar.strip()

    def flag(self) -> bool:
        """Return true or false, spelt so."""
        if self.tag != _BOOL or self.scalar.lower() not in ("true", "false"):
            self.refuse("here belongs true or false.")
        return self.scalar.lower() == "true"

    def count(self, largest: int) -> int:
        """Return a whole number from 0."""
        if self.tag != _INT or not self.scalar.isdecimal() or len(self.scalar) > 6:
            self.refuse("here belongs a whole number from 0.")
        if int(self.scalar) > largest:
            self.refuse(f"{self.scalar} is more than {largest}.")
        return int(self.scalar)


def read_fields(text: str) -> Field:
    """Read one YAML document without anchors, tags or repeated fields; raises InvalidInput."""
    if len(text) > _LARGEST:
        raise InvalidInput("The policy is too large to be one.", field="policy")
    try:
        _check_shape(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise InvalidInput(
            f"The policy cannot be read as YAML: line {line}, {error.problem}.",
            field="policy",
            line=line,
        ) from None
    except (yaml.YAMLError, ValueError):
        raise InvalidInput("The policy cannot be read as YAML.", field="policy") from None
    if node is None:
        raise InvalidInput("The policy is empty.", field="policy")
    return _field(node, "")


def _check_shape(text: str) -> None:
    depth, documents = 0, 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        here = Field("", event.start_mark.line + 1 if event.start_mark else 1)
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            here.refuse("it is nested too deeply.")
        if documents > 1:
            here.refuse("a second document begins here.")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            here.refuse("anchors and aliases are not used in policies.")
        if getattr(event, "tag", None):
            here.refuse("tags are not used in policies.")


def _field(node: yaml.Node, path: str) -> Field:
    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Field] = {}
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else ""
            if not name or name in found:
                Field(path, key.start_mark.line + 1).refuse(f"the field {name!r:.60} stands twice.")
            found[name] = _field(value, f"{path}.{name}" if path else name)
        return Field(path, line, fields=found)
    if isinstance(node, yaml.SequenceNode):
        items = tuple(_field(item, f"{path}[{i}]") for i, item in enumerate(node.value))
        return Field(path, line, items=items)
    return Field(path, line, node.tag, str(node.value))
