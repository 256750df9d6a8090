"""The environments: ordered places, each with one pointer for every package."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.canonical import instant, parsed_instant, spoken_list

_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_RESERVED = ("latest", "policy")


def checked_environment(name: Any) -> str:
    """Return an environment's name, which is also a tag; raises InvalidInput."""
    if not isinstance(name, str) or len(name) > 40 or not _NAME.match(name):
        raise InvalidInput(
            f"{name!r:.60} cannot be the name of an environment.",
            field="environment",
            advice="Use lower case letters, digits and hyphens, such as staging.",
        )
    if name in _RESERVED or re.fullmatch(r"v\d+", name):
        raise InvalidInput(
            f"An environment cannot be called {name}: a tag of that name would mislead.",
            field="environment",
        )
    return name


@dataclass(frozen=True)
class Environments:
    """The places in the order in which a release goes through them."""

    names: tuple[str, ...] = ("dev", "staging", "production")

    def __post_init__(self) -> None:
        names = tuple(checked_environment(name) for name in self.names)
        if not names or len(set(names)) != len(names):
            raise InvalidInput("Environments need names, each its own.", field="environments")
        object.__setattr__(self, "names", names)

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def checked(self, name: str) -> str:
        """Return ``name``; raises NotFound that says which environments there are."""
        if name in self.names:
            return name
        raise NotFound(
            "environment", f"{name!s:.60}", advice=f"There are {spoken_list(self.names)}."
        )

    def before(self, name: str) -> str | None:
        """Return the environment that a release must be in first, or None for the first."""
        position = self.names.index(self.checked(name))
        return self.names[position - 1] if position else None


@dataclass(frozen=True)
class Pointer:
    """What an environment holds of one package, since when, and through which promotion."""

    digest: Digest
    version: str
    since: datetime
    by: Actor
    promotion: str

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records hold."""
        return {
            "digest": str(self.digest),
            "version": self.version,
            "since": instant(self.since),
            "by": self.by.to_json(),
            "promotion": self.promotion,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Pointer:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        return cls(
            Digest(value["digest"]),
            str(value["version"]),
            parsed_instant(value["since"]),
            Actor.from_json(value["by"]),
            str(value["promotion"]),
        )


@dataclass(frozen=True)
class Seen:
    """What somebody saw in a slot when deciding: compare-and-set is on all three."""

    environment: str
    digest: Digest | None
    generation: int

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records hold."""
        digest = None if self.digest is None else str(self.digest)
        return {"environment": self.environment, "digest": digest, "generation": self.generation}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Seen:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        digest = None if value["digest"] is None else Digest(value["digest"])
        return cls(str(value["environment"]), digest, int(value["generation"]))


@dataclass(frozen=True)
class Slot:
    """One package's place in one environment; ``generation`` counts its pointer's moves from 0."""

    package: str
    environment: str
    pointer: Pointer | None = None
    generation: int = 0

    def __post_init__(self) -> None:
        if (self.pointer is None) != (self.generation == 0) or self.generation < 0:
            raise InvalidInput("A slot's generation counts its pointer's moves.", field="slot")

    @property
    def digest(self) -> Digest | None:
        """The digest that the environment holds now, if any."""
        return self.pointer.digest if self.pointer else None

    @property
    def seen(self) -> Seen:
        """What a person who looks now sees."""
        return Seen(self.environment, self.digest, self.generation)

    def demand(self, seen: Seen) -> None:
        """Raise Conflict unless the slot is still as it was seen."""
        if seen == self.seen:
            return
        now = f"it runs {self.pointer.version} now" if self.pointer else "it is empty now"
        raise Conflict(
            f"{self.environment} has changed since you looked: {now}.",
            advice="Look again, then decide.",
            seen=seen.to_json(),
            current=self.seen.to_json(),
        )

    def moved(self, expected: Seen, pointer: Pointer) -> Slot:
        """Return the slot with its pointer moved; raises Conflict unless it is as expected."""
        self.demand(expected)
        return Slot(self.package, self.environment, pointer, self.generation + 1)
