"""What can be wrong with the tags of a pipeline, as findings that name the cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from jupyter_modelpack.notebook.cell import Cell
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.notebook.kale import KaleTags, StepOptions
from jupyter_modelpack.notebook.kale_metadata import PipelineSettings

CODE = "pipeline-tag"
_CPU = re.compile(r"(\d+(\.\d+)?|\d+m)")
_MEMORY = re.compile(r"\d+([EPTGM]i?|Ki|k)?")
_COUNT = re.compile(r"[1-9]\d{0,3}")


def find_tags(tagged: Iterable[tuple[Cell, KaleTags]]) -> Iterator[Finding]:
    """Yield what one cell's own tags have wrong."""
    for cell, tags in tagged:
        for tag in tags.wrong:
            yield _wrong(
                cell.number,
                f"{tag!r} looks like a tag for pipelines, but is not written as one.",
                "Names of steps are lower-case letters, digits and _, and begin with no digit.",
            )
        if len(tags.names) > 1:
            yield _wrong(
                cell.number,
                f"One cell cannot be in two steps, {' and '.join(tags.names)}.",
                "Leave one step: tag, or split the cell.",
            )
        if tags.orphans:
            yield _wrong(
                cell.number,
                f"{', '.join(tags.orphans)} has no step: tag beside it.",
                "Add step:NAME to the cell, or take the tag away.",
            )
        if len(tags.notebooks) + bool(tags.names) > 1:
            yield _wrong(
                cell.number,
                "One cell names one notebook, and is not a step as well.",
                "Make a cell of its own for each notebook: tag.",
            )


def find_order(steps: Sequence[tuple[str, int, tuple[str, ...]]]) -> Iterator[Finding]:
    """Yield prev: tags that lead nowhere, to a later step, or in a circle."""
    after = {name: prev for name, _, prev in steps}
    earlier: set[str] = set()
    for name, cell, prev in steps:
        for before in prev:
            if before not in after:
                known = ", ".join(other for other in after if other != name)
                yield _wrong(
                    cell,
                    f"The step {name} comes after {before}, but there is no such step.",
                    f"There is {known}." if known else "",
                )
            elif name in _reached(before, after):
                yield _wrong(
                    cell,
                    f"The step {name} waits for itself, through prev:{before}.",
                    "Take one prev: tag of the circle away.",
                )
            elif before not in earlier:
                yield _wrong(
                    cell,
                    f"The step {name} comes after {before}, which is further down.",
                    f"Move the cells of {before} above cell {cell}.",
                )
        earlier.add(name)
    yield from find_same_names([(name, cell) for name, cell, _ in steps])


def _reached(name: str, after: Mapping[str, tuple[str, ...]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        for before in after.get(waiting.pop(), ()):
            if before not in found:
                found.add(before)
                waiting.append(before)
    return found


def find_same_names(steps: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    """Yield steps, each with its first cell, whose names Kubernetes cannot tell apart."""
    taken: dict[str, str] = {}
    for name, cell in steps:
        plain = re.sub("_+", "-", name).strip("-")
        if plain in taken:
            yield _wrong(
                cell,
                f"The steps {taken[plain]} and {name} would have the same name in Kubernetes.",
                "Give one of them another name.",
            )
        taken.setdefault(plain, name)


def find_held(held: Sequence[int]) -> Iterator[Finding]:
    """Yield cells behind a ``notebook:`` cell that no step of their own follows."""
    if held:
        yield _wrong(
            held[0],
            f"Cell {held[0]} comes after a notebook: cell and belongs to no step.",
            "Tag it with step:NAME.",
        )


def find_limits(cell: int, options: StepOptions) -> Iterator[Finding]:
    """Yield limits that Kubernetes would refuse, and an image that nobody has verified."""
    for resource, value in options.limits.items():
        rule, example = _COUNT, "2"
        if resource == "cpu":
            rule, example = _CPU, "500m or 2"
        elif resource == "memory":
            rule, example = _MEMORY, "512Mi or 2Gi"
        elif "/" not in resource:
            yield Finding(
                CODE,
                "warning",
                f"Kubeflow has no limit for {resource}, so it is left out.",
                cell,
                advice="Limits are for cpu, memory, and devices such as nvidia.com/gpu.",
            )
            continue
        if not rule.fullmatch(value):
            yield _wrong(
                cell,
                f"{value!r} is no limit for {resource}.",
                f"Write limit:{resource}:{example}.",
            )
    if sum("/" in resource for resource in options.limits) > 1:
        yield _wrong(cell, "A step can have one kind of device only.", "Split the step.")
    if options.image:
        yield Finding(
            "pipeline-image",
            "warning",
            f"The step in cell {cell} runs {options.image}, not the packaged image.",
            cell,
            advice="That image has to be built on the packaged one; nothing here has verified it.",
        )


def find_volumes(settings: PipelineSettings) -> Iterator[Finding]:
    """Yield volumes of the metadata that are not made, and two that one variable would tell of."""
    for name in settings.unknown_volumes:
        yield Finding(
            CODE,
            "warning",
            f"The volume {name} in the notebook's settings for Kale is not mounted.",
            advice="Volumes are of the type pvc or new_pvc and have a mount_point.",
        )
    told: dict[str, str] = {}
    for volume in settings.volumes:
        if volume.variable and volume.variable in told:
            yield Finding(
                CODE,
                "blocking",
                f"{volume.variable} would say where two volumes are: {told[volume.variable]}"
                f" and {volume.name}.",
                advice="Rename one of them, or let only one of them have a variable.",
            )
        told.setdefault(volume.variable, volume.name)


def find_volumes_of_part(
    path: str, part: PipelineSettings, main: PipelineSettings
) -> Iterator[Finding]:
    """Yield volumes that only a notebook inside the pipeline has in its settings."""
    for volume in part.volumes:
        if volume not in main.volumes:
            yield Finding(
                CODE,
                "warning",
                f"The volume {volume.name} in the settings of {path} for Kale is not mounted.",
                advice="Put it into the settings of the notebook that names it: those count.",
            )


def _wrong(cell: int, message: str, advice: str) -> Finding:
    return Finding(CODE, "blocking", message, cell, advice=advice)
