from __future__ import annotations

import ast

import pytest

from jupyter_modelpack.notebook.dataflow import read_flow
from tests.notebook.notebooks import code, found, inspected, messages


def uses(source: str) -> set[str]:
    return set(read_flow(ast.parse(source)).uses)


def defines(source: str) -> set[str]:
    return set(read_flow(ast.parse(source)).defines)


@pytest.mark.parametrize(
    ("source", "needed"),
    [
        ("a = b", {"b"}),
        ("a = 1\nb = a", set()),
        ("a += 1", {"a"}),
        ("a: int = b", {"int", "b"}),
        ("a: int\na", {"int", "a"}),
        ("[x for x in xs if x > y]", {"xs", "y"}),
        ("{k: v for k, v in d.items()}", {"d"}),
        ("[y for x in xs for y in x]", {"xs"}),
        ("[x for x in x]", {"x"}),
        ("(n := len(a)); n", {"len", "a"}),
        ("[m for x in xs if (m := x)]\nm", {"xs"}),
        ("lambda a, *b, c=d, **e: a + f", {"d", "f"}),
        ("def f(a=b):\n    c = a\n    return c + d", {"b"}),
        ("def f() -> int: ...", {"int"}),
        ("@deco\ndef f(): pass", {"deco"}),
        ("class A(B):\n    c = d\n    e = c\n    def m(self):\n        return z", {"B", "d"}),
        ("import a.b as c, d.e\nc, d", set()),
        ("from a import b as c\nc", set()),
        ("for i in r:\n    j = i\ni, j", {"r"}),
        ("with f() as g, h as (i, j):\n    g, i, j", {"f", "h"}),
        ("try:\n    a\nexcept ValueError as e:\n    e", {"a", "ValueError"}),
        ("match m:\n    case {'k': v, **r}: v, r\n    case [x, *y]: x, y\n    case z: z", {"m"}),
        ("global g\ng = 1\ng", set()),
        ("print(f'{a:{b}}')", {"print", "a", "b"}),
        ("def f():\n    def g():\n        nonlocal_ = q\n    return g", set()),
        ("async def f():\n    async with a as b: b", set()),
        ("x[i] = y; z.w = 1; del v[0]", {"x", "i", "y", "z", "v"}),
    ],
)
def test_uses_before_own_definition(source: str, needed: set[str]) -> None:
    assert uses(source) == needed


def test_functions_need_their_free_names() -> None:
    flow = read_flow(
        ast.parse(
            "def f(a):\n    b = a\n    def g(c):\n        return b + c + outer\n"
            "    return [x + k for x in g]\n"
            "class A:\n    def m(self):\n        return helper(self)\n"
            "h = lambda x: x + y"
        )
    )
    assert flow.functions["f"] == ("k", "outer")
    assert flow.functions["A"] == ("helper",)
    assert flow.functions["h"] == ("y",)


def test_defines_and_deletes() -> None:
    assert defines("a, (b, *c) = d\ndel a\nimport e.f\nclass G: x = 1\nfor h in i: pass") == {
        "b",
        "c",
        "e",
        "G",
        "h",
    }


def test_imports_and_whether_they_may_fail() -> None:
    flow = read_flow(
        ast.parse(
            "import numpy as np\nfrom google.cloud import bigquery\n"
            "try:\n    import lightgbm\nexcept ImportError:\n    lightgbm = None\n"
            "try:\n    import json\nexcept ValueError:\n    pass\n"
            "if colab:\n    from google.colab import drive\n"
            "def f():\n    import torch\n"
        )
    )
    assert [(i.module, i.names, i.optional) for i in flow.imports] == [
        ("numpy", (), False),
        ("google.cloud", ("bigquery",), False),
        ("lightgbm", (), True),
        ("json", (), False),
        ("google.colab", ("drive",), True),
        ("torch", (), False),
    ]


def test_a_name_no_cell_defines() -> None:
    assert messages("x = 1", "print(x, y)") == ["`y` is used here, but no cell defines it before."]
    assert found("x = 1", "print(x, y)") == [("name-undefined", 2, 1)]


def test_a_name_that_is_defined_only_later() -> None:
    assert messages("print(x)", "x = 1") == ["`x` is used here, but defined only in cell 2."]


def test_several_names_of_one_cell_are_one_finding() -> None:
    assert messages("a, b, c", "a = b = c = 1") == [
        "`a`, `b` and `c` are used here, but defined only in cell 2."
    ]


def test_a_name_is_told_once() -> None:
    assert len(found("y", "y", "y")) == 1


def test_a_deleted_name() -> None:
    assert messages("x = 1", "del x", "x") == ["`x` is used here, but cell 2 deleted it."]
    assert found("x = 1", "del x", "x = 2\nx") == []


def test_a_function_needs_names_when_it_is_called() -> None:
    assert found("def f():\n    return k", "k = 1", "f()") == []
    assert messages("def f():\n    return k", "f()", "k = 1") == [
        "`f()` needs `k`, defined only in cell 3."
    ]
    assert messages("def f():\n    return k", "f()") == [
        "`f()` needs `k`, which no cell defines before."
    ]
    assert found("def f():\n    return k") == []


def test_a_function_needs_what_the_functions_it_calls_need() -> None:
    assert messages("def f(): return g()\ndef g(): return k", "f()") == [
        "`g()` needs `k`, which no cell defines before."
    ]


@pytest.mark.parametrize(
    "cells",
    [
        ["from numpy import *", "print(pi)"],
        ["%run setup.py", "print(from_setup)"],
        ["%pylab inline", "plot([1])"],
        ["globals()['x'] = 1", "x"],
        ["exec('x = 1')", "x"],
        ["def broken(:", "undefined"],
        ["%%cython\ndef f(): pass", "f()"],
        ["%%capture out\nprint(1)", "out.show()"],
        ["try:\n    x\nexcept NameError:\n    x = 1"],
        ["if 'x' not in globals():\n    y = 1\nelse:\n    y = x"],
        ["display(1); get_ipython(); In, Out, _, __; _i1 = 0", "__name__"],
        ["files = !ls", "print(files)"],
        ["%time x = 1", "x"],
        ["%%time\ny = 2", "y"],
        ["def f():\n    global g\n    g = 1", "f()\ng"],
    ],
)
def test_what_may_be_defined_is_not_reported(cells: list[str]) -> None:
    names = [c for c in found(*cells) if c[0].startswith("name-")]
    assert names == []


def test_skipped_cells_define_nothing() -> None:
    assert found(code("x = 1", "skip"), "x") == [("name-undefined", 2, 1)]
    assert inspected(code("x = 1", "skip")).skipped == (1,)
