"""Running an image of the store on this machine, from its verified blobs to what came out."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.sandbox import results
from jupyter_modelpack.adapters.sandbox.container import Container, Launcher, Root
from jupyter_modelpack.adapters.sandbox.isolation import launcher_for
from jupyter_modelpack.adapters.sandbox.joining import remove
from jupyter_modelpack.adapters.sandbox.launched import PlainProcess
from jupyter_modelpack.adapters.sandbox.outcome import result_of
from jupyter_modelpack.adapters.sandbox.request import RunRequest, RunResult
from jupyter_modelpack.adapters.sandbox.rootfs import RootfsCache
from jupyter_modelpack.adapters.sandbox.supervisor import Supervisor
from jupyter_modelpack.errors import Aborted, InvalidInput, StoreError
from jupyter_modelpack.oci.archive import export_docker_archive
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.oci.image import Image, read_image
from jupyter_modelpack.oci.layout import Layout


def _nothing(_: object) -> None:
    return None


def _never() -> bool:
    return False


def run_image(
    layout: Layout,
    digest: Digest,
    request: RunRequest,
    *,
    on_event: Callable[[Mapping[str, Any]], None] = _nothing,
    on_log: Callable[[str], None] = _nothing,
    cancelled: Callable[[], bool] = _never,
    isolation: str = "auto",
    cache_dir: Path | None = None,
) -> RunResult:
    """Run an image and return what happened, also when the notebook fails or is stopped.

    ``isolation`` is a level's name or ``auto``; unpacked files are kept in ``cache_dir`` (default:
    ``cache/rootfs`` beside the store). Raises NotFound for an image that is not there, StoreError
    for a damaged one, InvalidInput for a request that makes no sense, and BackendUnavailable for an
    isolation that does not work here.
    """
    launcher = launcher_for(isolation)
    image = read_image(layout, digest)
    cache = RootfsCache(cache_dir or layout.path.parent / "cache" / "rootfs")
    try:
        with cache.root(layout, image, cancelled) as root:
            result = _run(
                layout,
                image,
                request,
                launcher,
                cache,
                root,
                Supervisor(on_event, on_log, cancelled),
            )
    except Aborted:
        result = RunResult("Aborted", 143, launcher.isolation, 0.0)
    cache.collect()
    return result


def _run(
    layout: Layout,
    image: Image,
    request: RunRequest,
    launcher: Launcher,
    cache: RootfsCache,
    root: Root,
    supervisor: Supervisor,
) -> RunResult:
    command, env = _configured(layout, image)
    _check_settings(request.settings, env)
    work = request.work_dir.resolve()
    work.mkdir(parents=True, exist_ok=True)
    results.place_result(work, "parameters.json", json.dumps(dict(request.parameters)).encode())
    before = results.snapshot(work)
    inputs = {path: Path(source).resolve() for path, source in request.inputs.items()}
    points = _make_points(work, inputs, linked=isinstance(launcher, PlainProcess))
    tmp = cache.scratch()
    tmp.chmod(0o1777)
    container = Container(
        root,
        (*command, *_arguments(request)),
        {**env, **request.settings},
        work,
        tmp,
        f"modelpack-{uuid.uuid4().hex[:12]}",
        inputs,
        request.network,
        request.memory_limit,
        frozenset(request.settings),
        image.config.digest,
        partial(_archive, layout, image.digest),
    )
    try:
        ended = supervisor.run(launcher, container, request.time_limit)
    finally:
        for point in reversed(points):
            _remove_point(point)
        remove(tmp)
    isolation = launcher.isolation
    if request.network:
        isolation = isolation.with_network()
    packaged = root.host_path("/app/files")
    made = results.outputs(work, before, packaged.joinpath, inputs)
    return result_of(work, ended, isolation, made, request.memory_limit)


def _configured(layout: Layout, image: Image) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command and environment in the image's configuration."""
    try:
        config = json.loads(layout.read(image.config))["config"]
        command = tuple(map(str, config["Entrypoint"]))
        pairs = (str(entry).partition("=") for entry in config.get("Env") or ())
        env = {name: value for name, _, value in pairs}
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(
            f"The image {image.digest.short} does not say how it is started.",
            advice="Package the notebook again.",
        ) from error
    if not command or not command[0].startswith("/"):
        raise StoreError(f"The image {image.digest.short} has no command of its own.")
    return command, env


def _check_settings(settings: Mapping[str, str], env: Mapping[str, str]) -> None:
    for name in settings:
        if name in env or name.startswith(("LD_", "PYTHON")):
            raise InvalidInput(
                f"The setting {name} would change how the image works.",
                field="settings",
                advice="Only settings that the notebook reads can be given.",
            )


def _arguments(request: RunRequest) -> list[str]:
    words = ["run", "--parameters", f"@{results.FOLDER}/parameters.json"]
    if request.time_limit is not None:
        words += ["--time-limit", str(request.time_limit)]
    if request.memory_limit is not None:
        words += ["--memory-limit", str(request.memory_limit)]
    return words


def _make_points(work: Path, inputs: Mapping[str, Path], *, linked: bool) -> list[Path]:
    """Make what the inputs are mounted on, or links to them, and return what was made."""
    made: list[Path] = []
    for path, source in inputs.items():
        point = work
        for part in Path(path).parts[:-1]:
            point = point / part
            if point.is_symlink():
                raise InvalidInput(f"{path} leads out of the work directory.", field="inputs")
            if not point.exists():
                point.mkdir()
                made.append(point)
        point = work / path
        if point.is_symlink() or point.exists():
            raise InvalidInput(f"There is {path} in the work directory already.", field="inputs")
        if linked:
            point.symlink_to(source)
        elif source.is_dir():
            point.mkdir()
        else:
            point.touch()
        made.append(point)
    return made


def _remove_point(point: Path) -> None:
    try:
        if point.is_symlink() or (point.is_file() and point.stat().st_size == 0):
            point.unlink()
        elif point.is_dir():
            point.rmdir()
    except OSError:
        return  # the run has put something there, which is an output like any other


def _archive(layout: Layout, digest: Digest, out: Any) -> None:
    export_docker_archive(layout, digest, f"modelpack-{digest.short}:run", out)
