"""Imports: what the kernel does not have and no file beside the notebook provides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.paths import normal
from jupyter_modelpack.notebook.rules.context import Context, shown

# Tops that many distributions share: what is taken from them may be a module of its own.
_NAMESPACES = frozenset({"google", "azure", "ruamel", "zope", "opentelemetry", "mpl_toolkits"})
_OWN_EXTENSIONS = frozenset({"autoreload", "storemagic", "cythonmagic", "rmagic", "sympyprinting"})


@dataclass(frozen=True)
class Import:
    """A module that a cell imports: ``name`` is its top level, ``module`` the whole dotted name."""

    name: str
    module: str
    cell: int
    line: int
    optional: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object of the REST interface."""
        return {
            "name": self.name,
            "module": self.module,
            "cell": self.cell,
            "line": self.line,
            "optional": self.optional,
        }


def read_imports(context: Context) -> tuple[Import, ...]:
    """Return the modules that the cells import, each once, required before optional."""
    found: dict[str, Import] = {}
    for item in _all(context):
        known = found.get(item.module)
        if known is None or (known.optional and not item.optional):
            found[item.module] = item
    return tuple(sorted(found.values(), key=lambda item: (item.cell, item.line, item.module)))


def _all(context: Context) -> Iterator[Import]:
    for number, flow in context.flows.items():
        for item in flow.imports:
            top = item.module.partition(".")[0]
            yield Import(top, item.module, number, item.line, item.optional)
            if top in _NAMESPACES:
                for name in item.names:
                    if name.isidentifier():
                        yield Import(top, f"{item.module}.{name}", number, item.line, True)
    for call in context.reading.calls:
        if call.name in ("importlib.import_module", "__import__", "import_module"):
            for module in call.argument(0, "name"):
                if all(part.isidentifier() for part in module.split(".")):
                    yield Import(
                        module.partition(".")[0], module, call.cell, call.line, call.guarded
                    )
    for cell, command in context.commands:
        if command.kind != "line-magic":
            continue
        module = command.text.split(" ")[0]
        if command.name in ("load_ext", "reload_ext") and module not in _OWN_EXTENSIONS:
            if module and all(part.isidentifier() for part in module.split(".")):
                yield Import(module.partition(".")[0], module, cell.number, command.line)
        elif command.name in ("matplotlib", "pylab"):
            yield Import("matplotlib", "matplotlib", cell.number, command.line)


def local_modules(context: Context, imports: tuple[Import, ...]) -> tuple[str, ...]:
    """Return the paths of modules and packages beside the notebook that it imports."""
    folders = ["", *_added_folders(context)]
    found: list[str] = []
    for name in dict.fromkeys(item.name for item in imports):
        for folder in folders:
            base = f"{folder}/{name}" if folder else name
            fact = context.files.stat(f"{base}.py")
            if fact is not None and not fact.is_dir:
                found.append(f"{base}.py")
                break
            fact = context.files.stat(base)
            if fact is not None and fact.is_dir and _has_code(context, base):
                found.append(base)
                break
    return tuple(found)


def _has_code(context: Context, folder: str) -> bool:
    return any(name.endswith(".py") for name in context.files.list(folder)) or any(
        (fact := context.files.stat(f"{folder}/{name}/__init__.py")) is not None and not fact.is_dir
        for name in context.files.list(folder)
    )


def _added_folders(context: Context) -> list[str]:
    folders = []
    for call in context.reading.calls:
        if call.name in ("sys.path.append", "sys.path.insert"):
            position = 1 if call.name.endswith("insert") else 0
            for text in call.argument(position):
                path = normal(text)
                if path is not None and path != ".":
                    folders.append(path)
    return folders


def find_missing_modules(
    context: Context, imports: tuple[Import, ...], local: tuple[str, ...]
) -> Iterator[Finding]:
    """Yield a finding for each required module that neither kernel nor folder has."""
    if context.kernel is None:
        return
    beside = {path.rpartition("/")[2].removesuffix(".py") for path in local}
    written = _written_modules(context)
    told: set[str] = set()
    for item in imports:
        if item.optional or item.name in beside or item.name in written or item.name in told:
            continue
        if context.kernel.missing(item.module):
            told.add(item.name)
            yield Finding(
                "import-missing",
                "warning",
                f"This kernel does not have {shown(item.module)}.",
                cell=item.cell,
                line=item.line,
                advice="Install it in the kernel's environment, or put its file beside the"
                " notebook.",
                details={"module": item.module},
            )


def _written_modules(context: Context) -> set[str]:
    """Return modules that ``%%writefile`` makes before they are imported."""
    return {
        command.text.split(" ")[-1].rpartition("/")[2].removesuffix(".py")
        for _, command in context.commands
        if command.kind == "cell-magic" and command.name in ("writefile", "file")
    }
