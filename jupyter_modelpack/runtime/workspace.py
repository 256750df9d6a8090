"""The work directory of a run: the packaged files, where the notebook looks for them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Dict, Iterable, Tuple

from .refusal import Refusal

COPY_LIMIT = 16 * 1024 * 1024


def populate(files: Path, work: Path, inputs: Iterable[str] = ()) -> Dict[str, str]:
    """Lay ``files`` out in ``work``: directories made, files copied, those over 16 MiB linked.

    What is there already stays, because a run may be given its own data. Returns the links made,
    path -> target. Raises Refusal when a named external input is in neither place.
    """
    links = {}
    for source, target in _pairs(files, work):
        if source.is_dir() and not source.is_symlink():
            target.mkdir(exist_ok=True)
        elif os.path.lexists(str(target)):
            continue
        elif source.is_symlink():
            os.symlink(os.readlink(str(source)), str(target))
        elif source.stat().st_size > COPY_LIMIT:
            os.symlink(str(source), str(target))
            links[str(target)] = str(source)
        else:
            shutil.copyfile(str(source), str(target))
            shutil.copystat(str(source), str(target))
            target.chmod(0o644 | (source.stat().st_mode & 0o111))
    missing = [name for name in inputs if not (work / name).exists()]
    if missing:
        raise Refusal(
            "{} is not part of the image, because it is large. "
            "Give the run the file to use.".format(", ".join(missing))
        )
    return links


def _pairs(files: Path, work: Path) -> Iterable[Tuple[Path, Path]]:
    for folder, names, leaves in os.walk(str(files)):
        here = Path(folder)
        there = work / here.relative_to(files)
        for name in sorted(names) + sorted(leaves):
            yield here / name, there / name
