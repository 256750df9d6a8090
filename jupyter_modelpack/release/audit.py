"""The audit log: entries that each name the one before by digest, and checkpoints of the chain.

The digest of the last entry commits to all of them, so (size, root) is a checkpoint: whoever keeps
an older one finds every cut and rewrite, and checks a newer one by the entries in between alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.canonical import canonical, digest_of, instant, parsed_instant
from jupyter_modelpack.release.event import Record

START = Digest.of(b"jupyter_modelpack audit log, version 1\n")
_FIELDS = frozenset(
    {
        *("schema", "sequence", "at", "kind", "actor", "package", "environment"),
        *("promotion", "data", "previous", "digest"),
    }
)
_MOST_PROBLEMS = 20


@dataclass(frozen=True)
class Checkpoint:
    """The log up to an entry: how many there are, and the digest of the last."""

    size: int
    root: Digest

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that clients keep and that is stored beside promoted images."""
        return {"size": self.size, "root": str(self.root)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Checkpoint:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        try:
            size, root = value["size"], Digest(value["root"])
        except (KeyError, TypeError):
            raise InvalidInput("This is not a checkpoint.", field="checkpoint") from None
        if isinstance(size, bool) or not isinstance(size, int) or size < 0:
            raise InvalidInput("A checkpoint's size is a whole number.", field="checkpoint")
        return cls(size, root)


EMPTY = Checkpoint(0, START)


@dataclass(frozen=True)
class Entry:
    """One thing that happened; ``digest`` covers every other field, ``previous`` among them."""

    sequence: int
    at: datetime
    record: Record
    previous: Digest
    digest: Digest

    @property
    def checkpoint(self) -> Checkpoint:
        """The log up to and with this entry."""
        return Checkpoint(self.sequence, self.digest)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that the ledger stores and ``verify`` reads."""
        body = _body(self.sequence, self.at, self.record, self.previous)
        return {**body, "digest": str(self.digest)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Entry:
        """Read what ``to_json`` wrote; raises InvalidInput. It does not check the digest."""
        try:
            record = Record(
                str(value["kind"]),
                Actor.from_json(value["actor"]),
                str(value["package"]),
                str(value["environment"]),
                str(value["promotion"]),
                dict(value["data"]),
            )
            return cls(
                int(value["sequence"]),
                parsed_instant(value["at"]),
                record,
                Digest(value["previous"]),
                Digest(value["digest"]),
            )
        except (KeyError, TypeError, ValueError):
            raise InvalidInput("An audit entry cannot be read.", field="audit") from None


@dataclass(frozen=True)
class Problem:
    """What is wrong with the log, and at which entry."""

    sequence: int
    message: str


@dataclass(frozen=True)
class Verdict:
    """How far the log was read, and what is wrong with it; at most twenty problems are listed."""

    checkpoint: Checkpoint
    problems: tuple[Problem, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def follow(head: Checkpoint, last: datetime | None, record: Record, now: datetime) -> Entry:
    """Return the entry that comes after ``head``; its time is never before the ``last`` one's."""
    at = max(now, last) if last is not None else now
    digest = digest_of(_body(head.size + 1, at, record, head.root))
    return Entry(head.size + 1, at, record, head.root, digest)


def verify(
    rows: Iterable[Mapping[str, Any]],
    witnesses: Iterable[Checkpoint] = (),
    *,
    start: Checkpoint = EMPTY,
) -> Verdict:
    """Check stored entries, in their order, from ``start`` on, against checkpoints kept elsewhere.

    Any edit, deletion, swap or insertion breaks the chain; a cut or a rewrite of all that follows
    is found by a witness that is at least as new.
    """
    head, problems, seen = start, list[Problem](), (*witnesses, start)
    known = {witness.size: witness.root for witness in seen}
    twice = {witness.size for witness in seen if known[witness.size] != witness.root}
    problems += [Problem(size, "Two checkpoints of this size differ.") for size in sorted(twice)]
    last = ""
    for row in rows:
        expected = head.size + 1
        found, wrong = _wrong(row, expected, head.root, last)
        if wrong and len(problems) < _MOST_PROBLEMS:
            problems.append(Problem(expected, wrong))
        head = Checkpoint(expected, found or head.root)
        last = str(row.get("at", "")) if isinstance(row, Mapping) else last
        if known.get(expected, head.root) != head.root:
            problems.append(Problem(expected, f"Entry {expected} is not the one that was seen."))
    for size in sorted(size for size in known if size > head.size):
        missing = f"The log ends at entry {head.size}, but {size} were seen."
        problems.append(Problem(head.size, missing))
    return Verdict(head, tuple(problems[: 2 * _MOST_PROBLEMS]))


def _wrong(
    row: Mapping[str, Any], expected: int, previous: Digest, last: str
) -> tuple[Digest | None, str]:
    if not isinstance(row, Mapping) or set(row) != _FIELDS:
        return None, f"Entry {expected} is not an entry."
    try:
        stated = Digest(row["digest"])
        body = {name: value for name, value in row.items() if name != "digest"}
        computed = Digest.of(canonical(body))
    except InvalidInput:
        return None, f"Entry {expected} is not an entry."
    if computed != stated:
        return stated, f"Entry {expected} was altered."
    if row["previous"] != previous or row["sequence"] != expected:
        return stated, f"Entry {expected} does not follow the one before."
    if str(row["at"]) < last:
        return stated, f"Entry {expected} is older than the one before."
    return stated, ""


def _body(sequence: int, at: datetime, record: Record, previous: Digest) -> dict[str, Any]:
    return {
        "schema": 1,
        "sequence": sequence,
        "at": instant(at),
        "kind": record.kind,
        "actor": record.actor.to_json(),
        "package": record.package,
        "environment": record.environment,
        "promotion": record.promotion,
        "data": dict(record.data),
        "previous": str(previous),
    }
