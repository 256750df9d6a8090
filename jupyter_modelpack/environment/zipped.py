"""A zipped standard library, as embedded Pythons have it."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Iterator

from jupyter_modelpack.environment.facts import Facts
from jupyter_modelpack.environment.host import Host


def zipped_library(facts: Facts, host: Host) -> Iterator[tuple[str, bytes]]:
    """Yield the paths and contents in the zip file on the path, if there is one."""
    archive = f"python{facts.version.replace('.', '')}.zip"
    for place in facts.sys_path:
        if posixpath.basename(place) != archive or (data := host.read(place)) is None:
            continue
        with zipfile.ZipFile(io.BytesIO(data)) as zipped:
            for name in sorted(zipped.namelist()):
                if not name.endswith("/") and "__pycache__" not in name:
                    yield name, zipped.read(name)
