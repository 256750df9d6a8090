"""E5: the watch against an API server that does everything that one may do, on seeded schedules."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jupyter_modelpack.adapters.kubernetes.api import Gone
from jupyter_modelpack.adapters.kubernetes.manifest import RUN_LABEL
from jupyter_modelpack.adapters.kubernetes.pods import seen_of
from jupyter_modelpack.adapters.kubernetes.watch import PodCache, PodWatch
from jupyter_modelpack.errors import BackendUnavailable

SCHEDULES = 1000 if os.environ.get("MODELPACK_TEST_FULL") else 200
PODS = 8
FAULTY = 96.0  # seconds in which there are faults
SECONDS = 150.0  # longer than the longest wait after the last of them


def pod(number: int, phase: str, version: int, code: int | None = None) -> dict[str, Any]:
    state: dict[str, Any] = {"running": {}} if phase == "Running" else {}
    if code is not None:
        state = {"terminated": {"exitCode": code}}
    return {
        "metadata": {
            "name": f"pod-{number}",
            "uid": f"uid-{number}",
            "labels": {RUN_LABEL: f"run-{number}"},
            "resourceVersion": str(version),
            "creationTimestamp": "2026-11-23T09:44:10Z",
        },
        "spec": {"containers": [{"name": "notebook"}]},
        "status": {"phase": phase, "containerStatuses": [{"name": "notebook", "state": state}]},
    }


class FakeServer:
    """Pods that begin and end as time goes by, and every fault that the API documents."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.time = 0.0
        self.lists = 0
        self.faults: dict[str, int] = {}
        self.history: list[tuple[float, str, dict[str, Any]]] = []
        self.oldest = 0
        self.final: dict[int, str] = {}
        version = 10
        planned = []
        for number in range(PODS):
            at = self.random.uniform(0, 40)
            end = "Succeeded" if self.random.random() < 0.6 else "Failed"
            self.final[number] = end
            for kind, phase in (("ADDED", "Pending"), ("MODIFIED", "Running"), ("MODIFIED", end)):
                planned.append((at, kind, number, phase))
                at += self.random.uniform(0.1, 30)
            if self.random.random() < 0.4:
                planned.append((at, "DELETED", number, end))
        for at, kind, number, phase in sorted(planned):
            version += self.random.randint(1, 3)
            code = {"Succeeded": 0, "Failed": 1}.get(phase)
            self.history.append((at, kind, pod(number, phase, version, code)))

    # the clock

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += seconds
        return self.time > SECONDS

    def spread(self) -> float:
        return self.random.random()

    # the API

    def list(self) -> tuple[Sequence[Mapping[str, Any]], str]:
        self.lists += 1
        self._fault("list", 0.15)
        there: dict[str, Mapping[str, Any]] = {}
        version = "9"
        for at, kind, found in self.history:
            if at > self.time:
                break
            version = found["metadata"]["resourceVersion"]
            there[found["metadata"]["name"]] = found
            if kind == "DELETED":
                del there[found["metadata"]["name"]]
        return list(there.values()), version

    def watch(self, version: str) -> Iterator[Mapping[str, Any]]:
        if self.random.random() < 0.08 and self.time < FAULTY:
            self._count("410 as HTTP")
            raise Gone("too old")
        self._fault("watch", 0.1)
        return self._events(version)

    def _events(self, version: str) -> Iterator[Mapping[str, Any]]:
        after = int(version)
        until = self.time + self.random.uniform(1, 5)
        replay = self.random.random() < 0.3
        passed = [event for event in self.history if event[0] <= self.time]
        if replay and passed:
            self._count("replay of old events")
            after = min(
                after, int(passed[max(0, len(passed) - 4)][2]["metadata"]["resourceVersion"])
            )
        queue = [e for e in self.history if int(e[2]["metadata"]["resourceVersion"]) > after]
        while queue:
            if queue[0][0] > until or self.random.random() < 0.05:
                break
            ready = [event for event in queue if event[0] <= self.time] or queue[:1]
            self.time = max(self.time, ready[0][0])
            same = [e for e in ready if e[2]["metadata"]["uid"] == ready[0][2]["metadata"]["uid"]]
            if len(same) > 1 and same[0][1] != "ADDED" and self.random.random() < 0.5:
                self._count("out-of-order versions")
                yield self._event(same[1])
            queue.remove(ready[0])
            yield self._event(ready[0])
            if self.random.random() < 0.2:
                self._count("bookmark")
                newest = ready[0][2]["metadata"]["resourceVersion"]
                yield {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": newest}}}
        self.time = max(self.time, min(until, self.time + 1))
        chance = self.random.random()
        if chance < 0.2 and self.time < FAULTY:
            self._count("410 in the stream")
            raise Gone("too old")
        if chance < 0.6:
            self._count("disconnect")
            raise BackendUnavailable("reset")
        self._count("ended by the server")

    def _event(self, planned: tuple[float, str, dict[str, Any]]) -> Mapping[str, Any]:
        return {"type": planned[1], "object": planned[2]}

    def _fault(self, where: str, chance: float) -> None:
        if self.random.random() < chance and self.time < FAULTY:
            self._count(f"no answer to a {where}")
            raise BackendUnavailable("away")

    def _count(self, what: str) -> None:
        self.faults[what] = self.faults.get(what, 0) + 1


def test_e5_every_end_is_seen_whatever_the_api_server_does() -> None:
    lost, wrong, lists, worst, changed = [], [], 0, 0, 0
    faults: dict[str, int] = {}
    for seed in range(SCHEDULES):
        server = FakeServer(seed)
        news: list[None] = []
        watch = PodWatch(server, PodCache(), lambda news=news: news.append(None), server)  # type: ignore[misc]
        watch.run()
        for number, end in server.final.items():
            pods = watch.cache.pods(f"run-{number}")
            if not pods:
                lost.append((seed, number))
            elif seen_of(pods).stage != end:
                wrong.append((seed, number, end, seen_of(pods).stage))
        gone = server.faults.get("410 as HTTP", 0) + server.faults.get("410 in the stream", 0)
        refused = server.faults.get("no answer to a list", 0)
        assert server.lists <= 1 + gone + refused, (seed, server.lists, gone, refused)
        lists, worst, changed = lists + server.lists, max(worst, server.lists), changed + len(news)
        for what, count in server.faults.items():
            faults[what] = faults.get(what, 0) + count
    print(f"{SCHEDULES} schedules, {SCHEDULES * PODS} pods; faults: {faults}")
    print(f"wrong {len(wrong)}, deleted before anybody looked {len(lost)}")
    print(f"lists {lists}, at most {worst} in one schedule")
    assert not wrong and changed
    # a pod that ended and was deleted while nobody watched is what the job itself is asked for
    explained = [each for each in lost if _ended_and_deleted_unseen(*each)]
    assert lost == explained, lost


def _ended_and_deleted_unseen(seed: int, number: int) -> bool:
    events = [e for e in FakeServer(seed).history if e[2]["metadata"]["uid"] == f"uid-{number}"]
    return events[-1][1] == "DELETED"


class Away:
    """A server that refuses everything, at once."""

    def __init__(self) -> None:
        self.time = 0.0
        self.asked = 0

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> bool:
        self.time += seconds
        return self.time > 600

    def spread(self) -> float:
        return 0.5

    def list(self) -> tuple[Sequence[Mapping[str, Any]], str]:
        self.asked += 1
        raise BackendUnavailable("away")

    def watch(self, version: str) -> Iterator[Mapping[str, Any]]:
        raise AssertionError


def test_e5_a_server_that_is_away_is_asked_less_and_less_and_is_unknown_since() -> None:
    server = Away()
    watch = PodWatch(server, PodCache(), lambda: None, server)
    watch.run()
    print(f"asked {server.asked} times in 600 s; unknown since {watch.unknown_since}")
    assert server.asked < 40
    assert watch.unknown_since == 0.0 and not watch.synced


def test_e12_nothing_is_kept_of_runs_that_are_over_and_pods_that_are_gone() -> None:
    cache = PodCache()
    for number in range(1000):
        run = f"run-{number}"
        labels = {RUN_LABEL: run}
        metadata = {"uid": run, "name": run, "labels": labels, "resourceVersion": str(number + 1)}
        pod = {"metadata": metadata, "status": {"phase": "Succeeded"}}
        cache.apply("ADDED", pod)
        assert cache.pods(run)
        cache.forget(run)  # its results are there
        cache.apply("DELETED", pod)  # a day later
        assert (cache.pods(run), cache.change(run)) == ([], 0)
    kept = [len(each) for each in (cache._pods, cache._ended, cache._runs, cache._changes)]
    print(f"E12: 1000 runs whose pods came and went: {sum(kept)} kept")
    assert kept == [0, 0, 0, 0]
