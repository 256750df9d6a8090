"""The history: what held an environment when, who asked, who approved, why, by which policy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import people_list
from jupyter_modelpack.release.audit import Entry
from jupyter_modelpack.release.canonical import instant, parsed_instant, spoken_instant

ACTIVE = "promotion.active"


@dataclass(frozen=True)
class Holding:
    """One release in one environment, from when until when, and how it got there.

    ``approved_by`` holds the people whose yes counted, with their comments; ``entry`` is the
    number of the audit entry that says all this.
    """

    environment: str
    package: str
    version: str
    digest: Digest
    generation: int
    promotion: str
    kind: str
    since: datetime
    until: datetime | None
    asked_by: Actor
    asked: datetime
    reason: str
    approved_by: tuple[tuple[Actor, str], ...]
    policy: Digest
    entry: int

    @property
    def sentence(self) -> str:
        """The holding in words."""
        verb = "rolled back to it" if self.kind == "rollback" else "asked"
        reason = f": “{self.reason}”" if self.reason else ""
        span = f"since {spoken_instant(self.since)}"
        if self.until:
            span = f"from {spoken_instant(self.since)} until {spoken_instant(self.until)}"
        approved = f"{people_list([who for who, _ in self.approved_by])} approved"
        end = approved if self.approved_by else "no approval was asked for"
        return (
            f"{self.environment.capitalize()} {'ran' if self.until else 'runs'} {self.package}"
            f" {self.version} {span}. {self.asked_by.shown} {verb}{reason}; {end}."
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that ``history --json`` and REST show."""
        return {
            "environment": self.environment,
            "package": self.package,
            "version": self.version,
            "digest": str(self.digest),
            "generation": self.generation,
            "promotion": self.promotion,
            "kind": self.kind,
            "since": instant(self.since),
            "until": instant(self.until) if self.until else None,
            "asked_by": self.asked_by.to_json(),
            "asked": instant(self.asked),
            "reason": self.reason,
            "approved_by": [
                {"by": who.to_json(), "comment": comment} for who, comment in self.approved_by
            ],
            "policy": str(self.policy),
            "entry": self.entry,
            "sentence": self.sentence,
        }


def holding_of(entry: Entry) -> Holding | None:
    """Return the holding that an entry begins, or None for entries that move no pointer."""
    if entry.record.kind != ACTIVE:
        return None
    record, data = entry.record, entry.record.data
    try:
        return Holding(
            environment=record.environment,
            package=record.package,
            version=str(data["version"]),
            digest=Digest(data["digest"]),
            generation=int(data["generation"]),
            promotion=record.promotion,
            kind=str(data["kind"]),
            since=entry.at,
            until=None,
            asked_by=Actor.from_json(data["asked_by"]),
            asked=parsed_instant(data["asked"]),
            reason=str(data["reason"]),
            approved_by=tuple(
                (Actor.from_json(item["by"]), str(item["comment"])) for item in data["approvals"]
            ),
            policy=Digest(data["policy"]),
            entry=entry.sequence,
        )
    except (KeyError, TypeError, ValueError):
        raise InvalidInput("An audit entry cannot be read.", field="audit") from None


def holdings(entries: Iterable[Entry]) -> tuple[Holding, ...]:
    """Return all holdings in the order in which they began; each ends where the next begins."""
    found: list[Holding] = []
    latest: dict[tuple[str, str], int] = {}
    for entry in entries:
        holding = holding_of(entry)
        if holding is None:
            continue
        place = (holding.environment, holding.package)
        if place in latest:
            found[latest[place]] = replace(found[latest[place]], until=holding.since)
        latest[place] = len(found)
        found.append(holding)
    return tuple(found)


def held_at(
    found: Iterable[Holding], package: str, environment: str, moment: datetime
) -> Holding | None:
    """Return what held an environment at a moment, or None when it held nothing then."""
    place = (package, environment)
    there = (holding for holding in found if (holding.package, holding.environment) == place)
    return next(
        (h for h in there if h.since <= moment and (h.until is None or moment < h.until)), None
    )
