"""People on a real JupyterHub: their own JupyterLab as a client of the release service."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser.labserver import BUILT
from tests.hub import PASSWORD, Hub, Service

VIEWPORT = {"width": 1400, "height": 900}


def lab_environment(hub: Hub, name: str, service: Service) -> Mapping[str, str]:
    """Write what a person's JupyterLab is set up with, and return the variables that say where."""
    home = hub.home(name)
    config, settings = home / "config", home / "settings"
    extensions = home / "labextensions"
    config.mkdir(parents=True, exist_ok=True)
    # A copy, so that a build in the meantime does not change what is served.
    shutil.copytree(BUILT, extensions / "jupyter-modelpack", dirs_exist_ok=True)
    (config / "jupyter_server_config.json").write_text(
        json.dumps(
            {
                "ServerApp": {
                    "jpserver_extensions": {"jupyter_modelpack": True, "jupyterlab": True}
                },
                "LabServerApp": {"extra_labextensions_path": [str(extensions)]},
                "LabApp": {"expose_app_in_browser": True},
                "ModelPack": {"service_url": service.url},
            }
        )
    )
    quiet = settings / "@jupyterlab" / "apputils-extension"
    quiet.mkdir(parents=True, exist_ok=True)
    (quiet / "notification.jupyterlab-settings").write_text(
        '{"fetchNews": "false", "checkForUpdates": false}'
    )
    return {
        "JUPYTER_CONFIG_DIR": str(config),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }


@contextmanager
def labs(hub: Hub, service: Service, *names: str) -> Iterator[None]:
    """Run the JupyterLabs of these people, which start side by side."""
    for name in names:
        if name in hub.servers:
            hub.stop_server(name)  # what another test started is set up in another way
    try:
        for name in names:
            hub.begin_server(name, lab_environment(hub, name, service))
        for name in names:
            hub.start_server(name)
        yield
    finally:
        with ThreadPoolExecutor(len(names)) as pool:
            list(pool.map(hub.stop_server, hub.servers.intersection(names)))


@contextmanager
def browser_of(chromium: Any, *, theme: str = "light") -> Iterator[Any]:
    """Yield a page in a browser of somebody's own."""
    context = chromium.new_context(
        viewport=VIEWPORT, locale="en-GB", reduced_motion="reduce", color_scheme=theme
    )
    context.set_default_timeout(60_000)
    page = context.new_page()
    try:
        yield page
    finally:
        context.close()


def log_in(page: Any, name: str) -> None:
    """Fill in the Hub's own form."""
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", PASSWORD)
    page.click("input[type=submit], button[type=submit]")


def shots_folder() -> Path | None:
    """Return where pictures are wanted: the folder that MODELPACK_SHOTS names."""
    named = os.environ.get("MODELPACK_SHOTS")
    return Path(named) if named else None
