"""Row E1: kill -9 at every named state and at random points of package, run and promote."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.oci.layout import Layout
from tests.services.crashes import states
from tests.services.crashes.server import SECONDS, serve

ROOT = Path(__file__).parents[2]
FULL = bool(os.environ.get("MODELPACK_TEST_FULL"))
PLACES = ("dev", "production")
CHAINS, POINTS = (20, 10) if FULL else (2, 5)
PACE = "usual" if FULL else "quick"
HALF = len(states.BUILD) // 2
NAMED = (states.BUILD[:HALF], states.BUILD[HALF:], states.RUN, states.ELSEWHERE, states.PROMOTION)

# Servers are forked from a process that has loaded everything, which makes them begin in no time.
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.services.crashes.server"])


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))


class Lives:
    """One data directory, and the servers that work in it one after the other."""

    def __init__(self, data_dir: Path, pace: str) -> None:
        self.data_dir = data_dir
        self.pace = pace
        self.said: list[list[str]] = []
        self.late = 0

    def begin(self, stories: int, at: str = "") -> None:
        """Start the next server."""
        self._hearer, teller = CONTEXT.Pipe(duplex=False)
        self.server = CONTEXT.Process(
            target=serve, args=(self.data_dir, stories, self.pace, at, teller)
        )
        self.server.start()
        teller.close()

    def hear(self, *words: str) -> bool:
        """Listen until the server says this, and tell whether it did before its end."""
        while True:
            try:
                self.said.append(self._hearer.recv())
            except EOFError:
                return False
            assert self.said[-1][0] not in ("stuck", "broken"), self.said[-1]
            if self.said[-1][: len(words)] == list(words):
                return True

    def well(self) -> bool:
        """Listen until the server is gone, and tell whether it came to the end of its stories."""
        well = self.hear("end")
        self.hear("nothing else")
        self._hearer.close()
        return well

    def kill(self, who: str) -> bool:
        """Kill the worker, the server or both, and tell whether a server is left.

        The server may have come to the end of its stories a moment before.
        """
        assert self.server.pid is not None
        workers = states.children(self.server.pid)
        if who == "worker" and workers:
            states.kill(workers)
            return True
        states.kill([self.server.pid, *(workers if who != "server" else [])])
        self.late += self.well()
        return False

    def of(self, word: str) -> list[list[str]]:
        """Return what was said with a first word."""
        return [each[1:] for each in self.said if each[0] == word]


def check(lives: Lives, stories: int) -> Counter[str]:
    """Say that nothing is lost, doubled or stuck, and count what there is."""
    ledger = Ledger(lives.data_dir / "ledger.sqlite")
    work = [each for kind in ("build", "run") for each in ledger.work.list(kind, limit=10_000)]
    promotions = ledger.promotions.list(limit=10_000)
    known = {each.id for each in work} | {each.id for each in promotions}
    lost = [ident for _, ident in lives.of("asked") if ident not in known]
    stuck = [each for each in work if not each.over] + [p for p in promotions if p.is_open]
    assert (lost, stuck) == ([], [])

    layout = Layout(lives.data_dir / "store")
    names = {f"churn{number}" for number in range(stories)}
    told = {(name, digest) for name, digest in lives.of("released")}
    kept = {(each["name"], each["digest"]) for each in ledger.packages.list()}
    assert told == kept and {name for name, _ in kept} == names and len(kept) == stories
    tags = {name: str(descriptor.digest) for name, descriptor in layout.tags().items()}
    assert tags == {f"{name}:1.0.0": digest for name, digest in kept}
    assert layout.verify() == []

    begun = Counter(line.rsplit(" ", 1)[0] for line in _lines(lives.data_dir / "calls.txt"))
    attempts = Counter[str]()
    for each in work:
        if each.kind == "build":
            attempts[f"package {each.path}"] += each.attempts
    twice = [what for what, count in begun.items() if count > max(1, attempts[what])]
    created = Counter(_lines(lives.data_dir / "cluster" / "created.txt"))
    away = {each.id: each for each in work if each.backend == "kubernetes"}
    twice += [ident for ident, count in created.items() if count > 1 or ident not in away]
    assert twice == []
    jobs = {each.name for each in (lives.data_dir / "cluster").iterdir()} - {"created.txt"}
    assert all(away[ident].phase == "Succeeded" for ident in jobs)
    assert [pid for pid in _workers(lives.data_dir) if _is_worker(pid)] == []

    rows = list(ledger.audit.rows())
    for place in PLACES:
        for name, digest in kept:
            slot = ledger.promotions.lane(name, place).slot
            here = [r for r in rows if (r["package"], r["environment"]) == (name, place)]
            moves = [r for r in here if r["kind"] == "promotion.active"]
            assert (slot.generation, len(moves), str(slot.digest)) == (1, 1, digest)
            folder = lives.data_dir / "environments" / place
            card = json.loads((folder / name / "release.json").read_text())
            assert (card["digest"], card["generation"]) == (digest, 1)
            assert len(list(folder.glob(f".{name}-*"))) == 1, "a deployment that was cut is left"
    for folder in (lives.data_dir / "runs").iterdir():
        assert [each.name for each in folder.iterdir()] in (["work"], [])
    ledger.close()
    return Counter(each.kind for each in work) + Counter(promotion=len(promotions))


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _workers(data_dir: Path) -> list[int]:
    return [int(line.split()[-1]) for line in _lines(data_dir / "calls.txt")]


def _is_worker(pid: int) -> bool:
    try:
        return b"jupyter_modelpack.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _settled(several: Sequence[Lives]) -> tuple[int, float]:
    """Return how much was left by those who were killed, and the longest time it took to go on."""
    said = [each for lives in several for each in lives.of("settled")]
    return sum(int(left) for left, _ in said), max(float(seconds) for _, seconds in said)


def named(data_dir: Path, wanted: Sequence[str]) -> tuple[Lives, Counter[str]]:
    """Kill server and worker at each of some states in turn, then let one come to the end."""
    lives = Lives(data_dir, "quick")
    for state in wanted:
        lives.begin(1, state)
        assert not lives.well(), f"nothing was ever {state}"
    lives.begin(1)
    assert lives.well()
    return lives, check(lives, 1)


def test_e1_killed_at_every_named_state(tmp_path: Path) -> None:
    with ThreadPoolExecutor(len(NAMED)) as pool:
        folders = [tmp_path / str(number) for number in range(len(NAMED))]
        done = list(pool.map(named, folders, NAMED))
    left, seconds = _settled([lives for lives, _ in done])
    total = sum((counts for _, counts in done), Counter[str]())
    print(
        f"E1: killed at each of {sum(map(len, NAMED))} named states: {dict(total)},"
        f" {left} taken up within {seconds:.1f} s, 0 lost, 0 twice, 0 stuck"
    )


def at_random(data_dir: Path, seed: int, usual: float) -> tuple[Lives, Counter[str]]:
    """Kill once in each of some stories, somebody at some moment."""
    chance = random.Random(seed)
    lives = Lives(data_dir, PACE)
    lives.begin(POINTS)
    for number in range(POINTS):
        assert lives.hear("begin", str(number))
        time.sleep(chance.random() * usual)
        who = chance.choice(("worker", "server", "both"))
        if not lives.kill(who):
            lives.begin(POINTS)
            assert lives.hear("begin", str(number))
    assert lives.well()
    return lives, check(lives, POINTS)


def test_e1_killed_at_random_points(tmp_path: Path) -> None:
    first = Lives(tmp_path / "first", PACE)
    first.begin(1)
    assert first.hear("begin", "0")
    began = time.monotonic()
    assert first.well()
    usual = time.monotonic() - began
    with ThreadPoolExecutor(CHAINS) as pool:
        folders = [tmp_path / str(number) for number in range(CHAINS)]
        done = list(pool.map(at_random, folders, range(CHAINS), [usual] * CHAINS))
    left, seconds = _settled([lives for lives, _ in done])
    total = sum((counts for _, counts in done), Counter[str]())
    kills = CHAINS * POINTS - sum(lives.late for lives, _ in done)
    print(
        f"E1: {kills} kills at random in {usual:.1f} s of package, run and promote:"
        f" {dict(total)}, {left} taken up within {seconds:.1f} s, 0 lost, 0 twice, 0 stuck"
    )
    assert seconds < SECONDS
