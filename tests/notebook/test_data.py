from __future__ import annotations

import pytest

from jupyter_modelpack.notebook.inspection import Inspection
from tests.notebook.notebooks import Folder, code, folder, inspected

IMPORTS = (
    "import os, json, glob\nimport pandas as pd\nimport numpy as np\nfrom pathlib import Path\n"
)


def look(source: str, files: Folder, *more: str, limit: int = 1000) -> Inspection:
    return inspected(IMPORTS + source, *more, files=files, file_limit=limit)


def names(inspection: Inspection) -> list[str]:
    return [file.path for file in inspection.data]


@pytest.mark.parametrize(
    "source",
    [
        "pd.read_csv('data/a.csv')",
        "pd.read_csv(filepath_or_buffer='data/a.csv')",
        "pd.read_csv('./data/../data/a.csv')",
        "open('data/a.csv').read()",
        "with open('data/a.csv', 'r', encoding='utf-8') as f:\n    f.read()",
        "json.load(open('data/a.csv'))",
        "Path('data/a.csv').read_text()",
        "(Path('data') / 'a.csv').open()",
        "Path('data').joinpath('a.csv').read_bytes()",
        "DATA = Path('data')\npd.read_csv(DATA / 'a.csv')",
        "DATA = 'data'\npd.read_csv(f'{DATA}/a.csv')",
        "DATA = 'data'\npd.read_csv(DATA + '/a.csv')",
        "DATA = 'data'\npd.read_csv(os.path.join(DATA, 'a.csv'))",
        "pd.read_csv(os.path.join(os.getcwd(), 'data', 'a.csv'))",
        "pd.read_csv('data/%s.csv' % name)",
        "pd.read_csv('data/{}.csv'.format(name))",
        "for name in ['a']:\n    pd.read_csv(f'data/{name}.csv')",
        "paths = {'train': 'data/a.csv'}\npd.read_csv(paths['train'])",
        "for key, path in {'x': 'data/a.csv'}.items():\n    pd.read_csv(path)",
        "frames = [pd.read_csv(p) for p in ['data/a.csv']]",
        "frames = [pd.read_csv(p) for p in glob.glob('data/*.csv')]",
        "for p in Path('data').glob('*.csv'):\n    pd.read_csv(p)",
        "def load(path='data/a.csv'):\n    return pd.read_csv(path)\nload()",
        "def load(path):\n    return pd.read_csv(path)\nload('data/a.csv')",
        "path = 'data/a.csv' if big else 'data/a.csv'\nnp.loadtxt(path)",
        "import my_reader\nmy_reader.fetch(source='data/a.csv')",
        "import sqlite3\nsqlite3.connect('data/a.csv')",
        "create_engine('sqlite:///data/a.csv')",
        "os.chdir('data')\npd.read_csv('a.csv')",
        "%cd data\npd.read_csv('a.csv')",
        "os.listdir('data')",
        "!wc -l data/a.csv",
    ],
)
def test_a_file_beside_the_notebook_is_found(source: str) -> None:
    inspection = look(source, folder("data/a.csv", "other.txt"))
    assert names(inspection) == ["data/a.csv"]
    assert not [f for f in inspection.findings if f.code.startswith("file-")]


@pytest.mark.parametrize(
    ("source", "code_", "message"),
    [
        ("pd.read_csv('b.csv')", "file-missing", "There is no `b.csv` beside the notebook."),
        ("pd.read_csv('/data/b.csv')", "file-outside", "`/data/b.csv` lies outside this folder."),
        ("pd.read_csv('../b.csv')", "file-outside", "`../b.csv` lies outside this folder."),
        ("pd.read_csv('~/b.csv')", "file-outside", "`~/b.csv` lies outside this folder."),
        (
            "pd.read_csv(Path.home() / 'b.csv')",
            "file-outside",
            "`~/b.csv` lies outside this folder.",
        ),
        (
            "pd.read_csv(r'C:\\Users\\ada\\b.csv')",
            "file-outside",
            r"`C:\Users\ada\b.csv` lies outside this folder.",
        ),
        (
            "other.load('/home/ada/b.csv')",
            "file-outside",
            "`/home/ada/b.csv` lies outside this folder.",
        ),
        (
            "x.to_csv('/home/ada/out.csv')",
            "writes-outside",
            "Writes to `/home/ada/out.csv`, outside its own folder.",
        ),
        (
            "pd.read_csv('.env')",
            "file-denied",
            "`.env` is never packaged: it holds settings that are often secret.",
        ),
        ("np.load('big.npy')", "file-large", "`big.npy` has 5.0 kB, too much to package."),
    ],
)
def test_a_file_that_cannot_come_along_is_said(source: str, code_: str, message: str) -> None:
    files = Folder({".env": 10, "big.npy": 5000, "x": 1})
    findings = look("x = big = other = 1\n" + source, files).findings
    assert [(f.code, f.severity, f.message) for f in findings] == [(code_, "warning", message)]
    assert findings[0].cell == 1 and findings[0].line == 6 and findings[0].advice


def test_a_large_file_is_named_as_an_input() -> None:
    inspection = look("np.load('big.npy')", Folder({"big.npy": 5000}))
    assert [(f.path, f.size, f.cell) for f in inspection.external] == [("big.npy", 5000, 1)]
    assert inspection.data == ()


@pytest.mark.parametrize(
    "source",
    [
        "pd.DataFrame().to_csv('b.csv')\npd.read_csv('b.csv')",
        "np.save('b', x)\nnp.load('b.npy')",
        "with open('b.csv', 'w') as f:\n    f.write('')\nopen('b.csv')",
        "Path('out').mkdir()\nmake(Path('out'))\npd.read_csv('out/b.csv')",
        "from urllib.request import urlretrieve\nurlretrieve(url, 'b.csv')\npd.read_csv('b.csv')",
        "make_data('b.csv')\npd.read_csv('b.csv')",
        "try:\n    pd.read_csv('b.csv')\nexcept FileNotFoundError:\n    pass",
        "if os.path.exists('b.csv'):\n    pd.read_csv('b.csv')",
        "open(name)",
        "open('/dev/null')\nopen('/tmp/x', 'w')\nopen('/tmp/x')",
        "pd.read_csv('https://example.com/b.csv')",
        "'data/b.csv'.split('/')",
        "print('see /data/readme.txt')",
        "app.get('/data/items')",
    ],
)
def test_no_finding_where_nothing_is_wrong_for_certain(source: str) -> None:
    inspection = look("x = url = name = app = make = make_data = 1\n" + source, folder("z.txt"))
    codes = [f.code for f in inspection.findings]
    assert [c for c in codes if c.startswith(("file-", "writes-"))] == []


def test_what_the_notebook_writes_itself_is_not_packaged() -> None:
    inspection = look(
        "pd.DataFrame().to_csv('scores.csv')\npd.read_csv('scores.csv')", folder("scores.csv")
    )
    assert names(inspection) == []


def test_a_cache_that_is_there_is_packaged() -> None:
    source = (
        "from urllib.request import urlretrieve\n"
        "if not os.path.exists('a.csv'):\n    urlretrieve('https://x.org/a.csv', 'a.csv')\n"
        "pd.read_csv('a.csv')"
    )
    there = look(source, folder("a.csv"))
    assert names(there) == ["a.csv"] and there.findings == ()
    assert [f.code for f in look(source, folder()).findings] == ["network"]


def test_a_folder_is_taken_with_all_in_it_but_what_is_denied() -> None:
    files = folder("images/a.png", "images/deep/b.png", "images/.env", "images/.git/config")
    assert names(look("os.walk('images')", files)) == ["images/a.png", "images/deep/b.png"]


def test_looking_at_the_whole_folder_takes_nothing() -> None:
    assert names(look("os.listdir('.')\nglob.glob('*')", folder("a.csv", "b.bin"))) == []


def test_the_notebook_itself_is_not_data() -> None:
    assert names(look("open('study.ipynb')", folder("study.ipynb"))) == []


def test_a_near_name_is_offered() -> None:
    (finding,) = look("pd.read_csv('custmers.csv')", folder("customers.csv")).findings
    assert finding.advice.startswith("Did you mean `customers.csv`?")


def test_a_file_of_the_same_name_is_offered() -> None:
    (finding,) = look("pd.read_csv('/home/ada/customers.csv')", folder("customers.csv")).findings
    assert finding.advice.startswith("There is a `customers.csv` beside the notebook")


def test_each_file_is_told_once_at_its_first_cell() -> None:
    inspection = look("pd.read_csv('b.csv')", folder(), "pd.read_csv('b.csv')")
    assert [(f.code, f.cell) for f in inspection.findings] == [("file-missing", 1)]


def test_a_skipped_cell_reads_nothing() -> None:
    assert inspected(code("open('b.csv')", "skip"), files=folder("b.csv")).data == ()
