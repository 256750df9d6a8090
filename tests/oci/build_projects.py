"""A program: builds three fixed projects below the directory that it is given, prints digests.

It is run by row B2 with other Pythons, clocks, places and settings. Arguments: the directory, the
compression, and a number that decides in which order files are made and listed.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path

from jupyter_modelpack.oci.config import ImageConfig
from jupyter_modelpack.oci.image import write_image
from jupyter_modelpack.oci.layer import write_layers
from jupyter_modelpack.oci.layout import Layout
from jupyter_modelpack.oci.tree import Directory, Entry, File, Link, Tree

PROJECTS: dict[str, dict[str, bytes]] = {
    "small": {"app/files/churn.ipynb": b"{}", "app/modelpack.json": b'{"schema":1}'},
    "names": {
        "app/größe.txt": b"1",
        "app/" + "long/" * 40 + "name.py": b"x = 1\n",
        "app/a b": b"",
        "app/a-b": b"\0" * 513,
        "app/a/b": b"2",
    },
    "large": {f"lib/m{n:03}.py": b"x = %d\n" % n * (n * 37) for n in range(200)},
}


def digests(root: Path, compression: str, order: int) -> dict[str, list[str]]:
    chance = random.Random(order)
    found = {}
    for name, files in PROJECTS.items():
        paths = list(files)
        chance.shuffle(paths)
        link = Link("app/link", "../lib")
        entries: list[Entry] = [link, Directory("work", 0o1777)]
        for path in paths:
            source = root / name / os.fsdecode(path.encode())  # whatever the locale is
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_bytes(files[path])
            entries.append(File(path, source=str(source), executable=path.endswith("b")))
        chance.shuffle(entries)
        layout = Layout(root / "store" / name)
        trees = [Tree("one", "code", tuple(entries)), Tree("two", "data", (link,))]
        layers = write_layers(trees, layout, compression=compression)
        config = ImageConfig(
            entrypoint=("/opt/python/bin/python3.11", "/opt/modelpack"),
            cmd=("run",),
            env={"PATH": "/opt/python/bin", "HOME": "/work"},
            architecture="amd64",
        )
        image = write_image(layers, config, layout, {"title": name})
        found[name] = [image.digest, *(layer.diff_id for layer in layers)]
    return {name: [str(each) for each in several] for name, several in found.items()}


if __name__ == "__main__":
    print(json.dumps(digests(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))))
