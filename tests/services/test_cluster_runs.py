"""What a run on a cluster may be asked, before any cluster is."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.services.cluster_runs import ClusterRuns
from jupyter_modelpack.services.runs import RunRequest

RECORD: dict[str, Any] = {
    "name": "churn",
    "version": "1.0.0",
    "digest": f"sha256:{'ab' * 32}",
    "parameters": [],
    "external": [],
}


def prepared(backend: str, options: dict[str, Any]) -> Any:
    runs = ClusterRuns("registry.example.org/team/{name}", lambda: None)
    return runs.prepare(RECORD, RunRequest("churn", "1.0.0", backend=backend, options=options))


def test_kubeflow_refuses_what_it_would_ignore() -> None:
    limits = {"limits": {"memory": "2Gi"}}
    with pytest.raises(InvalidInput, match="does not take limits") as caught:
        prepared("kubeflow", limits)
    assert "limit:" in caught.value.advice
    assert prepared("kubernetes", limits)["options"] == limits


def test_labels_and_the_image_are_taken_by_both() -> None:
    options = {"labels": {"access": "true"}, "image": "other.example.org/churn"}
    for backend in ("kubernetes", "kubeflow"):
        made = prepared(backend, options)
        assert made["image"] == f"other.example.org/churn@{RECORD['digest']}"
