"""The native libraries that captured files need, and where each goes in the image."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from jupyter_modelpack.environment.loader import Elf, Loader, Place, expand
from jupyter_modelpack.environment.native_names import NAMED, named_entries
from jupyter_modelpack.oci.tree import Entry, File, Link, Tree

NATIVE_DIRECTORY = "opt/native/lib"
LIBRARY_PATH = ("opt/python/lib", NATIVE_DIRECTORY)
_MERGED = ("lib", "lib32", "lib64", "libx32")


@dataclass(frozen=True)
class ElfFile:
    """A program or shared object that is captured: its path on the host and in the image."""

    host_path: str
    image_path: str


@dataclass(frozen=True, order=True)
class Missing:
    """A library that ``needed_by`` (a path in the image) asks for and that the host lacks too."""

    needed_by: str
    soname: str


@dataclass(frozen=True)
class NativeClosure:
    """Entries to add to the image, what could not be found, and where each host file went."""

    files: tuple[File | Link, ...] = ()
    missing: tuple[Missing, ...] = ()
    placed: Mapping[str, str] = field(default_factory=dict)


def elf_files(trees: Iterable[Tree]) -> tuple[ElfFile, ...]:
    """Return the entries that may be programs or shared objects, by name and permission."""
    return tuple(
        ElfFile(entry.source, entry.path)
        for tree in trees
        for entry in tree.entries
        if isinstance(entry, File) and entry.source and _may_be_elf(entry)
    )


def _may_be_elf(entry: File) -> bool:
    name = posixpath.basename(entry.path)
    if name.endswith(".so") or ".so." in name:
        return True
    return entry.executable and not name.endswith((".pl", ".py", ".sh"))


def native_closure(
    files: Iterable[ElfFile],
    loader: Loader,
    *,
    program: str,
    prefixes: Mapping[str, str] | None = None,
    already: NativeClosure | None = None,
) -> NativeClosure:
    """Return every library that ``files`` need, at a path where the image's loader finds it.

    ``program`` is the interpreter on the host: its DT_RPATH counts for all that it loads.
    ``prefixes`` maps host directories that are captured (``sys.base_prefix``) to their place in
    the image, for libraries below them that are not captured yet. ``already`` is the closure of a
    lower layer: nothing of it is repeated. Files of another architecture are passed over.
    """
    walk = _Walk(loader, program, dict(prefixes or {}), already or NativeClosure())
    for file in sorted(files, key=lambda file: file.image_path):
        walk.capture(file)
    return walk.closure()


class _Walk:
    """One breadth-first walk over what needs what."""

    def __init__(
        self, loader: Loader, program: str, prefixes: dict[str, str], already: NativeClosure
    ) -> None:
        self._loader = loader
        self._prefixes = sorted(
            ((posixpath.normpath(h), i) for h, i in prefixes.items()), key=lambda p: -len(p[0])
        )
        self._already = {entry.path for entry in already.files}
        self._placed = dict(already.placed)
        self._entries: dict[str, File | Link] = {}
        self._missing: set[Missing] = set()
        self._seeds: list[tuple[str, str, Elf]] = []
        self._program = loader.machine.real(program) or program
        self._default = {_merged(path.lstrip("/")) for path in loader.directories}

    def capture(self, file: ElfFile) -> None:
        """Note a file that is in the image already; its needs are followed later."""
        real = self._loader.machine.real(file.host_path)
        elf = self._loader.machine.elf(real) if real else None
        if real is None or elf is None or elf.kind != self._loader.kind:
            return
        self._placed.setdefault(real, file.image_path)
        self._seeds.append((file.host_path, file.image_path, elf))

    def closure(self) -> NativeClosure:
        """Follow all needs and return what they come to."""
        inherited = self._program_rpath()
        queue = [(host, image, elf, inherited) for host, image, elf in self._seeds]
        seen: set[tuple[str, tuple[Place, ...]]] = set()
        for host, image, elf, above in queue:
            if (image, above) in seen:
                continue
            seen.add((image, above))
            if elf.interpreter:
                queue += self._start(elf)
            own = () if elf.runpath else expand(elf.rpath, host, image)
            before = () if elf.runpath else tuple(dict.fromkeys(own + above))
            after = expand(elf.runpath, host, image)
            for name in elf.needed:
                found = self._loader.find(name, before, after)
                if found is None:
                    self._missing.add(Missing(image, name))
                    continue
                target = self._place(found, name, before + after)
                found_elf = self._loader.machine.elf(found)
                if found_elf is not None:
                    down = tuple(dict.fromkeys(own + above))
                    queue.append((found, target, found_elf, down))
        for entry in named_entries(self._loader.machine, self._placed):
            self._add(entry)
        self._add_merge_links()
        entries = tuple(self._entries[path] for path in sorted(self._entries))
        return NativeClosure(entries, self._really_missing(), self._placed)

    def _really_missing(self) -> tuple[Missing, ...]:
        """Leave out what is in the image all the same: its own package loads it by its path."""
        provided = {elf.soname for _, _, elf in self._seeds}
        provided |= {posixpath.basename(path) for path in (*self._placed.values(), *self._entries)}
        return tuple(
            sorted(m for m in self._missing if posixpath.basename(m.soname) not in provided)
        )

    def _program_rpath(self) -> tuple[Place, ...]:
        elf = self._loader.machine.elf(self._program)
        if elf is None or elf.runpath:
            return ()
        return expand(elf.rpath, self._program, self._placed.get(self._program, self._program))

    def _start(self, elf: Elf) -> list[tuple[str, str, Elf, tuple[Place, ...]]]:
        """Add a program's loader where the kernel looks for it, and what libc loads by name."""
        out: list[tuple[str, str, Elf, tuple[Place, ...]]] = []
        real = self._loader.accepts(elf.interpreter)
        if real is not None:
            wanted = _merged(elf.interpreter.lstrip("/"))
            image = self._place(real, posixpath.basename(wanted), (), executable=True)
            self._link(wanted, image)
        for name in NAMED:
            found = self._loader.find(name, (), ())
            found_elf = self._loader.machine.elf(found) if found else None
            if found is not None and found_elf is not None:
                out.append((found, self._place(found, name, ()), found_elf, ()))
        return out

    def _place(
        self, real: str, name: str, searched: tuple[Place, ...], *, executable: bool = False
    ) -> str:
        """Return where ``real`` is in the image, and make sure that ``name`` is found there."""
        image = self._placed.get(real)
        if image is None:
            image = self._placed[real] = self._image_path(real)
            self._add(File(image, source=real, executable=executable))
        name = posixpath.basename(name)
        directory, base = posixpath.split(image)
        reachable = {_merged(place.image.lstrip("/")) for place in searched}
        reachable |= self._default | set(LIBRARY_PATH)
        if directory in reachable and base == name:
            return image
        if directory in self._default or directory in LIBRARY_PATH:
            self._link(f"{directory}/{name}", image)
        else:
            self._link(f"{NATIVE_DIRECTORY}/{name}", image)
        return image

    def _image_path(self, real: str) -> str:
        path = _merged(real.lstrip("/"))
        if posixpath.dirname(path) in self._default:
            return path
        for host, image in self._prefixes:
            if host not in ("/", "/usr") and real.startswith(host + "/"):
                return f"{image}/{real[len(host) + 1 :]}"
        return f"{NATIVE_DIRECTORY}/{posixpath.basename(real)}"

    def _link(self, path: str, target: str) -> None:
        if path != target:
            self._add(Link(path, posixpath.relpath(target, posixpath.dirname(path))))

    def _add(self, entry: Entry) -> None:
        if isinstance(entry, (File, Link)) and entry.path not in self._already:
            self._entries.setdefault(entry.path, entry)

    def _add_merge_links(self) -> None:
        """Make /lib and /lib64 lead to their place under /usr, as on a merged system."""
        for top in _MERGED:
            if any(path.startswith(f"usr/{top}/") for path in self._entries):
                self._add(Link(top, f"usr/{top}"))


def _merged(path: str) -> str:
    return f"usr/{path}" if path.split("/", 1)[0] in _MERGED else path
