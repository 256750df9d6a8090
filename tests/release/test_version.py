from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.version import (
    Content,
    Version,
    checked_line,
    highest,
    next_on_line,
    next_version,
)

BASE = Content({"rows": "int"}, ("a", "b"), "c", "d", {"pandas": "3.1.1"}, "3.11.7")


def after(content: Content) -> tuple[str, str]:
    version, why = next_version((Version(1, 4, 2), BASE), content)
    return str(version), why


def test_the_first_release_is_1_0_0() -> None:
    version, why = next_version(None, BASE)
    assert (str(version), why) == ("1.0.0", "First release.")


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({}, "Major: parameter rows removed."),
        ({"lines": "int"}, "Major: parameter rows removed."),
        ({"rows": "float"}, "Major: parameter rows is now float, was int."),
    ],
)
def test_an_incompatible_interface_is_major(parameters: dict[str, str], why: str) -> None:
    assert after(replace(BASE, parameters=parameters, cells=("x", "b"))) == ("2.0.0", why)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (replace(BASE, cells=("a", "x")), "Minor: 1 cell changed, same parameters."),
        (replace(BASE, cells=("a",)), "Minor: 1 cell changed, same parameters."),
        (replace(BASE, cells=("b", "a")), "Minor: cells in another order, same parameters."),
        (replace(BASE, code="y"), "Minor: local code changed, same parameters."),
        (replace(BASE, data="y"), "Minor: data changed, same parameters."),
        (
            replace(BASE, cells=("x", "y"), data="y"),
            "Minor: 2 cells changed and data changed, same parameters.",
        ),
        (
            replace(BASE, cells=("x", "b"), parameters={"rows": "int", "seed": "int"}),
            "Minor: 1 cell changed, new parameter seed.",
        ),
    ],
)
def test_changed_content_is_minor(content: Content, why: str) -> None:
    assert after(content) == ("1.5.0", why)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (replace(BASE, packages={"pandas": "3.1.2"}), "package pandas changed"),
        (replace(BASE, packages={"pandas": "4", "numpy": "2"}), "2 packages changed"),
        (replace(BASE, python="3.12.1"), "Python 3.12.1 instead of 3.11.7"),
        (BASE, "the environment changed"),
    ],
)
def test_a_changed_environment_is_a_patch(content: Content, why: str) -> None:
    assert after(content) == ("1.4.3", f"Patch: {why}, same code and data.")


@pytest.mark.parametrize(
    "text", ["latest", "v7", "1.2", "1.2.3.4", "01.2.3", "1.2.3-x", "", "1.2.3\n"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        Version.parse(text)


def test_versions_order_as_numbers() -> None:
    assert Version.parse("1.10.0") > Version.parse("1.9.9")


def test_a_served_signature_is_part_of_the_interface() -> None:
    before = replace(BASE, serves="predict(rows)")
    parent = (Version(1, 4, 2), before)
    version, why = next_version(parent, replace(before, serves="predict(rows, top=3)"))
    assert (str(version), why) == (
        "2.0.0",
        "Major: the served predict(rows) is now predict(rows, top=3).",
    )
    version, why = next_version(parent, replace(before, serves=""))
    assert (str(version), why) == ("2.0.0", "Major: the served predict(rows) is gone.")
    version, _ = next_version((Version(1, 4, 2), BASE), before)
    assert str(version) == "1.4.3"  # what is new breaks nobody


def test_a_named_line_leads_to_the_next_release() -> None:
    trunk, tried = (Version(1, 4, 2), BASE), replace(BASE, cells=("a", "x"))
    first, why = next_on_line("try-xgboost", trunk, None, tried)
    assert str(first) == "1.5.0-try-xgboost.1"
    assert why == "First on the line try-xgboost. Minor: 1 cell changed, same parameters."
    more = replace(tried, cells=("y", "x"))
    second, why = next_on_line("try-xgboost", trunk, (first, tried), more)
    assert str(second) == "1.5.0-try-xgboost.2"
    assert why == "On the line try-xgboost. Minor: 1 cell changed, same parameters."
    broken = replace(more, parameters={})
    third, _ = next_on_line("try-xgboost", trunk, (second, more), broken)
    assert str(third) == "2.0.0-try-xgboost.1"
    assert str(next_on_line("try", None, None, BASE)[0]) == "1.0.0-try.1"


def test_versions_on_lines_are_ordered_as_semver_says() -> None:
    written = ["1.4.2", "1.5.0-a.1", "1.5.0-a.2", "1.5.0-a.10", "1.5.0-b.1", "1.5.0", "1.5.1-a.1"]
    versions = [Version.parse(text) for text in written]
    assert sorted(set(versions)) == versions
    assert [str(version) for version in versions] == written


def test_the_highest_is_on_no_line_where_there_is_one() -> None:
    written = ["1.9.0", "2.0.0-a.2", "1.10.0", "2.0.0-a.10", "1.2.30", "3.0.0-b.1"]
    assert highest(written) == "1.10.0"
    assert highest(written, "") == "1.10.0"
    assert highest(written, "a") == "2.0.0-a.10"
    assert highest(written, "c") is None
    assert highest([text for text in written if "-" in text]) == "3.0.0-b.1"
    assert highest([text for text in written if "-" in text], "") is None
    assert highest([]) is None


@pytest.mark.parametrize(
    "text",
    ["1.5.0-", "1.5.0-a", "1.5.0-a.0", "1.5.0-A.1", "1.5.0-a-.1", f"1.5.0-{'a' * 30}.1"],
)
def test_what_is_no_version_on_a_line(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a version"):
        Version.parse(text)


@pytest.mark.parametrize("text", ["", "Try", "1st", "a b", "a-", "a.b", "x" * 19, "try\n"])
def test_what_is_no_name_of_a_line(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_line(text)
    assert caught.value.advice.startswith("Use up to 18")
