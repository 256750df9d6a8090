"""What a team adds to a notebook: owner card, check cells, model card, sample input."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_modelpack.notebook.owner import asked_schedule, owner_card
from jupyter_modelpack.notebook.parts import served_signature, team_parts
from jupyter_modelpack.notebook.snapshot import Snapshot, take_snapshot


def snapshot(*cells: tuple[str, str, str], metadata: Any = None) -> Snapshot:
    made = [
        {
            "cell_type": kind,
            "id": f"c{number}",
            "metadata": {"tags": [tag] if tag else []},
            "source": source,
            **({"outputs": [], "execution_count": None} if kind == "code" else {}),
        }
        for number, (kind, source, tag) in enumerate(cells)
    ]
    notebook = {"cells": made, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}
    content = json.dumps(notebook).encode()
    return take_snapshot(lambda: content, "/n/churn.ipynb")


def test_the_owner_card_is_read_from_the_metadata() -> None:
    card = {"name": " Churn team ", "contact": "churn@example.org", "more": 1}
    found = owner_card(snapshot(metadata={"modelpack": {"owner": card}}))
    assert found == {"name": "Churn team", "contact": "churn@example.org", "runbook": ""}


@pytest.mark.parametrize(
    "metadata",
    [{}, {"modelpack": 1}, {"modelpack": {"owner": []}}, {"modelpack": {"owner": {"name": 5}}}],
)
def test_no_owner_card(metadata: Any) -> None:
    assert owner_card(snapshot(metadata=metadata)) is None


def test_a_schedule_is_read_from_the_metadata() -> None:
    def asked(schedule: Any) -> Any:
        return asked_schedule(snapshot(metadata={"modelpack": {"schedule": schedule}}))

    assert asked({"cron": " 0 2 * * * ", "catch_up": 1, "more": 2}) == {
        "cron": "0 2 * * *",
        "timezone": "UTC",
        "catch_up": False,
    }
    assert asked({"cron": "0 2 * * *", "timezone": "Asia/Tokyo"})["timezone"] == "Asia/Tokyo"
    for nothing in (None, "0 2 * * *", {}, {"cron": 5}, {"timezone": "UTC"}):
        assert asked(nothing) is None


def test_parts_are_the_tagged_cells() -> None:
    made = snapshot(
        ("markdown", "# Card", "model-card"),
        ("code", "x = 1", ""),
        ("code", "assert x", "check"),
        ("code", "example = {'x': 1}", "sample-input"),
        ("code", " ", "check"),
    )
    parts = team_parts(made)
    assert [(part["kind"], part["cell"]) for part in parts] == [
        ("model-card", 1),
        ("check", 3),
        ("sample-input", 4),
    ]
    assert all(part["digest"].startswith("sha256:") for part in parts)


@pytest.mark.parametrize(
    ("source", "signature"),
    [
        (
            "def predict(rows, top=3) -> list:\n    return rows",
            "predict(rows, top=3) -> list",
        ),
        ("def other(): pass", ""),
        ("%%time\ndef predict(", ""),
    ],
)
def test_the_served_signature(source: str, signature: str) -> None:
    assert served_signature(snapshot(("code", source, "serve"))) == signature
    assert served_signature(snapshot(("code", source, ""))) == ""
