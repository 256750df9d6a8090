"""Runs that go on elsewhere, joined: the ledger, the backends that are set up, and a follower."""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.errors import BackendUnavailable, ModelPackError
from jupyter_modelpack.services.backend import RunPlace
from jupyter_modelpack.services.following import Follower, Outside
from jupyter_modelpack.services.runs import Destination
from jupyter_modelpack.services.watcher import START_SECONDS

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
    from jupyter_modelpack.adapters.kubernetes.api import Api
    from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings
    from jupyter_modelpack.adapters.kubernetes.deposits import Deposits
    from jupyter_modelpack.adapters.ledger import Ledger
    from jupyter_modelpack.services.offers import Offers
    from jupyter_modelpack.services.scheduled import Book

ROUND_SECONDS = 1.0
IDLE_SECONDS = 5.0
_SOON = 0.05
Log = logging.Logger | logging.LoggerAdapter[Any]


class Elsewhere:
    """The backends of one installation and the thread that follows their runs."""

    def __init__(
        self,
        ledger: Callable[[], Ledger],
        data_dir: Path,
        settings: Mapping[str, Any],
        tell: Callable[[Mapping[str, str]], None],
        log: Log | None = None,
    ) -> None:
        self._ledger = ledger
        self._data_dir = data_dir
        self._settings = settings
        self._tell = tell
        self._log = log or logging.getLogger(__name__)
        self._news = threading.Event()
        self._asked = threading.Event()
        self._closing = False
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._api: Api | None = None

    def destinations(self) -> Mapping[str, Destination]:
        """Return what checks requests, by backend."""
        from jupyter_modelpack.services.cluster_runs import ClusterRuns

        image = str(self._settings.get("kubernetes_image") or "")
        return {
            "kubernetes": ClusterRuns(image, _client_installed, lambda: self.offers),
            "kubeflow": ClusterRuns(image, self._kubeflow_ready, lambda: self.offers),
        }

    @property
    def offers(self) -> Offers:
        """What the cluster offers a run; raises BackendUnavailable without the client for it."""
        from jupyter_modelpack.adapters.kubernetes.api import Api
        from jupyter_modelpack.adapters.kubernetes.connection import connect
        from jupyter_modelpack.adapters.kubernetes.offers import ClusterOffers, own_pod

        _client_installed()
        with self._lock:
            if self._api is None:
                self._api = Api(connect(self._cluster()))
        own = str(self._settings.get("kubeflow_namespace") or "")
        api = self._api
        return ClusterOffers(lambda: api, own_pod, {"kubeflow": own})

    def _cluster(self) -> ClusterSettings:
        from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings

        names = ("kubeconfig", "context", "namespace")
        return ClusterSettings(
            **{name: str(self._settings.get(f"kubernetes_{name}") or "") for name in names}
        )

    def _deposits(self) -> Deposits:
        """Return what knows the registry in which pods leave what they wrote."""
        from jupyter_modelpack.adapters.kubernetes.deposits import Deposits
        from jupyter_modelpack.adapters.registry import Access

        place = str(self._settings.get("kubernetes_results") or "")
        secret = str(self._settings.get("kubernetes_results_secret") or "")
        return Deposits(place, secret, Access.configured(self._settings))

    def _kubeflow_ready(self) -> None:
        if not self._settings.get("kubeflow_url"):
            raise BackendUnavailable(
                "There is no Kubeflow to run this on.",
                advice="Say where it is: ModelPack.kubeflow_url, or --kubeflow-url.",
            )
        if importlib.util.find_spec("kfp") is None:
            raise BackendUnavailable(
                "The kfp package is not installed.",
                advice="Install it: pip install 'jupyter-modelpack[kubeflow]'",
            )

    def _connect_kubeflow(self) -> KubeflowClient:
        from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
        from jupyter_modelpack.adapters.kubeflow.connection import kubeflow_settings

        names = ("url", "namespace", "token_file", "cookie_file", "user")
        given = {name: str(self._settings.get(f"kubeflow_{name}") or "") for name in names}
        return KubeflowClient(kubeflow_settings(**given))

    def _kubeflow(self) -> dict[str, RunPlace]:
        """Return the backend for Kubeflow, where its address is set."""
        from jupyter_modelpack.adapters.kubeflow.backend import KubeflowBackend

        if not self._settings.get("kubeflow_url"):
            return {}
        experiment = str(self._settings.get("kubeflow_experiment") or "")
        return {"kubeflow": KubeflowBackend(self._connect_kubeflow, experiment)}

    def book(self) -> Book:
        """Return what keeps schedules; raises BackendUnavailable where there is no Kubeflow."""
        from jupyter_modelpack.adapters.kubeflow.schedules import KubeflowSchedules

        self._kubeflow_ready()
        return KubeflowSchedules(
            self._connect_kubeflow,
            str(self._settings.get("kubeflow_experiment") or ""),
            str(self._settings.get("kubeflow_timezone") or ""),
        )

    @cached_property
    def backends(self) -> Mapping[str, RunPlace]:
        """The backends, by name; none of them connects before it is used."""
        from jupyter_modelpack.adapters.kubernetes.backend import KubernetesBackend

        installation = self._ledger().followed.installation()
        kubernetes = KubernetesBackend(
            self._cluster(), installation, self._news.set, self._deposits()
        )
        return {"kubernetes": kubernetes, **self._kubeflow()}

    def configured(self) -> list[str]:
        """Return the backends that a setting or the environment names a cluster for."""
        settings = ("kubeconfig", "context", "namespace", "image")
        named = any(self._settings.get(f"kubernetes_{name}") for name in settings)
        around = any(os.environ.get(name) for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST"))
        found = ["kubernetes"] if named or around else []
        return [*found, *(["kubeflow"] if self._settings.get("kubeflow_url") else [])]

    @cached_property
    def follower(self) -> Follower:
        """What follows the runs of all backends."""
        table = self._ledger().followed
        outside = Outside(
            LogFiles(self._data_dir / "logs"),
            self._data_dir / "runs",
            self._tell,
            time.time,
            self._bug,
            float(self._settings.get("kubernetes_start_seconds") or START_SECONDS),
        )
        return Follower(table, table, self.backends, outside)

    def resume(self) -> None:
        """Follow again what an earlier process followed, if there is anything."""
        if self._ledger().followed.waiting():
            self.kick()

    def kick(self) -> None:
        """Look now; the first kick starts the thread."""
        with self._lock:
            if self._thread is None and not self._closing:
                self._thread = threading.Thread(
                    target=self._run, name="modelpack-elsewhere", daemon=True
                )
                self._thread.start()
        self._asked.set()
        self._news.set()

    def stop(self, ident: str) -> None:
        """Look now: somebody asked for a stop."""
        self._asked.set()
        self._news.set()

    def round(self) -> None:
        """Look once, in the caller's thread."""
        try:
            self.follower.round()
        except ModelPackError as error:
            self._log.warning("modelpack: %s", error)

    def wait(self, seconds: float) -> None:
        """Wait for news, at most so long."""
        if self._news.wait(seconds):
            # what comes together is looked at together; a person who asks does not wait for it
            followed = self.follower.size if "follower" in self.__dict__ else 0
            self._asked.wait(min(ROUND_SECONDS, _SOON + followed / 500))
        self._asked.clear()
        self._news.clear()

    def close(self) -> None:
        """End the thread and the connections; the runs go on."""
        with self._lock:
            self._closing = True
        self._news.set()
        if self._thread is not None:
            self._thread.join(30.0)
            if self._thread.is_alive():
                return  # what it may still use is never closed under it
        if "follower" in self.__dict__:
            self.follower.close()
        for backend in self.__dict__.get("backends", {}).values():
            backend.close()
        if self._api is not None:
            self._api.close()

    def _run(self) -> None:
        while not self._closing:
            try:
                self.round()
            except Exception as error:  # a bug must not end the watch of everything else
                self._bug(error)
            busy = "follower" in self.__dict__ and self.follower.busy
            self.wait(ROUND_SECONDS if busy else IDLE_SECONDS)

    def _bug(self, error: BaseException) -> None:
        self._log.warning("modelpack: a run elsewhere: %s: %s", type(error).__name__, error)


def _client_installed() -> None:
    if importlib.util.find_spec("kubernetes") is None:
        raise BackendUnavailable(
            "The Kubernetes client is not installed.",
            advice="Install it: pip install 'jupyter-modelpack[kubernetes]'",
        )
