"""From imports to distributions: roots, namespaces, markers, extras and what is loaded by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from jupyter_modelpack.environment.closure import Selection, select
from jupyter_modelpack.environment.distributions import complete
from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.local import Wanted
from jupyter_modelpack.errors import InvalidInput

SITE = "/env/lib/python3.11/site-packages"
Wheel = Callable[..., dict[str, str]]


@pytest.fixture
def facts_of(answer: Callable[..., Any], memory_host: Callable[..., Any]) -> Callable[..., Facts]:
    """Return the facts of an environment with these site-packages, and its host."""

    def make(*distributions: Mapping[str, str], **changes: Any) -> Any:
        files = {f"{SITE}/{p}": t for files in distributions for p, t in files.items()}
        files["/env/lib/python3.11/os.py"] = files["/env/lib/python3.11/json/__init__.py"] = ""
        host = memory_host({**files, **changes.pop("files", {})})
        return complete(answer("/env", SITE, **changes), host), host

    return make


@pytest.fixture
def ipython(wheel: Wheel) -> list[dict[str, str]]:
    return [
        wheel("ipython", {"IPython/__init__.py": ""}, requires=["jedi>=0.16", "traitlets"]),
        wheel("jedi", {"jedi/__init__.py": ""}),
        wheel("traitlets", {"traitlets/__init__.py": ""}),
    ]


def names(selection: Selection) -> list[str]:
    return [d.key for d in selection.distributions if d.key not in ("ipython", "traitlets")]


def test_imports_bring_what_they_require(
    facts_of: Callable[..., Any], wheel: Wheel, ipython: list[dict[str, str]]
) -> None:
    facts, host = facts_of(
        *ipython,
        wheel(
            "Main",
            {"main/__init__.py": ""},
            requires=[
                "helper[fast] (>=1) ; python_version >= '3.8'",
                "old ; python_version < '3'",
                "tests ; extra == 'test'",
                "either ; extra == 'x' or sys_platform == 'linux'",
                "not a valid ==== line",
                "Not_Installed",
            ],
        ),
        wheel("helper", {"helper.py": ""}, requires=["speed; extra == 'fast'", "main"]),
        *(wheel(n, {f"{n}.py": ""}) for n in ("old", "tests", "either", "speed", "unused")),
    )
    selection = select([Wanted("main.sub"), Wanted("json.decoder")], facts, host)
    assert names(selection) == ["either", "helper", "main", "speed"]
    assert selection.standard == {"json.decoder"} and selection.missing == ()
    assert "jedi" not in {d.key for d in selection.distributions}
    assert "jedi" in names(select([Wanted("jedi")], facts, host))


def test_what_is_missing_is_told_unless_the_code_copes(
    facts_of: Callable[..., Any], ipython: list[dict[str, str]]
) -> None:
    facts, host = facts_of(*ipython)
    wanted = [Wanted("nothing.here"), Wanted("maybe", optional=True), Wanted("nothing.here")]
    selection = select(wanted, facts, host)
    assert [w.module for w in selection.missing] == ["nothing.here"]
    bare, host = facts_of()
    with pytest.raises(InvalidInput, match="no IPython"):
        select([], bare, host)


def test_namespaces_are_told_apart(
    facts_of: Callable[..., Any], wheel: Wheel, ipython: list[dict[str, str]]
) -> None:
    facts, host = facts_of(
        *ipython,
        wheel("cloud-core", {"google/cloud/client.py": ""}),
        wheel("cloud-storage", {"google/cloud/storage/__init__.py": ""}),
        wheel("protobuf", {"google/protobuf/__init__.py": "", "google/_upb/_m.abi3.so": ""}),
        wheel("old-a", {"zope/__init__.py": "", "zope/a/__init__.py": ""}),
        wheel("old-b", {"zope/__init__.py": "", "zope/b/__init__.py": ""}),
    )
    for module, found in (
        ("google.cloud.storage.blob", ["cloud-storage"]),
        ("google.cloud", ["cloud-core", "cloud-storage"]),
        ("google.protobuf.message", ["protobuf"]),
        ("google", ["cloud-core", "cloud-storage", "protobuf"]),
        ("zope.b.c", ["old-b"]),
        ("zope", ["old-a", "old-b"]),
    ):
        assert names(select([Wanted(module)], facts, host)) == found, module
    assert facts.missing("google.cloud.bigquery") and not facts.missing("google.cloud")


def test_metadata_without_record_is_enough(
    facts_of: Callable[..., Any], ipython: list[dict[str, str]]
) -> None:
    egg = {
        "oldie-2.0.egg-info/PKG-INFO": "Name: oldie\nVersion: 2.0\n",
        "oldie-2.0.egg-info/top_level.txt": "oldie_core\n",
        "oldie-2.0.egg-info/requires.txt": "plain>=1\n\n[:python_version<'3']\nx\n\n[more]\ny\n",
        "oldie_core/__init__.py": "",
        "oldie_core/data.json": "{}",
        "plain.py": "",
        "plain-1.0.egg-info": "Metadata-Version: 1.0\nName: plain\nVersion: 1.0\n",
        "y.py": "",
        "y-1.dist-info/METADATA": "Name: y\nVersion: 1\n",
    }
    facts, host = facts_of(*ipython, egg)
    assert names(select([Wanted("oldie_core.x")], facts, host)) == ["oldie", "plain"]


def test_dpkg_and_conda_say_which_files_are_whose(
    facts_of: Callable[..., Any],
    ipython: list[dict[str, str]],
    answer: Callable[..., Any],
    memory_host: Callable[..., Any],
) -> None:
    base = "/usr/lib/python3/dist-packages"
    host = memory_host(
        {
            f"{base}/shapes-1.egg-info": "Name: shapes\nVersion: 1\n",
            f"{base}/geo_shapes/__init__.py": "",
            "/var/lib/dpkg/info/python3-shapes.list": "\n".join(
                ["/.", base, f"{base}/shapes-1.egg-info", f"{base}/geo_shapes/__init__.py"]
            ),
        }
    )
    facts = complete(answer("/usr", base), host)
    assert [(d.key, d.roots) for d in facts.distributions] == [("shapes", ("geo_shapes",))]
    info = "lib/python3.11/site-packages/tiles-3.dist-info"
    conda = {
        f"/env/{info}/METADATA": "Name: tiles\nVersion: 3\n",
        f"{SITE}/map_tiles/__init__.py": "",
        "/env/conda-meta/tiles-3-py311_0.json": f'{{"files": ["{info}/METADATA",'
        ' "lib/python3.11/site-packages/map_tiles/__init__.py", "lib/libtiles.so.3"]}',
        "/env/conda-meta/broken-1-0.json": "{",
    }
    facts, _ = facts_of(*ipython, files=conda)
    assert facts.by_key["tiles"].roots == ("map_tiles",)


def test_the_first_on_the_path_wins(
    answer: Callable[..., Any], memory_host: Callable[..., Any], wheel: Wheel
) -> None:
    user = "/home/ada/.local/lib/python3.11/site-packages"
    host = memory_host(
        {
            **{f"{user}/{p}": t for p, t in wheel("Tool", {"tool.py": "new"}, "2.0").items()},
            **{f"{SITE}/{p}": t for p, t in wheel("tool", {"tool.py": "old"}, "1.0").items()},
        }
    )
    facts = complete(answer("/env", SITE, sys_path=[user, SITE]), host)
    assert [(d.version, d.base) for d in facts.distributions] == [("2.0", user)]


def test_what_is_loaded_by_name_comes_along(
    facts_of: Callable[..., Any], wheel: Wheel, ipython: list[dict[str, str]]
) -> None:
    others = ("pyarrow", "openpyxl", "numexpr", "lxml", "matplotlib")
    facts, host = facts_of(
        *ipython,
        wheel("pandas", {"pandas/__init__.py": ""}),
        *(wheel(n, {f"{n}.py": ""}) for n in others),
    )
    plain = select([Wanted("pandas")], facts, host, sources=["df = pd.read_csv('x.csv')"])
    assert names(plain) == ["numexpr", "pandas"]
    more = select([Wanted("pandas")], facts, host, sources=["pd.read_parquet(p).plot()"])
    assert names(more) == ["matplotlib", "numexpr", "pandas", "pyarrow"]
    assert names(select([], facts, host, sources=["read_parquet"])) == []


def test_a_running_kernel_adds_what_it_has_imported(
    facts_of: Callable[..., Any], wheel: Wheel, ipython: list[dict[str, str]]
) -> None:
    facts, host = facts_of(
        *ipython,
        wheel("ipykernel", {"ipykernel/__init__.py": ""}, requires=["pyzmq", "ipython"]),
        wheel("pyzmq", {"zmq/__init__.py": ""}),
        wheel("plugin", {"plugin.py": ""}),
    )
    live = ["plugin.core", "zmq", "ipykernel.kernelapp", "json", "os", "__main__", "unknown"]
    assert names(select([], facts, host, live=live)) == ["plugin"]


def test_another_system_gets_a_way_out(facts_of: Callable[..., Any]) -> None:
    for platform, word in (("darwin", "macOS"), ("win32", "Windows")):
        facts, _ = facts_of(platform=platform)
        with pytest.raises(InvalidInput, match=word) as refused:
            facts.require_capture()
        assert "--source base" in refused.value.advice
    facts, _ = facts_of(implementation="pypy")
    with pytest.raises(InvalidInput, match="pypy"):
        facts.require_capture()
