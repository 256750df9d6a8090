from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.version import Content, Version, next_version

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
