"""References: the cells of a pipeline that name another notebook, and what can be wrong there.

Source: ``notebook:NAME`` and the cell metadata ``notebook_path`` of Kale 2.3.0, one level deep.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.notebook.files import Files
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.graph_findings import CODE
from jupyter_modelpack.notebook.kale import read_tags
from jupyter_modelpack.notebook.paths import is_absolute, normal
from jupyter_modelpack.notebook.rules.context import shown
from jupyter_modelpack.notebook.snapshot import Snapshot, with_parts
from jupyter_modelpack.notebook.tags import has_tag
from jupyter_modelpack.oci.digest import Digest

MOST = 50


@dataclass(frozen=True)
class Reference:
    """A cell that names a notebook: ``name`` begins its steps' names, ``path`` is as written."""

    name: str
    path: str
    cell: int


def read_references(snapshot: Snapshot) -> tuple[Reference, ...]:
    """Return the references of a notebook in order, one for each cell that has one."""
    found: list[Reference] = []
    for cell in snapshot.cells:
        tags = read_tags(cell.tags) if cell.kind == "code" else None
        if tags is not None and tags.role is None and tags.notebooks:
            path = cell.metadata.get("notebook_path")
            found.append(
                Reference(tags.notebooks[0], path if isinstance(path, str) else "", cell.number)
            )
    return tuple(found)


def with_references(snapshot: Snapshot, files: Files, read: Callable[[str], Snapshot]) -> Snapshot:
    """Return a snapshot with the notebooks that it names, each read once by its plain path."""
    references = read_references(snapshot)
    if not references or snapshot.parts:
        return snapshot  # a packaged notebook holds its parts itself
    parts: list[tuple[str, Snapshot]] = []
    wrong: list[Finding] = []
    for reference in references[:MOST]:
        part = _part(snapshot, reference, files, read)
        if isinstance(part, Finding):
            wrong.append(part)
        else:
            parts.append((reference.name, part))
    if len(references) > MOST:
        cell = references[MOST].cell
        wrong.append(_wrong(cell, f"A pipeline can name {MOST} notebooks.", "Join some of them."))
    # what a notebook is, is also what its parts are: another part is another notebook
    digests = "".join(str(each.digest) for each in (snapshot, *(part for _, part in parts)))
    composed = replace(with_parts(snapshot, parts), unread=tuple(wrong))
    return replace(composed, digest=Digest.of(digests.encode()))


def find_references(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield what is wrong with the cells that name notebooks."""
    yield from snapshot.unread
    told = {finding.cell for finding in snapshot.unread}
    there = {part.name for part in snapshot.parts}
    seen: set[str] = set()
    for reference in read_references(snapshot):
        cell = snapshot.cells[reference.cell - 1]
        if any(
            line.strip() and not line.strip().startswith("#") for line in cell.source.splitlines()
        ):
            yield _wrong(
                reference.cell,
                "This cell names a notebook and also has code, which would not run.",
                "Move the code to a cell of its own, tagged step:NAME.",
            )
        if reference.name in seen:
            yield _wrong(
                reference.cell,
                f"Two notebooks in the pipeline are called {reference.name}.",
                "Give each notebook: tag a name of its own.",
            )
        elif reference.name not in there and reference.cell not in told:
            yield _wrong(
                reference.cell,
                f"The notebook {reference.name} was not read.",
                "Package the notebook from its folder, with the other one beside it.",
            )
        seen.add(reference.name)
    for part in snapshot.parts:
        yield from _of_part(snapshot, part.path, part.snapshot)


def is_python(part: Snapshot) -> bool:
    """Tell whether a notebook's code is Python, as far as it says so itself."""
    return part.language in (None, "python", "ipython", "python3")


def _of_part(snapshot: Snapshot, path: str, part: Snapshot) -> Iterator[Finding]:
    number = next((r.cell for r in read_references(snapshot) if normal(r.path) == path), None)
    if part.kernel_name and snapshot.kernel_name and part.kernel_name != snapshot.kernel_name:
        yield Finding(
            CODE,
            "warning",
            f"{shown(path)} is written for the kernel {part.kernel_display_name}; here it runs in"
            f" {snapshot.kernel_display_name}.",
            number,
            advice="Choose the same kernel for both, so that you try what the package runs.",
        )
    if not any(cell.is_code and not has_tag(cell, "skip") for cell in part.cells):
        yield _wrong(number, f"{shown(path)} has no code that runs.", "Take the cell out.")
    if not is_python(part):
        yield _wrong(
            number,
            f"{shown(path)} is written in {str(part.language)[:40]}, and only Python can be"
            " packaged.",
            "Choose a Python kernel there if its code is Python.",
        )


def _part(
    snapshot: Snapshot, reference: Reference, files: Files, read: Callable[[str], Snapshot]
) -> Snapshot | Finding:
    """Return the notebook that a cell names, or why it cannot be read."""
    cell, written = reference.cell, shown(reference.path)
    path = normal(reference.path)
    if not reference.name:
        return _wrong(cell, "The notebook: tag has no name.", "Write notebook:NAME.")
    if not reference.path:
        return _wrong(
            cell,
            f"The cell names the notebook {reference.name}, but not its file.",
            "Set notebook_path in the cell's metadata, such as ./train.ipynb.",
        )
    if path is None:
        where = "as an absolute path" if is_absolute(reference.path) else "outside of this folder"
        return _wrong(
            cell,
            f"The notebook {written} is named {where}, so it cannot be packaged with this one.",
            "Put it beside this notebook and write its name alone.",
        )
    if "/" in path:
        return _wrong(
            cell,
            f"The notebook {written} is in another folder, where its files have other names.",
            "Put it beside this notebook, so that both read their files in the same way.",
        )
    if path == snapshot.path.rpartition("/")[2]:
        return _wrong(
            cell,
            "The notebook names itself as a part of its pipeline.",
            "Take the cell out, or name another notebook.",
        )
    fact = files.stat(path)
    if fact is None or fact.is_dir:
        leads = path in files.list("")
        what = "leads out of this folder" if leads else "is not there"
        return _wrong(
            cell,
            f"The notebook {written} {'is a folder' if fact else what}.",
            "Put the notebook itself beside this one, or correct notebook_path.",
        )
    return _read(snapshot, reference, path, read)


def _read(
    snapshot: Snapshot, reference: Reference, path: str, read: Callable[[str], Snapshot]
) -> Snapshot | Finding:
    try:
        part = replace(read(path), path=path)
    except ModelPackError as error:
        why = f"{shown(path)} cannot be a part of the pipeline: {error.message}"
        return _wrong(reference.cell, why, error.advice)
    deeper = read_references(part)
    if deeper:
        back = any(normal(r.path) == snapshot.path.rpartition("/")[2] for r in deeper)
        return _wrong(
            reference.cell,
            f"{shown(path)} names {'this notebook' if back else 'a notebook'} in its cell"
            f" {deeper[0].cell}, so the pipeline {'would not end' if back else 'has two levels'}.",
            "Name every notebook in this one.",
        )
    return part


def _wrong(cell: int | None, message: str, advice: str) -> Finding:
    return Finding(CODE, "blocking", message, cell, advice=advice)
