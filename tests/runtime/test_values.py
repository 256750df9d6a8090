"""Parameter values: what they may be, and that they arrive as they were given."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_modelpack.runtime.kubeflow import parameter_values
from jupyter_modelpack.runtime.manifest import Manifest, Parameter
from jupyter_modelpack.runtime.notebook import make_plan
from jupyter_modelpack.runtime.refusal import Refusal
from jupyter_modelpack.runtime.values import chosen, injected_source, literal

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_a8_a_literal_is_the_value_and_nothing_else(value: Any) -> None:
    assert "\n" not in literal(value)
    read = eval(literal(value), {"__builtins__": {"float": float}})
    assert repr(read) == repr(value)
    assert literal(value).isascii()


@given(st.text())
def test_a8_no_text_ends_the_injected_cell_early(text: str) -> None:
    names: dict[str, Any] = {}
    exec(injected_source({"name": text, "after": 1}), names)
    assert (names["name"], names["after"]) == (text, 1)


@pytest.mark.parametrize(
    ("kind", "default", "text", "value"),
    [
        ("int", 1, "-7", -7),
        ("float", 1.0, "1e-3", 0.001),
        ("float", 1.0, "nan", math.nan),
        ("str", "", "1=2", "1=2"),
        ("bool", False, "Yes", True),
        ("list", [], "[1, 'a']", [1, "a"]),
        ("tuple", (), "[1, 2]", (1, 2)),
        ("dict", {}, '{"a": null}', {"a": None}),
        ("NoneType", None, "plain text", "plain text"),
        ("NoneType", None, "12", 12),
    ],
)
def test_text_is_read_by_the_declared_type(kind: str, default: Any, text: str, value: Any) -> None:
    declared = [Parameter("p", kind, default)]
    assert repr(chosen(declared, [f"p={text}"], {})["p"]) == repr(value)


@pytest.mark.parametrize(
    ("kind", "given_value", "value"),
    [("int", 4.0, 4), ("float", 4, 4.0), ("int", "12", 12), ("tuple", [1], (1,))],
)
def test_json_values_are_fitted(kind: str, given_value: Any, value: Any) -> None:
    found = chosen([Parameter("p", kind, 0)], [], {"p": given_value})["p"]
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("int", 4.5), ("int", True), ("str", 4), ("bool", 1), ("list", {}), ("float", 10**400)],
)
def test_other_values_are_refused_with_the_name(kind: str, value: Any) -> None:
    with pytest.raises(Refusal, match="The parameter p takes"):
        chosen([Parameter("p", kind, 0)], [], {"p": value})


def test_kubeflow_sends_doubles_and_has_no_way_to_say_nothing() -> None:
    sent = {"inputs": {"parameterValues": {"rows": [1.0, 2.5], "opts": {"a": 3.0}, "depth": ""}}}
    values = parameter_values(sent, {"opts": "options"})
    assert values == {"rows": [1, 2.5], "options": {"a": 3}, "depth": ""}
    declared = [Parameter("rows", "list", []), Parameter("options", "dict", {})]
    declared.append(Parameter("depth", "NoneType", None))
    assert chosen(declared, (), values)["depth"] is None


def test_values_go_after_the_cell_that_the_manifest_names() -> None:
    cells = [{"cell_type": "code", "source": text, "metadata": {}} for text in "abc"]
    manifest = Manifest("n", "n.ipynb", (Parameter("x", "int", 1, cell=2),))
    plan = make_plan({"cells": cells}, manifest, {"x": 5})
    assert [cell["source"].splitlines()[-1] for cell in plan.notebook["cells"]] == [
        "a", "b", "x = 5", "c",
    ]  # fmt: skip
