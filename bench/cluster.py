"""What runs on a cluster cost on our side: submitting one, and following five hundred."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import yaml

from bench.report import Report
from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.elsewhere import Elsewhere
from jupyter_modelpack.services.work import Work, new_run_state

FOLLOWED = 500
SECONDS = 20.0
_DIGEST = "sha256:" + "ab" * 32


def measure(home: Path, report: Report) -> None:
    """Submit to an API server that answers at once, and follow runs whose pods change."""
    submitted = _with_cluster(home / "submit", 0, _submit)
    report.add("submitting a run to a cluster, our side", submitted, "s", most=0.5)
    share, counts = _with_cluster(home / "follow", FOLLOWED, _follow)
    report.add(f"following {FOLLOWED} runs on a cluster, of a core", share * 100, "%", most=5)
    report.add("lists of pods meanwhile", counts.get("list", 0), "", most=1)
    watched = SECONDS / 30 + 1  # a watch is renewed every half minute
    report.add("watches of pods meanwhile", counts.get("watch", 0), "", most=1 + watched)


def _with_cluster(place: Path, pods: int, do: Any) -> Any:
    place.mkdir()
    command = [sys.executable, "-m", "bench.fake_cluster", str(pods)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdout is not None
        url = f"http://127.0.0.1:{int(cluster.stdout.readline())}"
        there = _elsewhere(place, url)
        try:
            return do(place, there, url)
        finally:
            there.close()
            cluster.kill()


def _elsewhere(place: Path, url: str) -> Elsewhere:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "bench",
        "contexts": [{"name": "bench", "context": {"cluster": "bench", "user": "bench"}}],
        "clusters": [{"name": "bench", "cluster": {"server": url}}],
        "users": [{"name": "bench", "user": {"token": "bench"}}],
    }
    file = place / "kubeconfig"
    file.write_text(yaml.safe_dump(config))
    ledger = Ledger(place / "ledger.sqlite")
    settings = {"kubernetes_kubeconfig": str(file), "kubernetes_namespace": "bench"}
    return Elsewhere(lambda: ledger, place, settings, lambda _event: None)


def _enter(place: Path, number: int, state: dict[str, Any]) -> Work:
    package = {"name": "bench", "version": "1.0.0", "parameters": []}
    request = {"package": package, "image": f"registry.example.org/bench@{_DIGEST}"}
    work = Work(
        id=f"{number:032x}",
        kind="run",
        created=time.time(),
        name="bench",
        version="1.0.0",
        request={**request, "parameters": {}, "options": {}},
        state={**new_run_state({}), **state},
        backend="kubernetes",
    )
    return Ledger(place / "ledger.sqlite").work.enter(work)


def _submit(place: Path, there: Elsewhere, _url: str) -> float:
    """Return the longest time from asking to the job being there, of runs one after another."""
    table = Ledger(place / "ledger.sqlite").work
    taken = []
    for number in range(6):
        began = time.perf_counter()
        run = _enter(place, number, {})
        there.kick()
        while not table.get("run", run.id).state.get("place"):
            time.sleep(0.005)
        taken.append(time.perf_counter() - began)
    return max(taken[1:])  # the first one loads the client


def _follow(place: Path, there: Elsewhere, url: str) -> tuple[float, dict[str, int]]:
    for number in range(FOLLOWED):
        pod = {"namespace": "bench", "job": f"job-{number}", "pod": f"pod-{number}"}
        _enter(place, number, {"place": pod})
    there.kick()
    table = Ledger(place / "ledger.sqlite").work
    while table.get("run", f"{FOLLOWED - 1:032x}").state.get("stage") != "Running":
        time.sleep(0.5)
    time.sleep(3)
    began, used = time.perf_counter(), time.process_time()
    time.sleep(SECONDS)
    share = (time.process_time() - used) / (time.perf_counter() - began)
    with urllib.request.urlopen(f"{url}/counts") as answer:
        return share, json.load(answer)
