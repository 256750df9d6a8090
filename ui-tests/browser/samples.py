"""What the server would say about a churn notebook, in the shapes of the REST contract."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import Any

from browser.labserver import REPOSITORY

CONTRACT = REPOSITORY / "tests" / "contract"
NOW = datetime.now(timezone.utc)
DIGEST = "sha256:9f2c7d1be40a5566778899aabbccddeeff00112233445566778899aabbcc41ab"


def ago(**since: float) -> str:
    """A moment in the past, as the server writes it."""
    return (NOW - timedelta(**since)).isoformat(timespec="seconds").replace("+00:00", "Z")


def finding(
    severity: str, message: str, cell: int | None, advice: str = "", code: str = "code"
) -> dict[str, Any]:
    """One finding."""
    return {
        "code": code,
        "severity": severity,
        "message": message,
        "cell": cell,
        "line": 1,
        "advice": advice,
        "details": {},
    }


FINDINGS = [
    finding(
        "blocking",
        "This looks like an AWS key (AKIA…).",
        4,
        "Keep it out of the image: read it from an environment variable instead.",
        "secret",
    ),
    finding(
        "warning",
        "`customers.csv` lies outside this folder.",
        2,
        "It will be named as an input of each run. Copy it here to package it.",
        "outside",
    ),
    finding("warning", "Cells 9 and 6 ran in another order than they stand.", 9, "", "order"),
    finding(
        "note",
        "Installs packages: `!pip install xgboost`.",
        1,
        "Not needed, it is captured.",
        "install",
    ),
]


def inspection(path: str = "churn.ipynb", **other: Any) -> tuple[int, dict[str, Any]]:
    """What an inspection says of a notebook without findings."""
    return 200, {
        "path": path,
        "name": path.split("/")[-1].removesuffix(".ipynb"),
        "digest": DIGEST,
        "kernel": {"name": "python3", "display_name": "Python 3 (ipykernel)"},
        "findings": [],
        "parameters": PARAMETERS,
        "settings": [],
        "data": [{"path": "customers.csv", "size": 184_000, "cell": 2}],
        "external": [],
        "imports": [],
        "checks": [11],
        "metrics": [12],
        "cells": 12,
        "unchanged": None,
    } | other


PARAMETERS = [
    {"name": "threshold", "type": "float", "default": 0.42, "cell": 3},
    {"name": "max_iter", "type": "int", "default": 400, "cell": 3},
    {"name": "balanced", "type": "bool", "default": True, "cell": 3},
    {"name": "segment", "type": "str", "default": "retail", "cell": 3},
    {"name": "columns", "type": "list", "default": ["age", "tenure"], "cell": 3},
]

STEPS = [
    ("read", "Read the notebook", 0.1, ""),
    ("inspect", "Look for problems", 0.1, ""),
    ("environment", "Find what it uses", 0.4, "Python 3.11.7, 37 packages, 48 libraries"),
    ("image", "Make the image", 0.2, "5 of 6 layers were there already"),
    ("verify", "Run it, sealed", 3.2, "cell 7 of 12, no network, read-only"),
    ("publish", "Publish", None, ""),
    ("job", "Kubeflow pipeline", None, ""),
]


def build(
    phase: str = "Running", at: int = 4, ident: str = "b-1", path: str = "churn.ipynb", **other: Any
) -> dict[str, Any]:
    """A build that is at step number ``at``, or that ended there with ``phase``."""
    steps = []
    for index, (name, title, seconds, detail) in enumerate(STEPS):
        now = "Succeeded" if index < at else phase if index == at else "Pending"
        reached = index <= at
        steps.append(
            {
                "name": name,
                "title": title,
                "phase": now,
                "seconds": seconds if reached else None,
                "detail": detail if reached else "",
                "progress": 0.58 if now == "Running" else None,
            }
        )
    over = phase not in {"Pending", "Running"}
    return {
        "id": ident,
        "path": path,
        "name": "churn",
        "phase": phase,
        "created": ago(seconds=5),
        "started": ago(seconds=5),
        "finished": ago(seconds=0) if over else None,
        "steps": steps,
        "findings": [],
        "error": None,
        "package": None,
        "requested_by": "ada",
    } | other


def built(version: str = "1.3.0") -> dict[str, Any]:
    """A build that succeeded."""
    done = build("Succeeded", 6, package={"name": "churn", "version": version})
    done["steps"][5] |= {"phase": "Skipped", "detail": "No registry is configured"}
    done["steps"][6] |= {"seconds": 0.1}
    return done


def summary(version: str = "1.3.0", **other: Any) -> dict[str, Any]:
    """A package in a list."""
    return {
        "name": "churn",
        "version": version,
        "digest": DIGEST,
        "created": ago(seconds=20),
        "size": 347_200_000,
        "path": "churn.ipynb",
        "verified": {
            "phase": "Succeeded",
            "sealed": True,
            "text": "Ran sealed: no network, nothing written outside.",
        },
        "metrics": {"auc": 0.8812, "recall": 0.6031},
        "why": "Minor: 3 cells changed, same parameters.",
    } | other


LAYERS = [
    ("Python 3.11.7", "interpreter", 45_100_000),
    ("scipy", "distribution", 100_900_000),
    ("pandas", "distribution", 76_000_000),
    ("scikit-learn", "distribution", 59_000_000),
    ("34 other packages", "distributions", 66_000_000),
    ("Data beside the notebook", "data", 184_000),
    ("Your notebook and code", "code", 18_400),
]


def package(version: str = "1.3.0", **other: Any) -> dict[str, Any]:
    """A package in full."""
    return (
        summary(version)
        | {
            "image_id": DIGEST,
            "layers": [
                {
                    "digest": f"sha256:{index:064x}",
                    "size": size,
                    "media_type": "application/vnd.oci.image.layer.v1.tar",
                    "what": what,
                    "kind": kind,
                }
                for index, (what, kind, size) in enumerate(LAYERS)
            ],
            "own_size": 202_400,
            "findings": [],
            "parameters": PARAMETERS,
            "settings": ["CHURN_REGION"],
            "external": [{"path": "history-2025.parquet", "size": 2_100_000_000, "cell": 5}],
            "checks": [
                {"cell": 11, "passed": True, "message": ""},
                {"cell": 11, "passed": True, "message": ""},
            ],
            "isolation": {
                "name": "bubblewrap",
                "sealed": True,
                "sentence": "Run by bubblewrap, with 2 GB of memory at most.",
            },
            "seconds": {"read": 0.1, "image": 0.2, "verify": 3.9, "publish": None, "total": 4.94},
            "reused_layers": 5,
            "distributions": [
                {"name": "scipy", "version": "1.16.3", "size": 100_900_000},
                {"name": "pandas", "version": "2.3.3", "size": 76_000_000},
                {"name": "scikit-learn", "version": "1.9.1", "size": 59_000_000},
                {"name": "numpy", "version": "2.3.5", "size": 41_000_000},
                {"name": "joblib", "version": "1.5.2", "size": 1_800_000},
                {"name": "threadpoolctl", "version": "3.6.0", "size": 42_000},
            ],
            "files": [
                {"path": "churn.ipynb", "size": 18_400},
                {"path": "customers.csv", "size": 184_000},
            ],
            "lock_digest": DIGEST,
            "notebook_digest": DIGEST,
            "pipeline": {"available": True},
            "author": "ada",
        }
        | other
    )


def run(phase: str = "Running", ident: str = "r-1", **other: Any) -> dict[str, Any]:
    """A run of the package."""
    over = phase not in {"Pending", "Running"}
    return {
        "id": ident,
        "name": "churn",
        "version": "1.3.0",
        "phase": phase,
        "created": ago(minutes=2),
        "started": ago(minutes=2),
        "finished": ago(seconds=106) if over else None,
        "cell": 7,
        "cells": 12,
        "parameters": {"threshold": 0.5},
        "metrics": {"auc": 0.8799} if phase == "Succeeded" else {},
        "outputs": [{"path": "scores.csv", "size": 91_000}] if phase == "Succeeded" else [],
        "checks": [],
        "isolation": None,
        "error": None,
        "requested_by": "ada",
        "executed_notebook": None,
    } | other


def steps(**phases: str) -> list[dict[str, Any]]:
    """The steps of a tagged notebook, perhaps with phases."""
    made = [
        ("load", [2, 3], []),
        ("split", [5, 6], ["load"]),
        ("linear", [7], ["split"]),
        ("gradient_boosting", [8, 9], ["split"]),
        ("choose_the_better_one", [10, 12], ["linear", "gradient_boosting"]),
    ]
    return [
        {"name": name, "cells": cells, "after": after, "phase": phases.get(name)}
        for name, cells, after in made
    ]


IMAGE = f"registry.example.org/team/retention/churn@{DIGEST}"
MISSING = {
    "code": "IMAGE_MISSING",
    "sentence": f"The registry does not have the image {IMAGE}.",
    "advice": "Publish the package to that registry, then it starts by itself.",
    "at": None,
}


def elsewhere(phase: str = "Running", ident: str = "k-1", **other: Any) -> dict[str, Any]:
    """A run on a cluster."""
    place = {"namespace": "team-churn", "job": f"churn-{ident}", "pod": f"churn-{ident}-x7k2p"}
    return run(phase, ident, backend="kubernetes", place=place, **other)


def sent(phase: str = "Failed", ident: str = "f-1", **other: Any) -> dict[str, Any]:
    """A run of the tagged notebook at Kubeflow; where it failed, one of its steps did."""
    link = "https://kubeflow.example.org/pipeline/#/runs/details/5e4d"
    made = [("load", "Succeeded"), ("split", "Succeeded"), ("linear", "Succeeded")]
    made += [("gradient-boosting", "Failed" if phase == "Failed" else "Running")]
    why = "The step gradient-boosting failed. OOMKilled"
    error = {"code": "KUBEFLOW_ENDED", "message": why, "advice": "Its page there has the log."}
    return (
        run(
            phase,
            ident,
            backend="kubeflow",
            place={"run": "5e4d", "link": link},
            cell=None,
            cells=None,
            steps=[{"name": name, "phase": state, **_made(name, state)} for name, state in made],
            error=error if phase == "Failed" else None,
        )
        | other
    )


def _made(name: str, phase: str) -> dict[str, Any]:
    if phase != "Succeeded":
        return {}
    link = "https://kubeflow.example.org/pipeline/#/artifacts/"
    values = {"split": ["X_train", "X_test", "y_train"], "linear": ["linear_model"]}.get(name, [])
    named = ["metrics", "executed_notebook", *values]
    return {
        "metrics": {"linear": {"auc": 0.8612, "iterations": 400}}.get(name, {}),
        "artifacts": [{"name": each, "link": f"{link}{name}-{each}"} for each in named],
    }


def schedules() -> list[dict[str, Any]]:
    """One that runs, one that is paused, and one that a promotion made."""
    found: list[dict[str, Any]] = json.loads((CONTRACT / "schedules.json").read_text())["schedules"]
    found[0]["next"] = ago(hours=-15)
    found[2]["next"] = ago(days=-4)
    return found


LOG = (
    "\x1b[1m[cell 1/12]\x1b[0m\n"
    "\x1b[1m[cell 2/12]\x1b[0m read 12,000 rows of customers.csv\n"
    "\x1b[32mtraining\x1b[0m  10%\rtraining  60%\rtraining 100%\n"
    "\x1b[33mConvergenceWarning\x1b[0m: lbfgs failed to converge after 400 iterations\n"
    "\x1b[31mIgnored\x1b[0m <img src=x onerror=alert(1)> \x1b]0;title\x07\n"
)
