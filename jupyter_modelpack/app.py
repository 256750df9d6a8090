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
from traitlets import Bool, CaselessStrEnum, Float, Int, Unicode, default, validate

from jupyter_modelpack.adapters.contents import ContentsPaths
from jupyter_modelpack.adapters.events import ProgressEvents
from jupyter_modelpack.adapters.identity import jupyter_user
from jupyter_modelpack.adapters.live_kernel import LiveKernels
from jupyter_modelpack.handlers.routes import ROUTES

if TYPE_CHECKING:
    from jupyter_modelpack.wiring import Wiring

_RESUME_SECONDS = 2.0


class ModelPack(ExtensionApp):
    """Packages notebooks as sealed images that have run."""

    name = "jupyter_modelpack"
    load_other_extensions = True

    data_dir = Unicode(help="Where images and records are kept.").tag(config=True)
    verify_seconds = Float(120.0, help="How long a verify run may take, in seconds.").tag(
        config=True
    )
    file_bytes = Int(
        512 << 20, help="The largest file beside a notebook that is packaged with it, in bytes."
    ).tag(config=True)
    memory_limit = Int(
        None, allow_none=True, help="The memory that a run may have, in bytes; none: no limit."
    ).tag(config=True)
    isolation = CaselessStrEnum(
        ["auto", "podman", "docker", "bubblewrap", "namespaces", "process"],
        "auto",
        help="How runs are kept apart from this machine.",
    ).tag(config=True)
    signing_key = Unicode(
        help="A file with an Ed25519 private key (PEM) that signs packages; none: one of our own."
    ).tag(config=True)
    registry = Unicode(
        help="Where packages are published: HOST/PATH, to which /{name} is added when {name}, the"
        " package's name, is not in it; none: nowhere."
    ).tag(config=True)
    registry_ca = Unicode(
        help="A file with the CA of the registry (PEM), beside the usual ones."
    ).tag(config=True)
    registry_insecure = Bool(
        False, help="Allow plain HTTP to the registry; this machine itself always is."
    ).tag(config=True)
    registry_auth_file = Unicode(
        help="A config.json of Docker or a pull secret of Kubernetes with credentials for the"
        " registry; none: where Docker and podman keep theirs."
    ).tag(config=True)
    registry_username = Unicode(help="The username at the registry.").tag(config=True)
    registry_password_file = Unicode(
        help="A file with the password or token that belongs to registry_username."
    ).tag(config=True)
    deployer = Unicode(
        "record",
        help="What brings a release into an environment: record (only the pointer moves), folder,"
        " kubernetes, or the name of an installed one.",
    ).tag(config=True)
    deploy_folder = Unicode(
        help="Where the deployer folder writes; none: environments/ in the data directory."
    ).tag(config=True)
    service_url = Unicode(
        help="The team's release service, such as https://releases.example.org/; none: releases are"
        " kept on this machine."
    ).tag(config=True)
    service_token_file = Unicode(
        help="A file with the token for the release service; none: the variable"
        " JUPYTERHUB_API_TOKEN."
    ).tag(config=True)
    service_ca = Unicode(
        help="A file with the certificates (PEM) that the release service is trusted by."
    ).tag(config=True)
    service_allow_http = Bool(
        False, help="Send the token in the clear, inside a network that is trusted."
    ).tag(config=True)
    database_url = Unicode(
        help="The database, such as postgresql://modelpack@db/modelpack; the password comes from"
        " PGPASSFILE or PGPASSWORD. None: a file in the data directory."
    ).tag(config=True)
    database_url_file = Unicode(
        help="A file, such as a mounted secret, with the address of the database in it."
    ).tag(config=True)
    kubeflow_url = Unicode(
        help="The address of Kubeflow Pipelines, such as https://kubeflow.example.org/pipeline."
    ).tag(config=True)
    kubeflow_namespace = Unicode(
        help="The profile's namespace at Kubeflow; none: the pod's own, where this is one."
    ).tag(config=True)
    kubeflow_experiment = Unicode(
        help="The experiment that runs go to; none: one for each package."
    ).tag(config=True)
    kubeflow_token_file = Unicode(
        help="A file with a token for Kubeflow; none: the one that Kubeflow puts into pods."
    ).tag(config=True)
    kubeflow_cookie_file = Unicode(
        help="A file with the cookie of a login at Kubeflow, such as authservice_session=..."
    ).tag(config=True)
    kubeflow_user = Unicode(
        help="Who we are, in the header kubeflow-userid, where a proxy is trusted to be asked."
    ).tag(config=True)
    kubeflow_timezone = Unicode(
        help="The timezone that Kubeflow runs schedules in (CRON_SCHEDULE_TIMEZONE); none: UTC."
    ).tag(config=True)
    kubernetes_kubeconfig = Unicode(
        help="A kubeconfig for runs on a cluster; none: the pod's identity, or kubectl's default."
    ).tag(config=True)
    kubernetes_context = Unicode(help="The context in the kubeconfig; none: the current one.").tag(
        config=True
    )
    kubernetes_namespace = Unicode(
        help="Where runs go on the cluster; none: the pod's own namespace, or the context's."
    ).tag(config=True)
    kubernetes_image = Unicode(
        help="Where the cluster finds images, such as registry.example.org/team/{name}."
    ).tag(config=True)
    kubernetes_results = Unicode(
        help="A repository in which pods leave what they wrote, such as"
        " registry.example.org/runs/{name}; none: small files come back through the log."
    ).tag(config=True)
    kubernetes_results_secret = Unicode(
        help="The Secret (kubernetes.io/dockerconfigjson) with the login for kubernetes_results."
    ).tag(config=True)
    kubernetes_start_seconds = Float(
        3600.0,
        help="How long something may keep a run on a cluster from starting before it is given up.",
    ).tag(config=True)
    frame_ancestors = Unicode(
        "'none'", help="Which sites may show the pages in a frame, as a CSP says it."
    ).tag(config=True)
    max_workers = Int(1, help="How many builds and runs go on at once.").tag(config=True)
    ask_kernel = Bool(
        True, help="Ask the running kernel of a notebook, when it is idle, what it has imported."
    ).tag(config=True)
    workshop = Unicode(
        "jupyter_modelpack.workshop:open_workshop",
        help="The function that does the work, as module:function; another one is for tests.",
    ).tag(config=True)

    @default("data_dir")
    def _default_data_dir(self) -> str:
        from jupyter_core.paths import jupyter_data_dir

        return str(Path(jupyter_data_dir()) / "modelpack")

    @validate("max_workers")
    def _at_least_one(self, proposal: Any) -> int:
        return max(1, int(proposal["value"]))

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
        from jupyter_modelpack.services.publishing import place_of
        from jupyter_modelpack.wiring import Wanted, Wiring

        settings = {
            "verify_seconds": self.verify_seconds,
            "file_bytes": self.file_bytes,
            "memory_bytes": self.memory_limit,
            "isolation": self.isolation,
            "signing_key": self.signing_key,
            "deployer": self.deployer,
            "deploy_folder": self.deploy_folder,
            "service_url": self.service_url,
            "service_token_file": self.service_token_file,
            "service_ca": self.service_ca,
            "service_allow_http": self.service_allow_http,
            "registry": place_of(self.registry),
            "registry_ca": self.registry_ca,
            "registry_insecure": self.registry_insecure,
            "registry_auth_file": self.registry_auth_file,
            "registry_username": self.registry_username,
            "registry_password_file": self.registry_password_file,
            "database_url": self.database_url,
            "database_url_file": self.database_url_file,
            "kubeflow_url": self.kubeflow_url,
            "kubeflow_namespace": self.kubeflow_namespace,
            "kubeflow_experiment": self.kubeflow_experiment,
            "kubeflow_token_file": self.kubeflow_token_file,
            "kubeflow_cookie_file": self.kubeflow_cookie_file,
            "kubeflow_user": self.kubeflow_user,
            "kubeflow_timezone": self.kubeflow_timezone,
            "kubernetes_kubeconfig": self.kubernetes_kubeconfig,
            "kubernetes_context": self.kubernetes_context,
            "kubernetes_namespace": self.kubernetes_namespace,
            "kubernetes_image": self.kubernetes_image,
            "kubernetes_results": self.kubernetes_results,
            "kubernetes_results_secret": self.kubernetes_results_secret,
            "kubernetes_start_seconds": self.kubernetes_start_seconds,
        }
        data_dir = Path(self.data_dir).expanduser().absolute()
        wanted = Wanted(data_dir, settings, self.workshop, self.max_workers)
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
