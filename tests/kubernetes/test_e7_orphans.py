"""Row E7 on a real cluster: rows, jobs and followers vanish in all orders, beside others' jobs."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from jupyter_modelpack.adapters.kubernetes import backend
from jupyter_modelpack.adapters.kubernetes.manifest import (
    INSTALLATION_LABEL,
    MANAGED_BY,
    PREFIX,
    RUN_LABEL,
)
from jupyter_modelpack.adapters.ledger.schema import work
from jupyter_modelpack.adapters.log_files import LogFiles
from jupyter_modelpack.elsewhere import Elsewhere
from jupyter_modelpack.services.following import LEASE_SECONDS, Follower, Outside
from jupyter_modelpack.services.work import Work
from tests.adapters.notebook_image import cell
from tests.kubernetes.clusters import Bench, Images, Namespace, kubectl, package_of

pytestmark = pytest.mark.systems
ORDERS = tuple(
    order
    for length in (1, 2, 3)
    for order in itertools.permutations(("row", "job", "process"), length)
)
SECONDS = 120.0


class NoThread:
    """Runs are followed by hand."""

    def kick(self) -> None:
        return None

    def stop(self, ident: str) -> None:
        return None


class Desk:
    """One installation with one run, and the followers that come one after the other."""

    def __init__(self, bench: Bench, settings: dict[str, Any]) -> None:
        self.bench = bench
        self.settings = settings
        self.later = 0.0
        self.made: list[Elsewhere] = []
        bench.runs._workers = NoThread()  # type: ignore[assignment]
        self.begin()

    def begin(self) -> None:
        """Follow as a process does that comes after one that was killed."""
        self.later += LEASE_SECONDS + 1
        ledger = self.bench.ledger
        elsewhere = Elsewhere(lambda: ledger, self.bench.place, self.settings, lambda event: None)
        self.made.append(elsewhere)
        outside = Outside(
            LogFiles(self.bench.place / "logs"), self.bench.place / "runs", lambda event: None,
            lambda: time.time() + self.later,
        )  # fmt: skip
        table = ledger.followed
        self.follower = Follower(table, table, elsewhere.backends, outside)

    def remove(self, what: str, run: Work, namespace: Namespace) -> None:
        """Take away the row, the job or the process."""
        if what == "process":
            self.begin()
        elif what == "row":
            with self.bench.ledger.database.writing() as connection:
                connection.execute(delete(work).where(work.c.id == run.id))
        else:
            kubectl("-n", namespace.name, "delete", "job", "-l", f"{RUN_LABEL}={run.id}")

    def reconcile(self) -> None:
        """Look once at everything, as a process does every ten minutes."""
        self.later += 20
        self.follower.round()
        self.follower.sweep()

    def close(self) -> None:
        for each in self.made:
            each.close()
            for place in each.backends.values():
                place.close()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def package(images: Images) -> dict[str, Any]:
    return package_of(images.push((cell("import time\ntime.sleep(600)"),)))


@pytest.fixture
def desk(tmp_path: Path, namespace: Namespace, images: Images, package: Any) -> Iterator[Any]:
    made: list[Desk] = []

    def make(number: int) -> Desk:
        settings = {"kubernetes_namespace": namespace.name, "kubernetes_image": images.repository}
        place = tmp_path / str(number)
        made.append(Desk(Bench(place, namespace.name, images.repository, package), settings))
        return made[-1]

    yield make
    for each in made:
        each.close()
        each.bench.close()


def job(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return a job that somebody else keeps, and for which there is no node."""
    pod = {
        "restartPolicy": "Never",
        "nodeSelector": {"example.org/nowhere": "yes"},
        "containers": [{"name": "c", "image": "example.org/none"}],
    }
    spec = {"template": {"metadata": {"labels": labels}, "spec": pod}}
    meta = {"name": name, "labels": labels}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta, "spec": spec}


def apply(namespace: Namespace, *jobs: dict[str, Any]) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(jobs)}
    kubectl("-n", namespace.name, "create", "-f", "-", given=json.dumps(listed))


def jobs_of_others(namespace: Namespace) -> dict[str, Any]:
    """Return what anybody but the cluster's own controller can change of each."""
    return {
        each["metadata"]["name"]: untouched(each)
        for each in namespace.get("jobs", "-l", "others=yes")
    }


def untouched(found: dict[str, Any]) -> dict[str, Any]:
    """Return a job without its status and without what is written down about its changes."""
    changing = ("resourceVersion", "managedFields")
    return {
        "spec": found["spec"],
        **{key: value for key, value in found["metadata"].items() if key not in changing},
    }


def others(name: str, run: Work, installation: str) -> tuple[dict[str, Any], ...]:
    """Return jobs of other tools: with other labels, names like ours, and some of our labels."""
    ours = {MANAGED_BY[0]: MANAGED_BY[1], "others": "yes"}
    return (
        job("nightly-report", {"others": "yes"}),
        job(f"{name}-2", {"others": "yes", "app.kubernetes.io/managed-by": "Helm"}),
        job("of-another-ledger", {**ours, INSTALLATION_LABEL: "another", RUN_LABEL: run.id}),
        job("of-no-ledger", {**ours, f"{PREFIX}/environment": "production"}),
        job("copied-labels", {"others": "yes", INSTALLATION_LABEL: installation}),
    )


def wait_for_pods(desks: list[Desk], runs: list[Work], namespace: Namespace) -> None:
    """Wait until the cluster has removed the pods of jobs that are gone, and that was heard of."""
    until = time.monotonic() + SECONDS
    while True:
        jobs = {each["metadata"]["labels"].get(RUN_LABEL) for each in namespace.get("jobs")}
        waits = [
            (order, space.watch.synced, space.watch.cache._runs.get(run.id))
            for each, run, order in zip(desks, runs, ORDERS, strict=True)
            for place in each.follower._backends.values()
            for space in place._namespaces.values()  # type: ignore[attr-defined]
            if not space.watch.synced
            or (run.id not in jobs and space.watch.cache._runs.get(run.id))
        ]
        if not waits:
            return
        assert time.monotonic() < until, waits
        time.sleep(0.1)


def test_e7_nothing_is_left_untracked_and_nobody_elses_job_is_touched(
    desk, namespace: Namespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backend, "JOB_SECONDS", 0.0)  # a round is ten minutes after another
    desks = [desk(number) for number in range(len(ORDERS))]
    # Two of them run; for the others there is no node, which costs this one nothing.
    runs = [
        each.bench.start(**({} if number < 2 else {"requests": {"cpu": "500"}}))
        for number, each in enumerate(desks)
    ]
    for each in desks:
        each.follower.round()
    places = [
        each.bench.runs.get(run.id).state["place"] for each, run in zip(desks, runs, strict=True)
    ]
    installation = desks[0].bench.ledger.followed.installation()
    apply(namespace, *others(places[0]["job"], runs[0], installation))
    before = jobs_of_others(namespace)
    for each, run, order in zip(desks, runs, ORDERS, strict=True):
        for what in order:
            each.remove(what, run, namespace)
            each.follower.round()
    wait_for_pods(desks, runs, namespace)
    for _ in range(2):
        for each in desks:
            each.reconcile()
    untracked = 0
    for number, (each, run, order) in enumerate(zip(desks, runs, ORDERS, strict=True)):
        left = [
            found
            for found in namespace.get("jobs", "-l", f"{RUN_LABEL}={run.id},others!=yes")
            if not found["metadata"].get("deletionTimestamp")
        ]
        if "row" in order:
            untracked += len(left) + each.follower.busy
        elif "job" in order:
            assert (left, each.follower.busy) == ([], False), order
            # a notebook that ran may say itself that it was stopped, when there is time to hear it
            run = each.bench.runs.get(run.id)
            assert run.over and run.state["error"], run
            assert number < 2 or run.state["error"]["code"] == "JOB_GONE", run
        else:
            assert (len(left), each.follower.busy) == (1, True), order
    assert untracked == 0
    assert jobs_of_others(namespace) == before
    print(
        f"E7: {len(ORDERS)} orders of row, job and process: {untracked} untracked jobs after 2"
        f" rounds, 0 of {len(before)} jobs of others touched"
    )


def test_e7_a_job_that_has_the_name_of_a_run_is_left_alone(desk, namespace: Namespace) -> None:
    """Somebody was there first, or took the name when our job was gone."""
    first, second = desk(100), desk(101)
    taken, stopped = first.bench.start(), second.bench.start(requests={"cpu": "500"})
    name = first.follower._backends["kubernetes"]._job(taken)["metadata"]["name"]
    apply(namespace, job(name, {"others": "yes"}))
    first.follower.round()
    found = first.bench.runs.get(taken.id)
    assert found.phase == "Errored" and name in found.state["error"]["message"]

    second.follower.round()
    mine = second.bench.runs.get(stopped.id).state["place"]["job"]
    kubectl("-n", namespace.name, "delete", "job", mine)
    apply(namespace, job(mine, {"others": "yes"}))
    before = jobs_of_others(namespace)
    second.bench.runs.stop(stopped.id)
    until = time.monotonic() + SECONDS
    while not second.bench.runs.get(stopped.id).over:
        assert time.monotonic() < until
        second.reconcile()
        time.sleep(0.2)
    assert second.bench.runs.get(stopped.id).phase == "Aborted"
    assert jobs_of_others(namespace) == before
