"""Order, commands, network, imports, settings, people, kernels and parameters."""

from __future__ import annotations

import pytest

from jupyter_modelpack.notebook.inspection import inspect
from tests.notebook.notebooks import Kernel, code, folder, found, inspected, messages, snapshot


def test_cells_out_of_order_and_cells_never_run() -> None:
    cells = [code("a = 1", count=n) for n in (1, 2, 9, 4, 5)] + [code("b = 2")]
    assert messages(*cells) == [
        "Cell 3 ran in another order than it stands.",
        "Cell 6 has not been run.",
    ]
    cells = [code("a = 1", count=n) for n in (5, 6, 1, 2, 3)]
    assert messages(*cells) == ["Cells 1 and 2 ran in another order than they stand."]


@pytest.mark.parametrize("counts", [(1, 2, 3), (3, 7, 20), (None, None, None), (1,)])
def test_cells_in_order_are_fine(counts: tuple[int | None, ...]) -> None:
    assert found(*(code("a = 1", count=n) for n in counts)) == []


def test_empty_and_skipped_cells_need_no_run() -> None:
    assert found(code("a = 1", count=1), code(""), code("x", "skip"), code("b = 1", count=2)) == []


@pytest.mark.parametrize(
    ("source", "expected", "severity"),
    [
        ("!pip install xgboost", "installs-packages", "note"),
        ("%pip install -q a", "installs-packages", "note"),
        ("%conda install b", "installs-packages", "note"),
        ("!{sys.executable} -m pip install c", "installs-packages", "note"),
        ("%%bash\napt-get install -y d", "installs-packages", "note"),
        ("import os\nos.system('pip install e')", "installs-packages", "note"),
        (
            "import subprocess, sys\n"
            "subprocess.check_call([sys.executable, '-m', 'pip', 'install', 'x'])",
            "installs-packages",
            "note",
        ),
        ("!ls", "shell-command", "note"),
        ("!nvidia-smi", "shell-command", "note"),
        ("%%bash\nls\ndf -h", "shell-command", "note"),
        ("!make all", "shell-command", "warning"),
        ("lines = !sort a | uniq", "shell-command", "warning"),
        ("%%bash\nmake", "shell-command", "warning"),
        ("import os\nos.system('make')", "shell-command", "warning"),
        ("!wget https://a.org/b.zip", "network", "warning"),
        ("!git clone https://a.org/b", "network", "warning"),
    ],
)
def test_commands(source: str, expected: str, severity: str) -> None:
    findings = inspected("import sys", source).findings
    assert [(f.code, f.severity, f.cell) for f in findings] == [(expected, severity, 2)]


@pytest.mark.parametrize(
    "source",
    [
        "%matplotlib inline",
        "%load_ext autoreload\n%autoreload 2",
        "%%time\nx = 1",
        "%pip list",
        "%%html\n<b>hi</b>",
        "%config InlineBackend.figure_format = 'retina'",
    ],
)
def test_harmless_magics(source: str) -> None:
    assert found(source) == []


def test_installs_are_one_finding() -> None:
    (finding,) = inspected("!pip install a", "x = 1", "%pip install b").findings
    assert finding.message == (
        "Installs packages: `!pip install a`. Not needed, it is captured. Also in cell 3."
    )
    assert finding.details["cells"] == [1, 3]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "import requests\nrequests.get('https://api.x.org/v1?a=1')",
            "Fetches from api.x.org with `requests.get()`.",
        ),
        (
            "import requests\ns = requests.Session()\ns.get('https://x.org')",
            "Fetches from x.org with `requests.Session.get()`.",
        ),
        (
            "import pandas as pd\npd.read_csv('https://x.org/a.csv')",
            "Fetches from x.org with `pandas.read_csv()`.",
        ),
        (
            "from sklearn.datasets import fetch_openml\nfetch_openml('mnist')",
            "Uses the network: `sklearn.datasets.fetch_openml()`.",
        ),
        (
            "from transformers import AutoModel\nAutoModel.from_pretrained('bert-base')",
            "Uses the network: `transformers.AutoModel.from_pretrained()`.",
        ),
        (
            "import torchvision\ntorchvision.datasets.MNIST('d', download=True)",
            "Uses the network: `torchvision.datasets.MNIST()`.",
        ),
    ],
)
def test_network(source: str, message: str) -> None:
    assert messages(source) == [message]


@pytest.mark.parametrize(
    "source",
    [
        "from sklearn.datasets import load_iris\nload_iris()",
        "from transformers import AutoModel\nAutoModel.from_pretrained('./model')",
        "import requests\nrequests.post('http://localhost:8501/v1')",
        "from datasets import load_dataset\nload_dataset('csv')",
        "import torchvision\ntorchvision.datasets.MNIST('d', download=False)",
        "print('see https://x.org')",
        "session = {}\nsession.get('a')",
    ],
)
def test_what_is_no_network(source: str) -> None:
    assert found(source, files=folder("model/config.json")) == []


def test_the_network_is_told_once_for_each_source() -> None:
    fetch = "import seaborn as sns\nsns.load_dataset('tips')"
    (finding,) = inspected(fetch, "x = 1", fetch).findings
    assert finding.message.endswith("Also in cell 3.")


def test_imports_the_kernel_lacks() -> None:
    source = (
        "import xgboost as xgb, numpy\nfrom lightgbm.sklearn import LGBMModel\n"
        "try:\n    import cupy\nexcept ImportError:\n    cupy = None\nimport helpers"
    )
    inspection = inspected(
        source,
        kernel=Kernel(frozenset({"xgboost", "lightgbm", "cupy", "helpers"})),
        files=folder("helpers.py"),
    )
    assert [(f.code, f.line, f.message) for f in inspection.findings] == [
        ("import-missing", 1, "This kernel does not have `xgboost`."),
        ("import-missing", 2, "This kernel does not have `lightgbm.sklearn`."),
    ]
    assert inspection.local == ("helpers.py",)
    assert [(i.name, i.module, i.optional) for i in inspection.imports] == [
        ("numpy", "numpy", False),
        ("xgboost", "xgboost", False),
        ("lightgbm", "lightgbm.sklearn", False),
        ("cupy", "cupy", True),
        ("helpers", "helpers", False),
    ]


def test_local_packages_and_folders_on_the_path() -> None:
    inspection = inspected(
        "import sys\nsys.path.append('src')\nimport tool\nimport pack.part",
        files=folder("src/tool.py", "pack/__init__.py", "pack/part.py"),
        kernel=Kernel(frozenset({"tool", "pack"})),
    )
    assert inspection.local == ("src/tool.py", "pack")
    assert inspection.findings == ()


def test_a_module_that_a_cell_writes_is_not_missing() -> None:
    lacks = Kernel(frozenset({"made"}))
    assert found("%%writefile made.py\nx = 1", "import made", kernel=lacks) == []


def test_imports_by_name_and_by_magic() -> None:
    inspection = inspected(
        "import importlib\nimportlib.import_module('a.b')\n%load_ext sql\n%matplotlib inline",
        "from google.cloud import storage",
    )
    assert [i.module for i in inspection.imports] == [
        "importlib",
        "a.b",
        "sql",
        "matplotlib",
        "google.cloud",
        "google.cloud.storage",
    ]


def test_settings() -> None:
    inspection = inspected(
        "import os\nfrom os import environ, getenv\nos.environ['OUT'] = '1'\n"
        "os.environ['OUT']; os.environ['DB_HOST']; environ.get('REGION', 'eu')\n"
        "getenv('MODE'); os.environ['HOME']; os.getenv(name)",
        "%env STAGE\n%env LEVEL=3",
        "import os\nos.environ['DB_HOST']; os.environ['GIVEN']",
        environment_names=["GIVEN"],
    )
    assert inspection.settings == ("DB_HOST", "GIVEN", "MODE", "REGION", "STAGE")
    assert [
        (f.code, f.severity, f.message, f.cell)
        for f in inspection.findings
        if f.code == "needs-setting"
    ] == [
        ("needs-setting", "note", "Needs the setting `DB_HOST`.", 1),
        ("needs-setting", "note", "Needs the setting `MODE`.", 1),
        ("needs-setting", "note", "Needs the setting `STAGE`.", 2),
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("name = input('Who? ')", "waits-for-person"),
        ("from getpass import getpass\ngetpass()", "waits-for-person"),
        ("breakpoint()", "waits-for-person"),
        ("from ipywidgets import interact\ninteract(print, x=3)", "widgets"),
        ("while True:\n    print(1)", "never-ends"),
        ("from flask import Flask\napp = Flask('a')\napp.run()", "never-ends"),
        ("import uvicorn\nuvicorn.run('a')", "never-ends"),
    ],
)
def test_cells_that_wait_or_never_end(source: str, expected: str) -> None:
    assert [c[0] for c in found(source)] == [expected]


@pytest.mark.parametrize(
    "source",
    ["while True:\n    break", "def f():\n    while True:\n        yield 1", "def run(): 0\nrun()"],
)
def test_cells_that_end(source: str) -> None:
    assert found(source) == []


def test_another_language_is_refused() -> None:
    taken = snapshot(
        "x <- 1",
        metadata={
            "kernelspec": {"name": "ir", "display_name": "R"},
            "language_info": {"name": "R"},
        },
    )
    (finding,) = inspect(taken).findings
    assert (finding.code, finding.severity) == ("kernel-not-python", "blocking")
    assert finding.message == "This notebook is written in R, and only Python can be packaged."
    assert inspect(snapshot("x = 1"), kernel=Kernel(language="julia")).blocked


def test_parameters() -> None:
    inspection = inspected(
        code(
            "import os\nrate = 0.1  # how fast\nsteps: float = 3\nname = 'a'; deep = True\n"
            "cols = ['a', 'b']\npair = (1, 2)\nopts = {'k': [1]}\nlimit: 'int | None' = None\n"
            "none = None\n_private = 1\na, b = 1, -2\nout = os.getcwd()\nrate = 0.2\nhuge = 1e999",
            "parameters",
        )
    )
    shown = [(p.name, p.type, p.default) for p in inspection.parameters]
    assert shown == [
        ("steps", "float", 3.0),
        ("name", "str", "a"),
        ("deep", "bool", True),
        ("cols", "list", ["a", "b"]),
        ("pair", "list", [1, 2]),
        ("opts", "dict", {"k": [1]}),
        ("limit", "int", None),
        ("none", "none", None),
        ("a", "int", 1),
        ("b", "int", -2),
        ("rate", "float", 0.2),
    ]
    assert [(f.code, f.message) for f in inspection.findings] == [
        ("parameter-computed", "`out` is computed, so a run cannot change it."),
        ("parameter-computed", "`huge` is computed, so a run cannot change it."),
    ]
    commented = inspected(code("rate = 0.1  # how fast", "parameters")).parameters[0]
    assert commented.comment == "how fast"


def test_tags_of_kale_mean_the_same() -> None:
    inspection = inspected(
        code("rate = 1", "pipeline-parameters"),
        code("score = 2", "block:pipeline-metrics"),
        code("undefined", "block:skip"),
        code("assert score", "check"),
    )
    assert [p.name for p in inspection.parameters] == ["rate"]
    assert (inspection.metrics, inspection.skipped, inspection.checks) == ((2,), (3,), (4,))
    assert inspection.findings == ()
