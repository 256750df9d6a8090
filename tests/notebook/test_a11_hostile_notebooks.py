"""Row A11: mutated and hostile notebooks end in an inspection or one clear sentence, and soon."""

from __future__ import annotations

import copy
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import nbformat
import pytest

from jupyter_modelpack.adapters.notebook_files import FolderFiles
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.notebook.inspection import inspect
from jupyter_modelpack.notebook.sealed import sealed_notebook
from jupyter_modelpack.notebook.snapshot import take_snapshot
from tests.notebook.clean_notebooks import clean_notebooks
from tests.notebook.folders import composed
from tests.notebook.notebooks import Kernel, code, document, markdown, stream
from tests.notebook.test_composition import MAIN, TRAIN

MUTATIONS = 200
SECONDS = 10.0

_ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**30,
    1e308,
    "",
    "\ud800",
    "\x00",
    "x" * 5000,
    [],
    {},
    [[[[]]]],
    {"": {"": ""}},
    ["a", 1, None],
    float("nan"),
    "../../../etc/passwd",
    "<script>alert(1)</script>",
    "%" * 200,
    "{" * 200,
)
_ODD_SOURCES = (
    "(" * 3000,
    "open('\\ud800.csv'); x = '\\ud800'; os.environ['\\ud800']; y = {'\\ud800': 1}",
    "open('\\x00'); open('a' * 5000); open('*' * 50)",
    "-" * 20_000 + "1",
    "x" + ".a" * 5000,
    "x = " + "[" * 150 + "]" * 150,
    "f(" * 90 + ")" * 90,
    "a" + "+a" * 3000,
    "'" * 3,
    "\x00",
    "\\",
    "%%",
    "%",
    "!",
    "%%bash",
    "%%writefile",
    "%run",
    "%cd",
    "%env",
    "?",
    "??x",
    "x = !",
    "%time",
    "%%time\n%%time\n%%time\nx",
    "lambda: (yield)",
    "def f(:\n",
    "match x:\n case {**r}: pass",
    "from . import *",
    "import a.b.c as d, e",
    "global x\nx: int",
    "print(f'{x!r:>{w}}')",
    "\ufeffx = 1",
    "x = 1\r\ny = 2\rz = 3",
    "\t x = 1",
    "async def f():\n  async for x in y: await z\nawait f()",
    "open(open(open(1)))",
    "pd.read_csv('%s' % ('a' * 10))",
    "'{}'.format" + "('a')" * 3,
    "Path('a') / 'b' / c / ('d' if e else 'f')",
    "try:\n  x\nexcept* E:\n  pass",
    "type X[T] = list[T]",
    "class A[T](B): x: T",
    "os.environ['\\n']",
    "x" * 600_000,
    "é = 'ü'; print(é)",
    "del x, y[0], z.a",
    "[*a, *b]; {**c}; f(*d, **e)",
    "(x := 5)",
)
_SLOW_TEXTS = (
    "a" * 300_000,
    "password" * 30_000,
    "password: " * 30_000,
    "://" * 100_000,
    "http://a:" * 30_000,
    "-----BEGIN RSA PRIVATE KEY-----" * 5_000,
    "eyJ" * 100_000,
    "eyJaaaaaaaaaa.eyJ" * 10_000,
    "AKIA" * 50_000,
    "wandb " * 50_000,
    "A" * 300_000,
    "<" * 200_000,
    "<a" * 100_000,
    "data:image/png;base64," + "A" * 200_000,
    ".".join(["M" * 24] * 5_000),
    "bearer Bearer " * 20_000,
    "=" * 200_000,
    "aws " + "Ab1/" * 50_000,
    "\x1b[" * 100_000,
    '"key"' + " " * 100_000,
    "\\" * 200_000,
    "x-" * 100_000,
)


_BESIDE = FolderFiles(str(Path(__file__).parent))


def _sample(r: random.Random) -> dict[str, Any]:
    name, cells = next(iter(list(clean_notebooks(12))[r.randrange(12) :]))
    del name
    extra = [
        code("import pandas as pd\ndf = pd.read_csv('data/a.csv')", "parameters", count=1),
        code("%pip install x\n!ls\nout = !echo 1\n%%time", count=2),
        markdown("![a](attachment:a.png)", attachments={"a.png": {"image/png": "aGVsbG8="}}),
        code("x", outputs=[stream("a"), {"output_type": "error", "ename": "E"}]),
    ]
    return copy.deepcopy(document(*cells, *extra))


def _mutate(value: Any, r: random.Random) -> Any:
    """Change one place somewhere in a JSON value."""
    if isinstance(value, dict) and value and r.random() < 0.93:
        key = r.choice(list(value))
        choice = r.random()
        if choice < 0.1:
            del value[key]
        elif choice < 0.15:
            value[r.choice(["", "cells", "\ud801", key * 2])] = value[key]
        else:
            value[key] = _mutate(value[key], r)
        return value
    if isinstance(value, list) and value and r.random() < 0.93:
        place = r.randrange(len(value))
        choice = r.random()
        if choice < 0.05:
            value.insert(place, r.choice(_ODD))
        elif choice < 0.1:
            value.extend(copy.deepcopy(value[:3]))
        else:
            value[place] = _mutate(value[place], r)
        return value
    if isinstance(value, str) and r.random() < 0.5:
        place = r.randrange(len(value) + 1)
        return value[:place] + r.choice(["'", "(", "\n", "%", "\\", "\x00", "🙂"]) + value[place:]
    return r.choice([*_ODD, *_ODD_SOURCES])


def _bytes(document: Any, r: random.Random) -> bytes:
    content = json.dumps(document).encode("utf-8", "surrogatepass")
    if r.random() < 0.15:
        place = r.randrange(len(content))
        content = r.choice(
            [content[:place], content[:place] + b"\xff" + content[place:], content + b"}"]
        )
    return content


def _inspect(content: bytes) -> str:
    """Return what became of a notebook; anything but an answer or a refusal is an error."""
    started = time.perf_counter()
    try:
        taken = take_snapshot(lambda: content, "odd.ipynb", wait=lambda _: None)
    except InvalidInput as refused:
        assert refused.message.endswith(".")
        return "refused"
    nbformat.validate(taken.notebook)
    inspection = inspect(taken, kernel=Kernel(), files=_BESIDE)
    text = json.dumps(inspection.to_json(), allow_nan=False, ensure_ascii=False)
    text.encode()
    assert time.perf_counter() - started < SECONDS
    return "inspected"


def test_a11_mutated_notebooks() -> None:
    r = random.Random(11)
    ends: dict[str, int] = {"refused": 0, "inspected": 0}
    slowest = 0.0
    for _ in range(MUTATIONS):
        document = _sample(r)
        for _ in range(r.randrange(1, 5)):
            document = _mutate(document, r)
        started = time.perf_counter()
        ends[_inspect(_bytes(document, r))] += 1
        slowest = max(slowest, time.perf_counter() - started)
    print(f"A11: {MUTATIONS} mutated notebooks: {ends}, 0 crashes, slowest {slowest:.2f} s")
    assert ends["inspected"] > MUTATIONS // 4


def _is_circular(value: Any) -> bool:
    try:
        json.dumps(value)
    except ValueError:
        return True
    return False


def test_a11_mutated_notebooks_with_others_inside(tmp_path: Path) -> None:
    r = random.Random(12)
    ends: Counter[str] = Counter()
    for _ in range(MUTATIONS // 2):
        documents = copy.deepcopy({"main": MAIN, "train": TRAIN})
        for name in documents:
            for _ in range(r.randrange(3)):
                documents[name] = copy.deepcopy(_mutate(documents[name], r))
        if _is_circular(documents):
            continue  # no file can hold it
        try:
            found = composed(tmp_path, documents)
        except InvalidInput:
            ends["refused"] += 1
            continue
        json.dumps(found.to_json(), allow_nan=False, ensure_ascii=False).encode()
        content = sealed_notebook(found.snapshot)
        again = inspect(take_snapshot(lambda content=content: content, "/main.ipynb"))
        if found.blocked:
            ends["blocked"] += 1
            continue
        # what the image's document says is what the two files said
        ends["packaged"] += 1
        assert sealed_notebook(again.snapshot) == content
        assert again.graph.order == found.graph.order
        assert (again.checks, again.metrics) == (found.checks, found.metrics)
        for one, other in zip(again.graph.steps, found.graph.steps, strict=True):
            assert (one.name, one.cells, one.common) == (other.name, other.cells, other.common)
    print(f"A11: {MUTATIONS // 2} mutated pairs: {dict(ends)}, 0 crashes, 0 read otherwise")
    assert ends["packaged"] > MUTATIONS // 12


def test_a11_odd_sources() -> None:
    for source in _ODD_SOURCES:
        for place in (code(source), code(source, "parameters"), markdown(source)):
            _inspect(json.dumps(document(place, "x = 1")).encode())
    print(f"A11: {len(_ODD_SOURCES)} odd sources in 3 places, 0 crashes")


@pytest.mark.parametrize("number", range(len(_SLOW_TEXTS)))
def test_a11_texts_that_make_expressions_slow(number: int) -> None:
    text = _SLOW_TEXTS[number]
    html = {"output_type": "display_data", "metadata": {}, "data": {"text/html": text}}
    cells = [code("x = " + repr(text[:100_000]), outputs=[stream(text), html]), markdown(text)]
    content = json.dumps(document(*cells)).encode()
    taken = take_snapshot(lambda: content, "slow.ipynb")
    started = time.perf_counter()
    inspect(taken)
    seconds = time.perf_counter() - started
    print(f"A11: {text[:20]!r} x {len(text)}: {seconds:.2f} s")
    assert seconds < 3.0
