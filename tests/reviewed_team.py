"""A small team with releases, requests and a run to look at, for tests and pictures of pages."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from promoting import ADA, OMAR, RITA, World, open_world, person

from jupyter_modelpack.adapters.proof_files import ProofFiles
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.services.promotions import Vote, Wish

BEN = person("ben")
POLICY = """
version: 1
name: team
roles:
  maintainer: {people: [rita, omar]}
environments:
  - name: dev
    latest: the newest package that ran sealed
    ask: everyone
    approvals: {needed: 0}
    roll_back: {from: everyone}
  - name: staging
    latest: the newest release that ran in dev
    gates: {ran_before: true}
    ask: everyone
    approvals: {needed: 0}
    roll_back: {from: everyone}
  - name: production
    latest: the newest release that a maintainer approved
    gates: {ran_before: true, owner_card: true}
    ask: everyone
    approvals: {needed: 1, from: {roles: [maintainer]}}
    roll_back: {from: {roles: [maintainer]}}
policy_changes:
  ask: {roles: [maintainer]}
  approvals: {needed: 1, from: {roles: [maintainer]}}
"""
SOURCES = (
    "import pandas as pd\nfrom sklearn.ensemble import HistGradientBoostingClassifier",
    "# Fraud\nFinds payments that look wrong.",
    "cutoff = 0.5",
    "data = pd.read_csv('payments.csv')\nX, y = data.drop(columns='wrong'), data.wrong",
    "model = HistGradientBoostingClassifier(\n    max_iter=200, learning_rate=0.1)\n"
    "model.fit(X, y)",
    "assert auc > 0.9",
)
CHANGED = (
    *SOURCES[:2],
    "threshold = 0.42",
    SOURCES[3],
    "model = HistGradientBoostingClassifier(\n    max_iter=400, learning_rate=0.05)\n"
    "model.fit(X, y)",
    SOURCES[5],
    "assert recall > 0.55, 'recall fell'",
)
DIGEST = "sha256:" + "9f2c7d1be40a5566" * 4
PANDAS = {"name": "pandas", "version": "2.3.3", "size": 1}
LOG = (
    "[cell 1/7] \x1b[1mImporting\x1b[0m\r\n[cell 4/7] 1,377,020 rows read\n"
    "fitting  10 %\rfitting  60 %\rfitting 100 %\n[cell 6/7] auc 0.926\n[cell 7/7] checks passed\n"
)


def png(width: int = 240, height: int = 120) -> bytes:
    """A picture with a line in it."""
    rows = b""
    for y in range(height):
        row = bytearray(b"\xf7\xf9\xfc" * width)
        for x in range(width):
            if abs((height - 12 - 90 * (x / width) ** 0.5) - y) < 1.6:
                row[3 * x : 3 * x + 3] = b"\x19\x76\xd2"
        rows += b"\0" + bytes(row)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in parts
    )


def executed(*more: dict[str, Any]) -> dict[str, Any]:
    """A notebook as it ran, with a plot; ``more`` are outputs."""
    picture = {"image/png": base64.b64encode(png()).decode(), "text/plain": "<Figure>"}
    outputs = [{"output_type": "display_data", "metadata": {}, "data": picture}, *more]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# Fraud"},
            {
                "cell_type": "code", "id": "b", "metadata": {}, "execution_count": 1,
                "source": "plot(model)", "outputs": outputs,
            },
        ],
    }  # fmt: skip


def keep_proof(data_dir: Path, digest: str, log: str, notebook: dict[str, Any] | None) -> None:
    """Leave what a sealed run leaves."""
    place = data_dir / "executed.ipynb"
    if notebook is not None:
        place.write_text(json.dumps(notebook), "utf-8")
    ProofFiles(data_dir / "proofs").keep(digest, log, place if notebook is not None else None)


def release(world: World, version: str, name: str = "fraud", **more: Any) -> str:
    """Put a release of Ben's on the shelf."""
    record = {
        "author": "ben", "account": BEN.to_json(), "size": 361_000_000, "sources": SOURCES,
        "why": "Minor: 2 cells changed, same parameters.",
        "created": _ago(hours=2),
        "distributions": [PANDAS, {"name": "scikit-learn", "version": "1.9.0", "size": 1}],
        "parameters": [{"name": "cutoff", "type": "float", "default": 0.5}],
        "verified": {"phase": "Succeeded", "sealed": True, "text": "Ran sealed: no network."},
        "checks": [{"cell": 6, "passed": True, "message": ""}],
        "image_id": DIGEST, "notebook_digest": DIGEST, "lock_digest": DIGEST,
        "evidence": {"provenance": DIGEST, "sbom": DIGEST, "key": DIGEST[7:]},
        "owner": {"name": "Ben", "contact": "#fraud-models", "runbook": "Roll back, then ask Ben."},
        **more,
    }  # fmt: skip
    return world.package(version, name, **record)


def fill(data_dir: Path) -> World:
    """Make a team's ledger: fraud lives everywhere and its next release waits; churn is new."""
    moment = [datetime.now(timezone.utc) - timedelta(days=24)]

    def now() -> datetime:
        moment[0] += timedelta(seconds=1)
        return moment[0]

    data_dir.mkdir(parents=True, exist_ok=True)
    world = open_world(data_dir, now=now)
    world.policy(POLICY)
    auc = (0.894, 0.897, 0.896, 0.905, 0.912)
    for number, value in enumerate(auc):
        release(
            world, f"1.{number}.0", created=_ago(days=24 - number),
            metrics={"auc": value, "recall at 1 %": 0.6 + number / 400, "rows read": 1_204_331},
        )  # fmt: skip
    for version in ("1.3.0", "1.4.0"):
        world.releases.ask(Wish("fraud", version, "dev", "monthly retraining"), BEN)
        world.releases.ask(Wish("fraud", version, "staging", "monthly retraining"), BEN)
        asked = world.releases.ask(Wish("fraud", version, "production", "monthly retraining"), BEN)
        world.releases.answer(asked["id"], OMAR, Vote(True, "Numbers are fine."))
        moment[0] += timedelta(days=9)
    digest = release(
        world, "2.0.0", sources=CHANGED,
        why="Major: parameter cutoff was renamed to threshold.",
        metrics={"auc": 0.926, "recall at 1 %": 0.6, "rows read": 1_377_020},
        parameters=[{"name": "threshold", "type": "float", "default": 0.42}],
        distributions=[PANDAS, {"name": "scikit-learn", "version": "1.9.1", "size": 1}],
        checks=[{"cell": 6, "passed": True, "message": ""},
                {"cell": 7, "passed": True, "message": ""}],
        parts=[{"kind": "check", "cell": 6, "digest": DIGEST, "by": "ben", "since": "1.0.0"},
               {"kind": "check", "cell": 7, "digest": DIGEST, "by": "ada", "since": "2.0.0"}],
        findings=[{"code": "file-outside", "severity": "warning", "cell": 4, "line": 1,
                   "message": "../history/2025.csv lies outside the notebook's folder.",
                   "advice": "Copy it beside the notebook to package it.", "details": {}}],
    )  # fmt: skip
    keep_proof(data_dir, digest, LOG, executed())
    moment[0] = datetime.now(timezone.utc) - timedelta(minutes=12)
    for environment in ("dev", "staging", "production"):
        reason = "retrained on October, threshold is now a parameter"
        world.releases.ask(Wish("fraud", "2.0.0", environment, reason), BEN)
    release(world, "1.0.0", "churn", metrics={"auc": 0.88}, created=_ago(minutes=3))
    world.releases.ask(Wish("churn", "1.0.0", "dev", "First model"), RITA)
    assert ADA.username == "ada"
    return world


def waiting(world: World) -> str:
    """The id of the request that waits."""
    found = world.promotions.list(is_open=True)
    return next(each.id for each in found if each.phase == "Waiting")


def _ago(**span: float) -> str:
    return (datetime.now(timezone.utc) - timedelta(**span)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


assert Digest(DIGEST)
