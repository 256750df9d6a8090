"""The closure: from what a notebook imports to everything its image needs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from jupyter_modelpack.environment.facts import Distribution, Facts
from jupyter_modelpack.environment.host import Host
from jupyter_modelpack.environment.local import (
    LeftOut,
    LocalFile,
    Wanted,
    find_local_modules,
)
from jupyter_modelpack.environment.needs import needed_by_name, words_in
from jupyter_modelpack.environment.requirements import required_by
from jupyter_modelpack.errors import InvalidInput

RUNTIME = "ipython"
# IPython completes names with jedi when a person types; a run never does, and copes without it.
# It would be 5,600 files, more than a third of a small image.
_ONLY_TYPING = frozenset({(RUNTIME, "jedi")})
# What an idle kernel has imported already; that it is loaded says nothing about the notebook.
_KERNEL = "ipykernel"


class Imported(Protocol):
    """An import of the notebook, as the inspection found it."""

    @property
    def module(self) -> str:
        """The full dotted name."""

    @property
    def optional(self) -> bool:
        """Whether the code copes without it."""


@dataclass(frozen=True)
class SourceModule:
    """A package or module that is copied into site-packages from where its sources are."""

    name: str
    path: str
    distribution: str = ""


@dataclass(frozen=True)
class Selection:
    """What goes into the image besides the interpreter, and what was imported but is not there.

    ``standard`` are the imported modules of the standard library; ``modules`` all imported names.
    """

    distributions: tuple[Distribution, ...]
    sources: tuple[SourceModule, ...] = ()
    local: tuple[LocalFile, ...] = ()
    standard: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()
    missing: tuple[Wanted, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def select(
    imports: Iterable[Imported],
    facts: Facts,
    host: Host,
    *,
    folder: str | None = None,
    sources: Iterable[str] = (),
    live: Iterable[str] = (),
) -> Selection:
    """Return what the notebook needs: distributions with all they require, and local code.

    ``folder`` is the notebook's folder, ``sources`` its code cells, which show what is loaded by
    name, and ``live`` the modules that its running kernel has imported. IPython, which runs the
    notebook in the image, is always there; a kernel without it raises InvalidInput.
    """
    if RUNTIME not in facts.by_key:
        raise InvalidInput(
            "The kernel's Python has no IPython, and the image needs it to run the notebook.",
            field="kernel",
            advice="Install ipykernel into the kernel's environment, or choose another kernel.",
        )
    sources = tuple(sources)
    asked = [Wanted(i.module, i.optional, getattr(i, "needed_by", "")) for i in imports]
    local = find_local_modules(asked, folder, facts, host, sources)
    chosen = _Chosen(facts)
    chosen.require(RUNTIME)
    for wanted in local.wanted:
        chosen.add(wanted)
    chosen.add_live(live)
    chosen.add_by_name(words_in([*sources, *_texts(local.files, host)]))
    return Selection(
        tuple(sorted(chosen.distributions.values(), key=lambda d: d.key)),
        tuple(chosen.sources[name] for name in sorted(chosen.sources)),
        local.files,
        frozenset(chosen.standard),
        frozenset(wanted.module for wanted in local.wanted),
        tuple(chosen.missing.values()),
        local.left_out,
    )


def _texts(files: Iterable[LocalFile], host: Host) -> Iterable[str]:
    for file in files:
        if file.path.endswith(".py"):
            yield (host.read(file.source) or b"").decode("utf-8", "replace")


class _Chosen:
    """The growing answer; distributions come in with everything they require."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.distributions: dict[str, Distribution] = {}
        self.sources: dict[str, SourceModule] = {}
        self.standard: set[str] = set()
        self.missing: dict[str, Wanted] = {}
        self._extras: dict[str, frozenset[str]] = {}

    def add(self, wanted: Wanted) -> None:
        """Take what provides an imported module, or note that nothing does."""
        facts, top = self.facts, wanted.module.partition(".")[0]
        if facts.is_standard(top):
            self.standard.add(wanted.module)
            return
        providers = facts.providers(wanted.module)
        for distribution in providers:
            self.require(distribution.key)
        if providers:
            return
        if top in facts.modules and not facts.missing(wanted.module):
            self.sources.setdefault(top, SourceModule(top, facts.modules[top]))
        elif not wanted.optional:
            self.missing.setdefault(wanted.module, wanted)

    def require(self, key: str, extras: frozenset[str] = frozenset()) -> None:
        """Take a distribution, if it is installed, and in turn what it requires."""
        pending = [(key, extras)]
        while pending:
            key, extras = pending.pop()
            distribution = self.facts.by_key.get(key)
            known = self._extras.get(key)
            if distribution is None or (known is not None and extras <= known):
                continue
            self._extras[key] = extras = extras | (known or frozenset())
            self.distributions[key] = distribution
            for name, path in distribution.sources.items():
                self.sources[name] = SourceModule(name, path, distribution.key)
            pending.extend(
                (name, asked)
                for name, asked in required_by(distribution, extras, self.facts.markers)
                if (key, name) not in _ONLY_TYPING
            )

    def add_live(self, modules: Iterable[str]) -> None:
        """Take what the running kernel has imported, apart from what any idle kernel has."""
        modules = tuple(modules)
        if not modules:
            return
        idle = _Chosen(self.facts)
        idle.require(_KERNEL)
        for module in sorted({module.partition(".")[0] for module in modules}):
            if self.facts.is_standard(module) or module.startswith(("_", "sitecustomize")):
                continue
            for distribution in self.facts.by_root.get(module, ()):
                if distribution.key not in idle.distributions:
                    self.require(distribution.key)

    def add_by_name(self, words: frozenset[str]) -> None:
        """Take what the chosen distributions load by name, until nothing new comes."""
        done: set[str] = set()
        while pending := sorted(set(self.distributions) - done):
            done.update(pending)
            for key in pending:
                for needed in needed_by_name(key, words):
                    self.require(needed)
