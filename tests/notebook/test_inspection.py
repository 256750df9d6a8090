from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.notebook.notebooks import Kernel, code, folder, inspected, markdown

ROOT = Path(__file__).parents[2]
TYPICAL = [
    markdown("# Churn\nWho leaves?"),
    code(
        "import numpy as np\nimport pandas as pd\nfrom sklearn.linear_model import Ridge", count=1
    ),
    code("alpha = 0.5  # strength\nsource = 'data/customers.csv'", "parameters", count=2),
    code("%matplotlib inline\nimport matplotlib.pyplot as plt", count=3),
    code("df = pd.read_csv(source)\ndf.head()", count=4),
    code(
        "def prepare(frame, columns=None):\n"
        "    columns = columns or [c for c in frame if c != 'y']\n"
        "    return frame[columns].fillna(0), frame['y']\n\n"
        "X, y = prepare(df)",
        count=5,
    ),
    code("model = Ridge(alpha=alpha).fit(X, y)\nscore = model.score(X, y)", "metrics", count=6),
    code("fig, ax = plt.subplots()\nax.plot(np.asarray(y))\nfig.savefig('plot.png');", count=7),
    code("assert score > 0", "check", count=8),
    code("df.assign(p=model.predict(X)).to_csv('scores.csv', index=False)", count=9),
]


def test_a_clean_notebook_has_no_findings() -> None:
    inspection = inspected(*TYPICAL, kernel=Kernel(), files=folder("data/customers.csv"))
    assert inspection.findings == ()
    assert [file.path for file in inspection.data] == ["data/customers.csv"]
    assert [p.name for p in inspection.parameters] == ["alpha", "source"]
    assert (inspection.checks, inspection.metrics) == ((9,), (7,))
    assert not inspection.blocked


@pytest.mark.parametrize("path", sorted((ROOT / "examples").rglob("*.ipynb")), ids=lambda p: p.stem)
def test_the_examples_have_no_findings(path: Path) -> None:
    names = {str(p.relative_to(path.parent)): p.stat().st_size for p in path.parent.rglob("*.*")}
    content = json.loads(path.read_text())
    inspection = inspected(
        *content["cells"], kernel=Kernel(), files=folder(**names), file_limit=10**9
    )
    assert inspection.findings == ()


def test_json_has_the_keys_that_both_languages_agreed_on() -> None:
    golden = json.loads((ROOT / "tests/contract/inspection.json").read_text())
    inspection = inspected(
        *TYPICAL,
        "import os\nos.environ['A']\nopen('big.bin')",
        files=folder("data/customers.csv", **{"big.bin": 10**6}),
        file_limit=1000,
    )
    ours = inspection.to_json()
    assert set(ours) | {"unchanged"} == set(golden)
    for name in ("findings", "parameters", "data", "external", "imports"):
        assert set(golden[name][0]) <= set(ours[name][0]), name
    assert ours["settings"] == ["A"] and ours["cells"] == 11
    assert ours["kernel"] == {"name": "python3", "display_name": "Python 3"}


def test_findings_are_sorted_what_stops_the_package_first() -> None:
    inspection = inspected("!pip install a", "x", 'password = "hunter2!x"')
    assert [f.severity for f in inspection.findings] == ["blocking", "warning", "note"]


def test_every_finding_is_explained_to_users() -> None:
    source = "\n".join(
        path.read_text() for path in (ROOT / "jupyter_modelpack/notebook").rglob("*.py")
    )
    codes = set(re.findall(r'"([a-z]+(?:-[a-z]+)+)",\n?\s+"(?:blocking|warning|note)"', source))
    codes |= {"secret", "network", "widgets", "file-missing", "file-outside", "file-large"}
    codes |= {"file-denied", "writes-outside", "name-undefined", "name-deleted"}
    codes |= {"name-defined-later"}
    explained = set(
        re.findall(r"^\| `([a-z-]+)` \|", (ROOT / "docs/users/findings.md").read_text(), re.M)
    )
    assert len(codes) > 20
    assert codes <= explained, codes - explained
