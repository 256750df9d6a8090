"""Which variables of a metrics cell are metrics."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from jupyter_modelpack.runtime.metrics import metric_names, metric_values


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("accuracy = right / total", ["accuracy"]),
        ("accuracy", ["accuracy"]),
        ("accuracy, f1", ["accuracy", "f1"]),
        ("a = b = 1\nc: int = 2\nd += 1", ["a", "b", "c", "d"]),
        ("for i in range(2):\n    last = i", ["i", "last"]),
        ("print(accuracy)", ["print", "accuracy"]),
        ("_private = 1\nshown = 2", ["shown"]),
        ("not python at all", []),
    ],
)
def test_names(source: str, names: list[str]) -> None:
    assert sorted(metric_names(source)) == sorted(names)


def test_values_are_plain_numbers() -> None:
    variables: dict[str, Any] = {
        "a": 1,
        "b": True,
        "c": numpy.float32(0.5),
        "d": numpy.array(3),
        "e": float("inf"),
        "f": "text",
        "g": [1],
        "h": numpy.array([1.0]),
        "i": 10**400,
        "print": print,
    }
    found = metric_values("a, b, c, d, e, f, g, h, i", variables, {"z": 2.5, "y": "no", 3: 1})
    assert found == {"a": 1, "b": True, "c": 0.5, "d": 3, "e": "inf", "z": 2.5}
    assert [type(found[name]) for name in "abcd"] == [int, bool, float, int]
