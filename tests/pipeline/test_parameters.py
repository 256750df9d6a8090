"""Parameters of a pipeline: names and types that Kubeflow takes, defaults that arrive unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.parameters import pipeline_parameters


@dataclass(frozen=True)
class Given:
    name: str
    type: str
    default: Any


def typed(kind: str, default: Any) -> tuple[str, Any]:
    (parameter,) = pipeline_parameters([Given("x", kind, default)])
    return parameter.type, parameter.default


@pytest.mark.parametrize(
    ("kind", "default", "wanted"),
    [
        ("int", 3, ("NUMBER_INTEGER", 3)),
        ("int", 2**53, ("NUMBER_INTEGER", 2**53)),
        ("float", 0.25, ("NUMBER_DOUBLE", 0.25)),
        ("float", 1, ("NUMBER_DOUBLE", 1.0)),
        ("str", "east", ("STRING", "east")),
        ("str", "", ("STRING", "")),
        ("bool", False, ("BOOLEAN", False)),
        ("list", [1, "a", [True]], ("LIST", [1, "a", [True]])),
        ("dict", {"a": {"b": 1.5}}, ("STRUCT", {"a": {"b": 1.5}})),
    ],
)
def test_plain_defaults_keep_type_and_value(kind: str, default: Any, wanted: object) -> None:
    assert typed(kind, default) == wanted


@pytest.mark.parametrize(
    ("kind", "default", "wanted"),
    [
        ("int", 2**53 + 1, ("STRING", "9007199254740993")),  # a double would round it
        ("int", None, ("STRING", "")),
        ("none", None, ("STRING", "")),
        ("float", float("nan"), ("STRING", "")),
        ("list", [1, None], ("STRING", "")),
        ("list", ["{{x}}"], ("STRING", "")),
        ("dict", {"a": 2**60}, ("STRING", "")),
        ("str", "{{workflow.name}}", ("STRING", None)),  # Argo would fill it in
        ("str", None, ("STRING", "")),
    ],
)
def test_what_would_arrive_changed_travels_as_text_or_not(
    kind: str, default: Any, wanted: object
) -> None:
    assert typed(kind, default) == wanted


def test_names_that_kubeflow_refuses_get_another_and_keep_their_variable() -> None:
    given_names = ["rate", "größe", "metrics", "metrics_2", "self", "数", "Rate"]
    parameters = pipeline_parameters(Given(name, "int", 1) for name in given_names)
    assert [p.variable for p in parameters] == given_names
    names = [p.name for p in parameters]
    assert names == ["rate", "groe", "metrics_3", "metrics_2", "self_2", "parameter", "Rate"]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.text(min_size=1).filter(str.isidentifier), unique=True, max_size=8))
def test_any_variables_get_distinct_names(variables: list[str]) -> None:
    parameters = pipeline_parameters(Given(name, "int", 1) for name in variables)
    names = {p.name for p in parameters}
    assert len(names) == len(variables)
    assert all(name.isascii() and name[0].isalpha() for name in names)


def test_a_variable_that_is_declared_twice_is_refused() -> None:
    with pytest.raises(InvalidInput, match="rate is declared twice"):
        pipeline_parameters([Given("rate", "int", 1), Given("rate", "int", 2)])
