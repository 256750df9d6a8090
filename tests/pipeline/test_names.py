"""Names for Kubernetes: DNS-1123 labels, label values, and what happens to the rest."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jupyter_modelpack.pipeline.names import dns_label, label_value

DNS_1123 = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\Z")
LABEL_VALUE = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?\Z")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("churn", "churn"),
        ("churn-1.0.0", "churn-1-0-0"),
        ("Churn Model (final)", "churn-model-final"),
        ("résumé", "resume"),
        ("a" * 63, "a" * 63),
    ],
)
def test_a_name_becomes_a_label_that_people_recognise(text: str, label: str) -> None:
    assert dns_label(text) == label


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.text(max_size=200))
def test_every_text_has_a_label_and_a_value(text: str) -> None:
    assert DNS_1123.match(dns_label(text))
    assert dns_label(dns_label(text)) == dns_label(text)
    assert LABEL_VALUE.match(label_value(text))


def test_long_and_unreadable_names_stay_different() -> None:
    names = ["分析", "预测", "x" * 63 + "a", "x" * 63 + "b", "😀"]
    labels = {dns_label(name) for name in names}
    assert len(labels) == len(names), labels
    assert dns_label("分析").startswith("notebook-")
