"""Editable installs as the build backends leave them, captured into site-packages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from jupyter_modelpack.adapters.kernel_probe import probe_kernel
from jupyter_modelpack.environment.capture import Captured, capture_distributions
from jupyter_modelpack.environment.closure import select
from jupyter_modelpack.environment.distributions import complete
from jupyter_modelpack.environment.local import Wanted

SITE = "/env/lib/python3.11/site-packages"
EDITABLE = '{"dir_info": {"editable": true}, "url": "file:///home/ada/project"}'
FINDER = """
MAPPING: dict[str, str] = {mapping!r}
NAMESPACES: dict[str, list[str]] = {{}}
def install(): ...
"""
HOME = "/home/ada/project"
PROJECT = {
    f"{HOME}/src/shop/__init__.py": "",
    f"{HOME}/src/shop/prices/__init__.py": "",
    f"{HOME}/src/shop/rates.json": "{}",
    f"{HOME}/src/shop/.env": "TOKEN=1",
    f"{HOME}/src/shop/__pycache__/x.pyc": "",
    f"{HOME}/src/till.py": "",
    f"{HOME}/src/setup.py": "",
    f"{HOME}/src/tests/__init__.py": "",
}


def setuptools_path(wheel: Any) -> dict[str, str]:
    return wheel("shop", {"__editable__.shop-1.0.pth": f"{HOME}/src\n"}, extra=told())


def setuptools_finder(wheel: Any) -> dict[str, str]:
    mapping = {"shop": f"{HOME}/src/shop", "till": f"{HOME}/src/till"}
    name = "__editable___shop_1_0_finder"
    hook = {
        "__editable__.shop-1.0.pth": f"import {name}; {name}.install()",
        f"{name}.py": FINDER.format(mapping=mapping),
    }
    return wheel("shop", hook, extra=told())


def hatch(wheel: Any) -> dict[str, str]:
    return wheel("shop", {"_editable_impl_shop.pth": f"{HOME}/src"}, extra=told())


def told() -> dict[str, str]:
    return {"direct_url.json": EDITABLE, "top_level.txt": "shop\ntill\n"}


@pytest.mark.parametrize("backend", [setuptools_path, setuptools_finder, hatch])
def test_sources_go_where_a_normal_install_puts_them(
    backend: Callable[[Any], dict[str, str]],
    wheel: Any,
    answer: Callable[..., Any],
    memory_host: Callable[..., Any],
) -> None:
    captured = capture({**backend(wheel)}, "shop.prices", wheel, answer, memory_host)
    assert captured.origin == "editable"
    assert sorted(entry.path.partition("site-packages/")[2] for entry in captured.entries) == [
        "shop-1.0.dist-info/METADATA",
        "shop-1.0.dist-info/WHEEL",
        "shop-1.0.dist-info/top_level.txt",
        "shop/__init__.py",
        "shop/prices/__init__.py",
        "shop/rates.json",
        "till.py",
    ]


def capture(
    installed: dict[str, str], module: str, wheel: Any, answer: Any, memory_host: Any
) -> Captured:
    files = {**installed, **wheel("ipython", {"IPython/__init__.py": ""})}
    host = memory_host({**PROJECT, **{f"{SITE}/{path}": text for path, text in files.items()}})
    path = [SITE, f"{HOME}/src"] if not any("finder" in name for name in installed) else [SITE]
    facts = complete(answer("/env", SITE, sys_path=path), host)
    assert not facts.missing(module)
    selection = select([Wanted(module)], facts, host)
    assert selection.missing == ()
    return next(
        item for item in capture_distributions(selection, facts, host) if item.name == "shop"
    )


def test_develop_installs_of_old_setuptools(
    wheel: Any, answer: Callable[..., Any], memory_host: Callable[..., Any]
) -> None:
    egg = {
        f"{HOME}/src/shop.egg-info/PKG-INFO": "Name: shop\nVersion: 0.3\n",
        f"{HOME}/src/shop.egg-info/top_level.txt": "shop\n",
        f"{HOME}/src/shop.egg-info/SOURCES.txt": "setup.py\n",
        f"{SITE}/shop.egg-link": f"{HOME}/src\n.",
    }
    files = wheel("ipython", {"IPython/__init__.py": ""})
    host = memory_host({**PROJECT, **egg, **{f"{SITE}/{p}": text for p, text in files.items()}})
    facts = complete(answer("/env", SITE, sys_path=[SITE, f"{HOME}/src"]), host)
    shop = facts.by_key["shop"]
    assert shop.editable and shop.sources == {"shop": f"{HOME}/src/shop"}
    captured = capture_distributions(select([Wanted("shop")], facts, host), facts, host)
    paths = [e.path.partition("site-packages/")[2] for item in captured for e in item.entries]
    assert "shop/prices/__init__.py" in paths and "shop.egg-info/PKG-INFO" in paths
    assert not any(".env" in path or "SOURCES" in path for path in paths)


def test_a_module_that_no_distribution_owns_is_copied(
    wheel: Any, answer: Callable[..., Any], memory_host: Callable[..., Any]
) -> None:
    files = wheel("ipython", {"IPython/__init__.py": ""})
    host = memory_host({**PROJECT, **{f"{SITE}/{p}": text for p, text in files.items()}})
    facts = complete(answer("/env", SITE, sys_path=[SITE, f"{HOME}/src"]), host)
    captured = capture_distributions(select([Wanted("till")], facts, host), facts, host)
    assert [(i.name, i.origin) for i in captured] == [("ipython", "index"), ("till", "local")]
    assert captured[1].entries[0].path == "opt/python/lib/python3.11/site-packages/till.py"


def test_an_import_hook_is_asked_where_its_package_is(
    few_interpreters: Any, kernel_of: Any, venv: Any, site_of: Any, wheel: Any, install: Any
) -> None:
    python = venv(few_interpreters)
    site = site_of(python)
    project = python.parent.parent.parent / "project"
    install(project, {"engine/__init__.py": "raise SystemExit('must not be executed')"})
    loader = (
        "import importlib.util, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'engine':\n"
        f"            place = {str(project / 'engine')!r}\n"
        "            return importlib.util.spec_from_file_location(\n"
        "                name, place + '/__init__.py', submodule_search_locations=[place])\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    hook = {"_engine_loader.py": loader, "engine-editable.pth": "import _engine_loader\n"}
    install(site, wheel("engine", hook, extra={"direct_url.json": EDITABLE}))
    facts = probe_kernel(kernel_of(python))
    assert facts.by_key["engine"].sources == {"engine": str(project / "engine")}
    assert facts.providers("engine.core") == (facts.by_key["engine"],)
