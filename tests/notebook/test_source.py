from __future__ import annotations

import ast

import pytest

from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.source import CellCode, read_code
from tests.notebook.notebooks import found, messages


def read(source: str) -> CellCode:
    return read_code(Cell(1, "a", "code", source))


def lines(source: str) -> list[int]:
    tree = read(source).tree
    assert tree is not None
    return [statement.lineno for statement in tree.body]


@pytest.mark.parametrize(
    ("source", "kind", "written", "line"),
    [
        ("%matplotlib inline", "line-magic", "%matplotlib inline", 1),
        ("x = 1\n%pip install a b", "line-magic", "%pip install a b", 2),
        ("!ls -l", "shell", "!ls -l", 1),
        ("if x:\n    !ls {x}", "shell", "!ls {x}", 2),
        ("files = !find .", "shell", "!find .", 1),
        ("%%bash\necho 1\necho 2", "cell-magic", "%%bash", 1),
        ("%%writefile a.py\nx = (", "cell-magic", "%%writefile a.py", 1),
        ("\n\n%%html\n<b>", "cell-magic", "%%html", 3),
        ("x?", "line-magic", "%pinfo x", 1),
    ],
)
def test_commands_are_told_apart(source: str, kind: str, written: str, line: int) -> None:
    (command,) = read(source).commands
    assert (command.kind, command.written, command.line) == (kind, written, line)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a = 1\n%matplotlib inline\nb = 2", [1, 2, 3]),
        ("\n\na = 1\n%time b = 2\nc", [3, 4, 5]),
        ("!pip install \\\n   a \\\n   b\nx = 1\ny = 2", [1, 4, 5]),
        ("%%time\n\na = 1\nb = 2", [3, 4]),
        ("%%capture out\n%time a = 1\nb", [2, 3]),
        (">>> a = 1\n>>> b = 2", [1, 2]),
    ],
)
def test_lines_are_those_of_the_cell(source: str, expected: list[int]) -> None:
    assert lines(source) == expected


def test_python_inside_magics_is_python() -> None:
    tree = read("%%time\nx = f(y)").tree
    assert tree is not None and ast.unparse(tree) == "x = f(y)"
    tree = read("%timeit -n 10 -r3 g(z)").tree
    assert tree is not None and ast.unparse(tree) == "g(z)"


def test_what_needs_no_transformer_does_not_import_ipython() -> None:
    import subprocess
    import sys

    program = (
        "import sys\n"
        "from jupyter_modelpack.notebook.cell import Cell\n"
        "from jupyter_modelpack.notebook.inspection import inspect\n"
        "from jupyter_modelpack.notebook.source import read_code\n"
        "read_code(Cell(1, 'a', 'code', 'x = 1'))\n"
        "heavy = {'IPython', 'nbformat', 'jsonschema', 'traitlets', 'tornado'} & set(sys.modules)\n"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_syntax_error_is_a_finding_at_its_line() -> None:
    assert found("x = 1", "y = 2\nz = = 3") == [("syntax-error", 2, 2)]
    assert messages("print 'a'")[0].startswith("This is not valid Python: Missing parentheses")


def test_the_same_syntax_error_in_many_cells_is_told_once() -> None:
    (message,) = messages("print 'a'", "x = 1", "print 'b'")
    assert message.endswith("Also in cell 3.")


def test_code_too_long_is_said_and_not_read() -> None:
    assert found("x = 1\n" * 100_000) == [("cell-not-read", 1, None)]


def test_top_level_await_is_fine() -> None:
    assert found("import asyncio\nawait asyncio.sleep(0)") == []
