"""What the server needs for lists, history and the badge when there are thousands of releases."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bench.report import Report
from jupyter_modelpack.adapters.ledger import Ledger, schema
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.audit import follow
from jupyter_modelpack.release.canonical import instant
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.environment import Pointer, Slot
from jupyter_modelpack.release.event import Ask, Record, Save
from jupyter_modelpack.release.history import ACTIVE
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.promotion import Candidate, Lane, Promotion
from jupyter_modelpack.services.releases import Releases
from jupyter_modelpack.workshop import open_workshop
from tests.databases import running

RELEASES, NAMES, ENTRIES, CALLS = 10_000, 500, 100_000, 50
PAGE = 51  # what REST asks for: a page, and one more to know whether there is a next
BAR_MS = 50
YOU = Actor("os", "you")
BEGAN = datetime.now(timezone.utc) + timedelta(hours=1)  # after the first policy


def measure(home: Path, report: Report) -> None:
    """Fill one database of each kind, and time what a server does with it."""
    _measure(home / "sqlite", "", "SQLite", report)
    try:
        with running() as cluster:
            _measure(home / "postgresql", cluster.new(), "PostgreSQL", report)
    except pytest.skip.Exception as error:
        report.leave_out("releases in PostgreSQL", str(error))


def _measure(data_dir: Path, url: str, kind: str, report: Report) -> None:
    shop = open_workshop(data_dir, {"database_url": url} if url else {})
    releases = shop.releases()
    policy = releases.policies.current()
    began = time.perf_counter()
    _fill(shop.ledger, policy)
    print(f"  {kind}: filled in {time.perf_counter() - began:.0f} s", flush=True)
    if url:
        shop.ledger.database.write(lambda at: at.exec_driver_sql("ANALYZE").rowcount)
    for what, call in _calls(shop.ledger, releases).items():
        report.add(f"{kind}: {what}, p95 of {CALLS}", _p95(call) * 1000, "ms", most=BAR_MS)
    began = time.perf_counter()
    verdict = releases.audit()
    seconds = time.perf_counter() - began
    assert verdict.whole and verdict.checkpoint.size >= ENTRIES, verdict.problems[:3]
    report.add(f"{kind}: audit of {verdict.checkpoint.size} entries", seconds, "s", most=60)
    shop.ledger.close()


def _calls(ledger: Ledger, releases: Releases) -> dict[str, Callable[[], Any]]:
    middle = instant(BEGAN + timedelta(seconds=ENTRIES // 2))
    return {
        "list packages": lambda: ledger.packages.list(limit=PAGE),
        "list one package": lambda: ledger.packages.list(name=_name(7), limit=PAGE),
        "list promotions": lambda: releases.list("", YOU, is_open=False, limit=PAGE),
        "list those of one package": lambda: releases.list(
            _name(7), YOU, is_open=False, limit=PAGE
        ),
        "history of all": lambda: releases.history(limit=PAGE),
        "history of all at a time": lambda: releases.history(at=middle, limit=PAGE),
        "history of one at a time": lambda: releases.history(
            _name(7), "production", middle, limit=PAGE
        ),
        "environments and badge": lambda: releases.show(_name(7), YOU),
    }


def _p95(call: Callable[[], Any]) -> float:
    taken = []
    for _ in range(CALLS):
        began = time.perf_counter()
        json.dumps(call())
        taken.append(time.perf_counter() - began)
    return statistics.quantiles(taken, n=20)[-1]


def _name(number: int) -> str:
    return f"model-{number:03}"


def _fill(ledger: Ledger, policy: Policy) -> None:
    """Write releases, their promotions and a log with an unbroken chain, many rows at once."""
    rows: dict[sa.Table, list[dict[str, Any]]] = {
        table: []
        for table in (
            schema.packages, schema.promotions, schema.pointers, schema.audit, schema.checkpoints
        )
    }  # fmt: skip
    last = BEGAN
    head = ledger.audit.head()
    places = policy.environments.names
    each = ENTRIES // RELEASES
    generations: dict[tuple[str, str], int] = {}
    for number in range(RELEASES):
        name, version = _name(number % NAMES), f"1.{number // NAMES}.0"
        digest = Digest.of(f"{name} {version}".encode())
        rows[schema.packages].append(_package(name, version, digest))
        for step in range(each):
            place = places[step % len(places)]
            last += timedelta(seconds=1)
            ident, kind, data = f"p{number:05}-{step}", "promotion.asked", {"reason": "because"}
            if step < len(places):
                generation = generations.get((name, place), 0) + 1
                generations[name, place] = generation
                kind, data = ACTIVE, _moved(version, digest, generation, policy, last)
                pointer = Pointer(digest, version, last, YOU, ident)
                rows[schema.pointers].append(_pointer(name, place, generation, pointer))
                rows[schema.promotions].append(
                    _promotion(name, version, digest, place, ident, last, policy)
                )
            entry = follow(head, None, Record(kind, YOU, name, place, ident, data), last)
            head = entry.checkpoint
            rows[schema.audit].append(
                {
                    "sequence": entry.sequence, "at": instant(entry.at), "kind": kind, "name": name,
                    "environment": place, "digest": str(entry.digest),
                    "entry": json.dumps(entry.to_json(), sort_keys=True, ensure_ascii=False),
                }
            )  # fmt: skip
            if kind == ACTIVE:
                rows[schema.checkpoints].append({"size": head.size, "root": str(head.root)})

    def change(connection: sa.Connection) -> None:
        for table, values in rows.items():
            for start in range(0, len(values), 5000):
                connection.execute(table.insert(), values[start : start + 5000])

    ledger.database.write(change)


def _package(name: str, version: str, digest: Digest) -> dict[str, Any]:
    summary = {
        "name": name, "version": version, "digest": str(digest), "created": "2026-01-01T00:00:00Z",
        "size": 1, "path": f"/{name}.ipynb", "metrics": {"auc": 0.9}, "why": "",
        "verified": {"phase": "Succeeded", "sealed": True},
    }  # fmt: skip
    packages = [{"name": f"package-{n}", "version": "1.0", "size": 1} for n in range(60)]
    record = {
        **summary, "author": "you", "distributions": packages, "parameters": [], "findings": [],
        "checks": [], "content": {"python": "3.11.7", "cells": [str(digest)] * 20},
    }  # fmt: skip
    return {
        "name": name, "version": version, "digest": str(digest), "path": summary["path"],
        "notebook_digest": "", "created": summary["created"], "summary": json.dumps(summary),
        "record": json.dumps(record),
    }  # fmt: skip


def _moved(
    version: str, digest: Digest, generation: int, policy: Policy, asked: datetime
) -> dict[str, Any]:
    return {
        "digest": str(digest), "version": version, "generation": generation, "kind": "promote",
        "asked_by": YOU.to_json(), "asked": instant(asked), "reason": "because", "approvals": [],
        "policy": str(policy.digest),
    }  # fmt: skip


def _pointer(name: str, place: str, generation: int, pointer: Pointer) -> dict[str, Any]:
    return {
        "name": name, "environment": place, "generation": generation,
        "digest": str(pointer.digest), "version": pointer.version,
        "record": json.dumps(pointer.to_json()),
    }  # fmt: skip


def _promotion(
    name: str, version: str, digest: Digest, place: str, ident: str, asked: datetime, policy: Policy
) -> dict[str, Any]:
    candidate = Candidate(name, version, digest, YOU, YOU)
    slot = Slot(name, place)
    ask = Ask(ident, YOU, candidate, slot.seen, policy, "because", "promote")
    _, effects = decide(Lane(slot, policy=policy.digest), ask, asked)
    [made] = [effect.promotion for effect in effects if isinstance(effect, Save)]
    promotion: Promotion = replace(made, phase="Superseded", because="Another one came.")
    record = promotion.to_json()
    del record["approvals"]
    return {
        "id": ident, "name": name, "environment": place, "phase": "Superseded",
        "asked": instant(asked), "revision": 1, "open_for": None, "record": json.dumps(record),
    }  # fmt: skip
