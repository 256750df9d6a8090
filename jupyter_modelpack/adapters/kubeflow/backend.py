"""Runs as Kubeflow runs: a pipeline uploaded once a release, one run each, followed to its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.jobs import spec_of
from jupyter_modelpack.adapters.kubeflow.client import KubeflowClient
from jupyter_modelpack.adapters.kubeflow.compiler import compile_pipeline
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.progress import RunProgress, StepProgress
from jupyter_modelpack.pipeline.spec import PipelineSpec
from jupyter_modelpack.services.backend import Happening, LogPart, Seen, Stage
from jupyter_modelpack.services.record import digest_of
from jupyter_modelpack.services.work import Work

_STAGES: dict[str, Stage] = {
    "Pending": "Queued",
    "Running": "Running",
    "Succeeded": "Succeeded",
    "Failed": "Failed",
    "Aborted": "Failed",
    "Errored": "Gone",
}
_SENTENCE = (
    "Run by Kubeflow, step by step, each in a pod of its own; the network is the namespace's."
)

METRICS = "metrics"  # the output of each step that holds them, as it is compiled
_TRIES = 3  # changes without an answer, after which a metadata store is not asked any more


@dataclass
class _Followed:
    progress: RunProgress = field(default_factory=RunProgress)
    seen: Seen | None = None
    due: float = 0.0
    measured: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unmeasured: int = 0


class KubeflowBackend:
    """The runs at one Kubeflow; ``connect`` is called when it is first needed."""

    def __init__(
        self,
        connect: Callable[[], KubeflowClient],
        experiment: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self._connect = connect
        self._experiment = experiment
        self._now = now
        self._lock = threading.Lock()
        self._made: KubeflowClient | None = None
        self._followed: dict[str, _Followed] = {}

    @property
    def client(self) -> KubeflowClient:
        """The connection."""
        with self._lock:
            if self._made is None:
                self._made = self._connect()
            return self._made

    def submit(self, run: Work) -> Mapping[str, str]:
        """Upload the release's pipeline unless it is there, and start or retry the run, once."""
        again = str(run.request.get("retry") or "")
        if again:
            # told twice, after a lost answer, it finds the run under way
            if self.client.run(again).get("state") in ("FAILED", "CANCELED"):
                self.client.retry(again)
            return self._place(again)
        spec = self._spec(run)
        pipeline = compile_pipeline(spec)
        # what was asked beside the release, such as labels, makes another version of its pipeline
        stamp = f"{spec.version}-{digest_of(pipeline.decode('utf-8'))[7:19]}"
        version = self.client.upload(spec.name, stamp, f"image {spec.digest}", pipeline)
        experiment = self.client.experiment(self._experiment or spec.display_name)
        values = spec.values(run.request.get("parameters") or {})
        made = self.client.create_run(_name(run), version, experiment, values)
        return self._place(str(made["run_id"]))

    def observe(self, runs: Sequence[Work]) -> Mapping[str, Seen]:
        """Return what is known now; each run is asked for when it is worth it."""
        now = self._now()
        found: dict[str, Seen] = {}
        for run in runs:
            ident = str((run.state.get("place") or {}).get("run") or "")
            if not ident:
                if run.stop_asked:  # the reply to a submission may have been lost
                    there = self._there(run)
                    found[run.id] = Seen("Running", self._place(there)) if there else Seen("Gone")
                continue
            followed = self._followed.setdefault(run.id, _Followed())
            if now >= followed.due or run.stop_asked:
                before = followed.progress
                followed.progress = self.client.observe(ident, before, now)
                followed.due = now + followed.progress.wait
                if followed.progress != before or followed.seen is None:
                    self._measure(followed)
                    followed.seen = self._seen(ident, followed)
            if followed.seen is not None:
                found[run.id] = followed.seen
        return found

    def stop(self, run: Work) -> None:
        """Ask Kubeflow to end it."""
        ident = (run.state.get("place") or {}).get("run") or self._there(run)
        if ident:
            self.client.terminate(str(ident))

    def log(self, run: Work, mark: str) -> LogPart:
        """Return nothing: Kubeflow's interface has no logs, and the run's page shows them."""
        return LogPart("", (), mark)

    def collect(self, run: Work, seen: Seen, folder: Path) -> Mapping[str, Any]:
        """Return how it ended; its artifacts stay where Kubeflow keeps them."""
        followed = self._followed.get(run.id, _Followed())
        progress = followed.progress
        metrics: dict[str, Any] = {}
        for step in progress.steps:
            metrics |= _metrics(step, followed)
        return {
            "phase": progress.phase,
            "metrics": metrics,
            "checks": [],
            "outputs": [],
            "executed_notebook": None,
            "why": seen.why.to_json() if seen.why else None,
            "isolation": {"name": "kubeflow", "sealed": False, "sentence": _SENTENCE},
        }

    def forget(self, ident: str) -> None:
        """Keep nothing more of a run."""
        self._followed.pop(ident, None)

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._made is not None:
                self._made.close()

    def _spec(self, run: Work) -> PipelineSpec:
        request = run.request
        options = ClusterOptions.parse(request.get("options") or {})
        spec = spec_of(request["package"], request["image"])
        return replace(spec, labels=options.labels, mounts=options.mounts)

    def _there(self, run: Work) -> str | None:
        """Return the id of what was started for a run, as far as its place is not known."""
        return str(run.request.get("retry") or "") or self.client.find_run(_name(run))

    def _place(self, ident: str) -> dict[str, str]:
        return {"run": ident, "link": self.client.link(ident)}

    def _measure(self, followed: _Followed) -> None:
        """Ask for the metrics of steps that have ended since, unless nobody tells them anyway."""
        wanted = [
            ident
            for step in followed.progress.steps
            for ident in step.artifacts.get(METRICS, ())
            if step.phase == "Succeeded"
            if ident not in followed.measured
        ]
        if wanted and followed.unmeasured < _TRIES:
            found = self.client.measured(wanted)
            followed.measured |= found
            followed.unmeasured += not found

    def _seen(self, ident: str, followed: _Followed) -> Seen:
        progress = followed.progress
        if progress.unknown_since is not None:
            return Seen("Unknown", since=progress.unknown_since)
        steps = tuple(
            {
                "name": step.name,
                "phase": step.phase,
                "metrics": _metrics(step, followed),
                "artifacts": [
                    {"name": name, "link": self.client.artifact_link(each)}
                    for name, idents in step.artifacts.items()
                    for each in idents
                ],
            }
            for step in progress.steps
        )
        why = None
        if progress.phase in ("Failed", "Aborted"):
            failed = [step.name for step in progress.steps if step.phase == "Failed"]
            what = f"The step {failed[0]} failed." if failed else "Kubeflow says that it failed."
            if progress.phase == "Aborted":
                what = "The run was ended in Kubeflow."
            said = f"{what} {progress.message}".strip()
            why = Happening("KUBEFLOW_ENDED", said, "The run's page in Kubeflow has the log.")
        return Seen(_STAGES[progress.phase], self._place(ident), why=why, steps=steps)


def _metrics(step: StepProgress, followed: _Followed) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for ident in step.artifacts.get(METRICS, ()):
        found |= followed.measured.get(ident, {})
    return found


def _name(run: Work) -> str:
    """Return the name of a run at Kubeflow, by which it is found again."""
    return f"{run.name} {run.version} {run.id}"
