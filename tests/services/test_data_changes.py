"""Runs on other data than their release was made with are said to be so, and only those."""

from __future__ import annotations

import pytest

from jupyter_modelpack.services.data_changes import data_state, known_digests
from jupyter_modelpack.services.record import release_record

A, B = f"sha256:{'aa' * 32}", f"sha256:{'bb' * 32}"


def facts(path: str, digest: str | None, note: str = "") -> dict[str, object]:
    return {"path": path, "size": 1, "digest": digest, "note": note}


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [(A, A, False), (A, B, True), (None, B, None), (A, None, None), (None, None, None)],
)
def test_only_two_digests_that_differ_are_a_change(
    before: str | None, now: str | None, changed: bool | None
) -> None:
    known = known_digests({"inputs": [facts("big.csv", before)]})
    found = data_state([facts("big.csv", now)], known, "churn 1.3.0")
    assert [each["changed"] for each in found["inputs"]] == [changed]
    said = "big.csv changed since churn 1.3.0 was made." if changed else None
    assert found["data_changed"] == said


def test_many_are_named_shortly() -> None:
    known = dict.fromkeys("abcde", A)
    found = data_state([facts(name, B) for name in "abcde"], known, "churn 1.3.0")
    assert found["data_changed"] == "a, b, c and 2 more changed since churn 1.3.0 was made."
    assert data_state((), known, "churn 1.3.0") == {"inputs": [], "data_changed": None}


def test_a_release_without_inputs_keeps_its_digest() -> None:
    old = {"name": "churn", "version": "1.0.0"}
    assert release_record(old) == release_record({**old, "inputs": []})
    assert release_record(old) != release_record({**old, "inputs": [facts("a", A)]})
