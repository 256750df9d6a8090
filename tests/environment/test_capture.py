"""Capturing distributions and interpreters: what is taken, what stays out, and that it repeats."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.host_files import HostFiles
from jupyter_modelpack.adapters.kernel_probe import probe_kernel
from jupyter_modelpack.environment.capture import (
    Captured,
    capture_distributions,
    distribution_trees,
    interpreter_tree,
)
from jupyter_modelpack.environment.closure import select
from jupyter_modelpack.environment.distributions import complete
from jupyter_modelpack.environment.local import Wanted
from jupyter_modelpack.environment.lock import Lock
from jupyter_modelpack.oci.tree import File, Link, Tree

SITE = "/env/lib/python3.11/site-packages"
PLACE = "opt/python/lib/python3.11/site-packages/"
Install = Callable[[Path, Mapping[str, str]], None]


@pytest.fixture
def captured(
    wheel: Any, answer: Callable[..., Any], memory_host: Callable[..., Any]
) -> Callable[..., tuple[Captured, ...]]:
    """Capture distributions from an environment in memory, as ``module`` needs them."""

    def run(
        module: str, files: Mapping[str, str], prefix: str = "/env", **more: Any
    ) -> tuple[Captured, ...]:
        site = f"{prefix}/lib/python3.11/site-packages"
        ipython = wheel("ipython", {"IPython/__init__.py": ""})
        host = memory_host({f"{site}/{path}": text for path, text in {**ipython, **files}.items()})
        facts = complete(answer(prefix, site, **more), host)
        found = capture_distributions(select([Wanted(module)], facts, host), facts, host)
        return tuple(item for item in found if item.name != "ipython")

    return run


def paths(item: Captured) -> list[str]:
    return sorted(entry.path.removeprefix(PLACE) for entry in item.entries)


def test_only_what_a_run_needs_is_taken(captured: Any, wheel: Any) -> None:
    kept = {
        "stats/__init__.py": "",
        "stats/tests/__init__.py": "",
        "stats/table.csv": "",
        "stats/compiled_only.pyc": "",
        "stats-nspkg.pth": "import sys\n",
        "../../../share/stats/data.json": "{}",
        "../../../lib/libstats.so.2": "",
        'stats/a "quoted", name.txt': "",
    }
    dropped = {
        "stats/__pycache__/__init__.cpython-311.pyc": "",
        "stats/libstats.a": "",
        "stats/include/stats.h": "",
        "stats/_core.pyx": "",
        "stats-path.pth": "/home/ada/stats\n",
        "../../../bin/stats": "#!/home/ada/env/bin/python\n",
        "../../../share/man/man1/stats.1": "",
        "../../../share/jupyter/labextensions/stats/package.json": "{}",
        "../../../../outside.txt": "",
        "/etc/stats.conf": "",
    }
    extra = {
        "direct_url.json": '{"url": "file:///home/ada/stats.whl", "archive_info": {}}',
        "REQUESTED": "",
        "entry_points.txt": "[console_scripts]\n",
    }
    files = wheel("stats", {**kept, **dropped}, extra=extra)
    record = "stats-1.0.dist-info/RECORD"
    quoted = '"stats/a ""quoted"", name.txt"'
    files[record] = files[record].replace('stats/a "quoted", name.txt', quoted) + "gone.py,,\n"
    [item] = captured("stats", files)
    names = ["METADATA", "RECORD", "WHEEL", "entry_points.txt"]
    expected = [
        *(f"stats-1.0.dist-info/{name}" for name in names),
        *(
            path.replace("../../../", "opt/python/") if path.startswith("..") else path
            for path in kept
        ),
    ]
    assert paths(item) == sorted(expected)
    record = next(e.content for e in item.entries if e.path.endswith("/RECORD")) or b""
    rows = record.decode().splitlines()
    assert rows[-1] == "stats-1.0.dist-info/RECORD,," and f"{quoted},sha256=" in record.decode()
    assert len(rows) == len(item.entries) and "ada" not in record.decode()
    assert item.origin == "url"
    assert item.digest == hashlib.sha256(record).hexdigest()


def test_test_suites_and_headers(captured: Any, wheel: Any) -> None:
    files = {
        "pandas/__init__.py": "",
        "pandas/core/tests/test_a.py": "",
        "pandas/tests/frame/test_b.py": "",
        "pandas/include/p.h": "",
    }
    [item] = captured("pandas", wheel("pandas", files))
    assert "pandas/tests/frame/test_b.py" not in paths(item)
    assert "pandas/core/tests/test_a.py" not in paths(item)
    [item] = captured("pandas.tests.frame", wheel("pandas", files))
    assert "pandas/tests/frame/test_b.py" in paths(item)
    headers = {"cupy/__init__.py": "", "cupy/include/c.cuh": ""}
    [item] = captured("cupy", wheel("cupy-cuda12x", headers))
    assert "cupy/include/c.cuh" in paths(item)


def test_the_place_of_the_environment_leaves_no_trace(captured: Any, wheel: Any) -> None:
    files = wheel("one", {"one/__init__.py": "", "../../../share/one/x": ""}, requires=["two"])
    more = {**files, **wheel("two", {"two.py": "", "one/__init__.py": "other"}, record=False)}
    first = captured("one", more)
    second = captured("one", more, prefix="/home/ada/mini conda/envs/é")
    assert [(i.name, i.digest, paths(i)) for i in first] == [
        (i.name, i.digest, paths(i)) for i in second
    ]
    taken = [entry.path for item in first for entry in item.entries]
    assert len(taken) == len(set(taken)), "a path may be in one layer only once"


def test_large_distributions_get_a_layer_each(captured: Any, wheel: Any) -> None:
    sizes = {"alpha": 300, "beta": 9000, "gamma": 20000, "delta": 10}
    files: dict[str, str] = {}
    for name, size in sizes.items():
        requires = [other for other in sizes if other != name]
        files.update(wheel(name, {f"{name}.py": "#" * size}, requires=requires))
    trees = distribution_trees(captured("alpha", files), large=5000)
    assert [(tree.what, tree.kind) for tree in trees] == [
        ("beta 1.0", "distribution"),
        ("gamma 1.0", "distribution"),
        ("2 more packages", "distributions"),
    ]
    assert distribution_trees(()) == ()


def test_the_lock_is_canonical(captured: Any, wheel: Any, answer: Any, memory_host: Any) -> None:
    url = {"direct_url.json": '{"url": "https://ada:secret@host/x.git", "vcs_info": {}}'}
    files = {**wheel("Zed", {"zed.py": ""}, requires=["alpha"]), **wheel("alpha", {}, extra=url)}
    facts = complete(answer("/env", SITE), memory_host({}))
    lock = Lock.of(facts, captured("zed", files))
    again = Lock.of(facts, tuple(reversed(captured("zed", files))))
    assert lock.to_bytes() == again.to_bytes() and lock.digest == again.digest
    assert b"secret" not in lock.to_bytes()
    told = json.loads(lock.to_bytes())
    assert (told["python"], told["platform"]) == ("3.11.7", "linux-x86_64-glibc-2.36")
    assert lock.requirements() == (
        "# Python 3.11.7 on linux-x86_64-glibc-2.36\n"
        "# alpha 1.0 came from a file or repository\n"
        "Zed==1.0\n"
    )


def relative(tree: Tree) -> set[str]:
    return {entry.path.removeprefix("opt/python/") for entry in tree.entries}


def test_an_interpreter_without_what_no_run_needs(interpreter: Path, kernel_of: Any) -> None:
    facts = probe_kernel(kernel_of(interpreter))
    tree = interpreter_tree(facts, HostFiles())
    found = relative(tree)
    library = f"lib/{facts.library}"
    for name in ("os.py", "json/__init__.py", "encodings/utf_8.py", "unittest/__init__.py"):
        assert f"{library}/{name}" in found
    for part in ("test/", "idlelib/", "turtledemo/", "ensurepip/", "site-packages/", "config-"):
        assert not any(path.startswith(f"{library}/{part}") for path in found), part
    assert not any("__pycache__" in path or path.endswith((".a", ".pyc")) for path in found)
    assert not any("_tkinter" in path for path in found)
    links = {entry.path: entry.target for entry in tree.entries if isinstance(entry, Link)}
    assert links["opt/python/bin/python"] == links["opt/python/bin/python3"] == facts.library
    size = sum(
        Path(e.source).stat().st_size for e in tree.entries if isinstance(e, File) and e.source
    )
    print(f"Python {facts.python_version}: {len(found)} files, {size / 1e6:.0f} MB")
    if any(path.name == "tkinter" for path in Path(facts.stdlib).iterdir()):
        assert f"{library}/tkinter/__init__.py" in relative(
            interpreter_tree(facts, HostFiles(), keep=frozenset({"tkinter.ttk"}))
        )


def test_build_settings_do_not_tell_where_python_was(
    few_interpreters: Path, kernel_of: Any
) -> None:
    facts = probe_kernel(kernel_of(few_interpreters))
    made = [
        entry
        for entry in interpreter_tree(facts, HostFiles()).entries
        if isinstance(entry, File) and entry.content is not None
    ]
    assert any("_sysconfigdata" in entry.path for entry in made)
    if facts.base_prefix != "/usr":
        assert not any(facts.base_prefix.encode() in (entry.content or b"") for entry in made)


def test_a_zipped_standard_library_is_unpacked(answer: Any, tmp_path: Path) -> None:
    import zipfile

    prefix = tmp_path / "zipped"
    (prefix / "lib/python3.11/lib-dynload").mkdir(parents=True)
    (prefix / "bin").mkdir()
    (prefix / "bin/python3.11").write_text("")
    with zipfile.ZipFile(prefix / "lib/python311.zip", "w") as archive:
        archive.writestr("os.py", "")
        archive.writestr("json/__init__.py", "")
    site = str(prefix / "lib/python3.11/site-packages")
    facts = complete(answer(str(prefix), site), HostFiles())
    found = relative(interpreter_tree(facts, HostFiles()))
    assert {"lib/python3.11/os.py", "lib/python3.11/json/__init__.py"} <= found
    assert not facts.missing("json")
