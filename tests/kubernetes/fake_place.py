"""A backend in memory: jobs by run, of ours and of others, which end when they are told to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.services.backend import LogPart, Seen
from jupyter_modelpack.services.following import Follower, Outside
from jupyter_modelpack.services.work import Work, new_run_state


class Killed(BaseException):
    """The process ends here, without a word."""


class FakePlace:
    """Keeps what a cluster would keep; ``at`` is called at each named point of each call."""

    def __init__(self) -> None:
        self.jobs: dict[str, str] = {}
        self.created: dict[str, int] = {}
        self.others = {"someone-elses": "Running"}
        self.stopped: list[str] = []
        self.at: Callable[[str], None] = lambda _point: None

    def submit(self, run: Work) -> Mapping[str, str]:
        self.at("before submit")
        if run.id not in self.jobs:
            self.jobs[run.id] = "Running"
            self.created[run.id] = self.created.get(run.id, 0) + 1
        self.at("after submit")
        return {"namespace": "ns", "job": f"job-{run.id}"}

    def observe(self, runs: Sequence[Work]) -> Mapping[str, Seen]:
        self.at("observe")
        stages: Mapping[str, Any] = {run.id: self.jobs.get(run.id, "Gone") for run in runs}
        return {
            ident: Seen(
                stage, {"pod": "p", "job": f"job-{ident}"} if stage != "Gone" else {}, exit_code=0
            )
            for ident, stage in stages.items()
        }

    def stop(self, run: Work) -> None:
        self.at("stop")
        self.stopped.append(run.id)
        self.jobs.pop(run.id, None)

    def log(self, run: Work, mark: str) -> LogPart:
        self.at("log")
        return LogPart("hello\n", (), "1 1") if not mark else LogPart("", (), mark)

    def collect(self, run: Work, seen: Seen, folder: Path) -> Mapping[str, Any]:
        self.at("before collect")
        (folder / "scores.csv").write_text(run.id)
        self.at("after collect")
        return {"phase": "Succeeded", "metrics": {"auc": 0.5}, "outputs": []}

    def leftovers(self) -> Collection[str]:
        return list(self.jobs)

    def remove(self, ident: str) -> None:
        assert ident in self.jobs
        del self.jobs[ident]


class World:
    """A ledger, a backend, a time that moves when told, and any number of followers."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.time = 1000.0
        self.ledger = Ledger(place / "ledger.sqlite")
        self.cluster = FakePlace()
        self.ends: list[tuple[str, str]] = []

    def follower(self, lease: float = 60.0) -> Follower:
        """Return another follower, as another process would have it."""
        table = Ledger(self.place / "ledger.sqlite").followed
        outside = Outside(
            LogFiles(self.place / "logs"),
            self.place / "runs",
            self._told,
            lambda: self.time,
            lease_seconds=lease,
        )
        return Follower(table, table, {"kubernetes": self.cluster}, outside)

    def enter(self, number: int) -> Work:
        """Ask for a run."""
        work = Work(
            id=f"{number:032x}", kind="run", created=self.time, backend="kubernetes",
            state=new_run_state({}),
        )  # fmt: skip
        return self.ledger.work.enter(work)

    def get(self, ident: str) -> Work:
        """Return a run."""
        return self.ledger.work.get("run", ident)

    def _told(self, event: Mapping[str, str]) -> None:
        if event["phase"] not in ("Pending", "Running"):
            self.ends.append((event["id"], event["phase"]))
