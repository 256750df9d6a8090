"""Local modules: what a notebook imports from its own folder, and what stays out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.host_files import HostFiles
from jupyter_modelpack.environment.capture import local_tree
from jupyter_modelpack.environment.closure import Selection, select
from jupyter_modelpack.environment.distributions import complete
from jupyter_modelpack.environment.local import DATA_LIMIT, Wanted, imports_of

Select = Callable[..., Selection]


@pytest.fixture
def chosen(
    tmp_path: Path,
    answer: Callable[..., Any],
    wheel: Callable[..., dict[str, str]],
    install: Callable[[Path, Mapping[str, str]], None],
) -> Select:
    """Select for a notebook in ``tmp_path/book`` with a small environment beside it."""
    site = tmp_path / "env/lib/python3.11/site-packages"
    for name, module in (("ipython", "IPython"), ("Shapes", "shapes"), ("utils", "utils")):
        install(site, wheel(name, {f"{module}/__init__.py": ""}))
    install(tmp_path / "env/lib/python3.11", {"os.py": "", "random.py": ""})
    facts = complete(answer(str(tmp_path / "env"), str(site)), HostFiles())

    def run(*modules: str, sources: tuple[str, ...] = ()) -> Selection:
        wanted = [Wanted(module) for module in modules]
        folder = str(tmp_path / "book")
        return select(wanted, facts, HostFiles(), folder=folder, sources=sources)

    return run


@pytest.fixture
def book(tmp_path: Path, install: Callable[[Path, Mapping[str, str]], None]) -> Callable[..., Path]:
    def write(**files: str) -> Path:
        folder = tmp_path / "book"
        folder.mkdir(exist_ok=True)
        install(folder, {name.replace("__slash__", "/"): text for name, text in files.items()})
        return folder

    return write


def paths(selection: Selection) -> list[str]:
    return [file.path for file in selection.local]


def test_modules_are_followed_into_what_they_import(
    chosen: Select, book: Callable[..., Path], install: Callable[..., None]
) -> None:
    install(
        book(),
        {
            "features.py": "import helper\nfrom pricing.estimate import x\nimport shapes.core\n"
            "try:\n    import fast\nexcept ImportError:\n    fast = None\nimport absent",
            "helper.py": "import features",
            "unused.py": "",
            "pricing/__init__.py": "",
            "pricing/estimate.py": "from . import rates",
            "pricing/rates.py": "def f():\n    import lazily",
            "pricing/rates.csv": "1,2",
            "pricing/__pycache__/rates.cpython-311.pyc": "",
            "pricing/.ipynb_checkpoints/rates-checkpoint.py": "",
            "pricing/notes.ipynb": "{}",
        },
    )
    selection = chosen("features")
    assert paths(selection) == [
        "features.py",
        "helper.py",
        "pricing/__init__.py",
        "pricing/estimate.py",
        "pricing/rates.csv",
        "pricing/rates.py",
    ]
    assert [d.key for d in selection.distributions] == ["ipython", "shapes"]
    assert [(w.module, w.needed_by) for w in selection.missing] == [("absent", "features.py")]
    tree = local_tree(selection)
    assert [e.path for e in tree.entries] == [f"app/files/{p}" for p in paths(selection)]
    assert tree.kind == "code"


def test_the_folder_comes_first_as_in_a_kernel(
    chosen: Select, book: Callable[..., Path], install: Callable[..., None]
) -> None:
    install(book(), {"random.py": "", "utils.py": "", "shapes/readme.txt": "", "loose/a.py": ""})
    selection = chosen("random", "utils", "shapes", "loose.a")
    assert paths(selection) == ["loose/a.py", "random.py", "utils.py"]
    assert [d.key for d in selection.distributions] == ["ipython", "shapes"]


def test_folders_that_the_notebook_adds_to_the_path(
    chosen: Select, book: Callable[..., Path], install: Callable[..., None]
) -> None:
    install(book(), {"src/model.py": "", "src/other.py": "", "lib/more.py": ""})
    added = ("import sys\nsys.path.insert(0, './src')", "sys.path.append('../up')")
    selection = chosen("model", "more", sources=added)
    assert paths(selection) == ["src/model.py"]
    assert [wanted.module for wanted in selection.missing] == ["more"]


def test_what_is_denied_large_or_elsewhere_stays_out(
    chosen: Select, book: Callable[..., Path], install: Callable[..., None], tmp_path: Path
) -> None:
    outside = tmp_path / "secret"
    outside.mkdir()
    (outside / "passwords.py").write_text("")
    folder = book()
    install(folder, {"tools/__init__.py": "", "tools/.env": "A=1", "tools/server.pem": "x"})
    install(folder, {"tools/.git/config": "", "tools/env/pyvenv.cfg": "", "tools/env/x.py": ""})
    (folder / "tools/big.bin").write_bytes(b"\0" * (DATA_LIMIT + 1))
    (folder / "tools/linked.py").symlink_to(outside / "passwords.py")
    (folder / "tools/around").symlink_to(folder)
    (folder / "tools/away").symlink_to(outside)
    (folder / "elsewhere").symlink_to(outside)
    (folder / "tools/same.py").symlink_to("__init__.py")
    selection = chosen("tools", "elsewhere.passwords")
    assert paths(selection) == ["tools/__init__.py", "tools/same.py"]
    assert {left.path for left in selection.left_out} == {
        "elsewhere/passwords.py",
        "tools/.env",
        "tools/around",
        "tools/away",
        "tools/big.bin",
        "tools/linked.py",
        "tools/server.pem",
    }
    for left in selection.left_out:
        print(f"{left.path}: {left.reason}")
        assert left.reason.startswith("it ")


def test_odd_sources_do_no_harm() -> None:
    for source in (b"def broken(", b"\x00", b"\xff\xfe", b"(" * 5000, b"x = " + b"-" * 3000 + b"1"):
        assert list(imports_of(source, "odd.py")) == []
    found = list(
        imports_of(b"import a.b, c as d\nfrom . import e\nif x:\n  from f.g import h", "m")
    )
    assert [(w.module, w.optional) for w in found] == [("a.b", False), ("c", False), ("f.g", True)]
