"""Promotion over a real ledger, with releases that pass every check unless they are told not to."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.deployers.record import RecordDeployer
from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.adapters.policy_file import PolicyFile
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.facts import (
    Blobs,
    CellCheck,
    Contents,
    OwnerCard,
    Provenance,
    ReleaseFacts,
    Report,
    RunFact,
    Verification,
)
from jupyter_modelpack.services.badge import badge
from jupyter_modelpack.services.environments import Environments
from jupyter_modelpack.services.policies import Policies
from jupyter_modelpack.services.promotions import Outside, Promotions
from jupyter_modelpack.services.release_facts import author_of, owner_of
from jupyter_modelpack.services.releases import Releases
from jupyter_modelpack.services.surroundings import Views


def person(name: str, **more: Any) -> Actor:
    return Actor("hub", name, **{"verified": True, "signed_in": True, **more})


ADA, RITA, OMAR = person("ada"), person("rita"), person("omar")
YOU = Actor("os", "you")

TEAM = """
version: 1
name: team
environments:
  - {name: dev, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - name: production
    gates: {ran_before: true}
    ask: everyone
    approvals: {needed: 1, from: {people: [rita, omar]}}
    roll_back: {from: {people: [rita, omar]}}
policy_changes:
  ask: {people: [rita, omar]}
  approvals: {needed: 1, from: {people: [rita, omar]}}
"""


@dataclass
class FakeFinder:
    """Facts with which a release passes; ``change`` makes them others."""

    author: Actor | None = None
    change: Callable[[ReleaseFacts], ReleaseFacts] = field(default=lambda facts: facts)

    def of(self, record: Any, slots: Mapping[str, Any], *, quick: bool = False) -> ReleaseFacts:
        image = Digest.parse(record["digest"])
        some = Digest.of(b"notebook")
        author = self.author or author_of(record) or Actor("jupyter", "ada")
        facts = ReleaseFacts(
            package=record["name"],
            version=record["version"],
            digest=image,
            author=author,
            pusher=author,
            resolved=image,
            blobs=Blobs(image, True, True, True),
            provenance=Provenance(
                "https://slsa.dev/provenance/v1", image, "local", some, some, True
            ),
            contents=Contents(image, some, some),
            sbom=image,
            secrets=Report(image, 0),
            readiness=Report(image, 0),
            verification=Verification(image, True, True, True, (CellCheck(3, True),), {"auc": 0.9}),
            runs=tuple(RunFact(image, place, True) for place in slots),
            owner=owner_of(record) or OwnerCard("Ada", "#churn", "Roll back."),
        )
        return self.change(facts)


class Clock:
    """Time that goes on by itself, a second for each look."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 17, 12, tzinfo=timezone.utc)
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        with self._lock:
            self.now += timedelta(milliseconds=1)
            return self.now


class NoLandmarks:
    def leave(self, package: str, environment: str) -> None:
        return None


@dataclass
class World:
    """Everything of one data directory, to be used and looked at."""

    data_dir: Path
    ledger: Ledger
    releases: Releases
    finder: FakeFinder
    told: list[Mapping[str, str]]

    @property
    def promotions(self) -> Promotions:
        return self.releases.promotions

    def policy(self, text: str) -> None:
        (self.data_dir / "policy.yaml").write_text(text, "utf-8")

    def package(self, version: str = "1.0.0", name: str = "churn", **more: Any) -> str:
        """Put a release on the shelf and return its digest."""
        digest = str(Digest.of(f"{name} {version}".encode()))
        record = {
            "name": name, "version": version, "digest": digest, "path": "/churn.ipynb",
            "created": "2026-11-17T11:00:00Z", "size": 1, "verified": {}, "metrics": {"auc": 0.9},
            "why": "", "notebook_digest": "", "author": "ada", "parameters": [], "findings": [],
            "distributions": [{"name": "pandas", "version": version, "size": 1}], "checks": [],
            "content": {"python": "3.11.7", "cells": []}, **more,
        }  # fmt: skip
        self.ledger.packages.put(record, {"kubernetes": b"kind: Job\n"})
        return digest


def open_world(
    data_dir: Path,
    *,
    ledger: Ledger | None = None,
    now: Callable[[], datetime] | None = None,
    deployer: Any = None,
    tell: Callable[[Mapping[str, str]], None] | None = None,
    membership: Any = None,
) -> World:
    data_dir.mkdir(parents=True, exist_ok=True)
    kept = ledger or Ledger(data_dir / "ledger.sqlite")
    clock, told = now or Clock(), list[Mapping[str, str]]()
    finder = FakeFinder()
    policies = Policies(PolicyFile(data_dir / "policy.yaml"), kept.policies, clock, _new_id, YOU)
    views = Views(
        finder,
        kept.promotions,
        kept.packages.by_digest,
        kept.audit,
        kept.policies.state,
        membership,
    )
    outside = Outside(
        clock, _new_id, tell or told.append, lambda: deployer or RecordDeployer(), NoLandmarks()
    )
    environments = Environments(
        kept.promotions,
        kept.packages,
        policies,
        views,
        lambda place, held, path: badge(place, held, None, None),
        clock,
        kept.at_one_moment,
    )
    releases = Releases(
        Promotions(kept.promotions, kept.packages, policies, views, outside),
        environments,
        policies,
        kept.packages,
        kept.audit,
        lambda record: record.get("sources") or (f"x = '{record['version']}'",),
        lambda images: (),
    )
    return World(data_dir, kept, releases, finder, told)


def signed(facts: ReleaseFacts) -> ReleaseFacts:
    """Let a verified Ada have made and pushed it."""
    return replace(facts, author=ADA, pusher=ADA)


def _new_id() -> str:
    return uuid.uuid4().hex
