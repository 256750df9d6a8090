"""The server extension: configuration becomes plain objects, and routes are added.

Nothing heavy is imported here: the services are wired when the first request needs them.
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from traitlets import Bool, Unicode, default

from jupyter_modelpack.adapters.contents import ContentsPaths
from jupyter_modelpack.adapters.events import ProgressEvents
from jupyter_modelpack.adapters.identity import jupyter_user
from jupyter_modelpack.adapters.live_kernel import LiveKernels
from jupyter_modelpack.configuration import ClusterTraits, PlaceTraits, TeamTraits
from jupyter_modelpack.handlers.routes import ROUTES

if TYPE_CHECKING:
    from jupyter_modelpack.wiring import Wiring

_RESUME_SECONDS = 2.0


class ModelPack(PlaceTraits, TeamTraits, ClusterTraits, ExtensionApp):
    """Packages notebooks as sealed images that have run."""

    name = "jupyter_modelpack"
    load_other_extensions = True

    data_dir = Unicode(help="Where images and records are kept.").tag(config=True)
    ask_kernel = Bool(
        True, help="Ask the running kernel of a notebook, when it is idle, what it has imported."
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        from jupyter_core.paths import jupyter_data_dir

        return str(Path(jupyter_data_dir()) / "modelpack")

    def initialize_settings(self) -> None:
        """Make what the handlers are given."""
        assert self.serverapp is not None
        assert self.serverapp.event_logger is not None
        contents = self.serverapp.contents_manager
        self._paths = ContentsPaths(
            getattr(contents, "root_dir", "") or self.serverapp.root_dir,
            hidden=bool(contents.allow_hidden),
        )
        self._events = ProgressEvents(self.serverapp.event_logger)
        self._executor = ThreadPoolExecutor(8, "modelpack")
        self._live = LiveKernels(self.serverapp.session_manager, self.serverapp.kernel_manager)
        self._services = LazyServices(self)
        if self.service_url:  # what JupyterLab is told, so that it need not ask to know
            pages = self.serverapp.web_app.settings.setdefault("page_config_data", {})
            pages["modelpackTeam"] = "true"
        self.settings["modelpack_frame_ancestors"] = self.frame_ancestors
        loop: Any = self.serverapp.io_loop
        self._events.attach(loop.asyncio_loop)
        # What an earlier server left is taken up a moment after the start, not during it.
        self._resuming = loop.call_later(
            _RESUME_SECONDS, lambda: self._executor.submit(self._services.resume)
        )

    def initialize_handlers(self) -> None:
        """Add the routes."""
        wired = {
            "services": self._services,
            "paths": self._paths,
            "executor": self._executor,
            "live_modules": self._live_modules,
            "actor": jupyter_user,
        }
        self.handlers.extend(
            (rf"/jupyter-modelpack/{route}", handler, wired) for route, handler in ROUTES
        )

    async def _live_modules(self, path: str) -> tuple[str, ...]:
        return await self._live.modules(path) if self.ask_kernel else ()

    async def stop_extension(self) -> None:
        """End the processes; builds wait for the next server."""
        if not hasattr(self, "_resuming"):
            return  # it was never initialized
        assert self.serverapp is not None
        self.serverapp.io_loop.remove_timeout(self._resuming)
        await asyncio.get_running_loop().run_in_executor(self._executor, self._services.close)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def make_wiring(self) -> Wiring:
        """Return the services of this configuration."""
        from jupyter_modelpack.wiring import Wanted, Wiring

        data_dir = Path(self.data_dir).expanduser().absolute()
        wanted = Wanted(data_dir, self.plain_settings(), self.workshop, self.max_workers)
        return Wiring(wanted, self._events, self.log)


class LazyServices:
    """The wiring, made by the first thread that needs it."""

    def __init__(self, app: ModelPack) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._wiring: Wiring | None = None

    def __getattr__(self, name: str) -> Any:
        with self._lock:
            if self._wiring is None:
                self._wiring = self._app.make_wiring()
        return getattr(self._wiring, name)

    def resume(self) -> None:
        """Take up what an earlier server left, if it left anything."""
        app = self._app
        file = Path(app.data_dir).expanduser() / "ledger.sqlite"
        if app.database_url or app.database_url_file or file.exists():
            self.__getattr__("resume")()

    def close(self) -> None:
        """End the processes, if there are any."""
        with self._lock:
            wiring = self._wiring
        if wiring is not None:
            wiring.close()
