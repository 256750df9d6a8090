from __future__ import annotations

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.name import LONGEST, checked_name, name_from


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("churn", "churn"),
        ("My Churn Model (final)", "my-churn-model-final"),
        ("Kündigung", "kundigung"),
        ("日本語", "notebook"),
        ("../../etc/passwd", "etc-passwd"),
        ("$(touch x)", "touch-x"),
        ("x" * 200, "x" * LONGEST),
    ],
)
def test_any_text_becomes_a_name(text: str, name: str) -> None:
    assert name_from(text) == name
    assert checked_name(name_from(text)) == name


@pytest.mark.parametrize("text", ["", "Churn", "a b", "../a", "a/b", "-a", "a-", "a" * 64, "a\n"])
def test_a_chosen_name_is_refused_with_one_that_would_do(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_name(text)
    assert name_from(text) in caught.value.advice
