"""D7: many requests at once make one promotion each, and one pointer."""

from __future__ import annotations

import random
from dataclasses import replace
from threading import Barrier, Lock, Thread

from release.promotion_store import Store
from release.promotion_world import ADA, NOON, POLICY, ask, checked, digest, facts, found

from jupyter_modelpack.errors import Conflict
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.event import Deployed
from jupyter_modelpack.release.facts import ReleaseFacts
from jupyter_modelpack.release.history import holdings


class Servers:
    """Threads that each read, decide without a lock, and write with the store's compare-and-set."""

    def __init__(self) -> None:
        self.store = Store({"dev": Slot("churn", "dev")}, POLICY.digest)
        self.lock = Lock()
        self.refused = 0
        self.looked = self.store.lane("dev")

    def send(self, name: str, make) -> bool:
        for _ in range(1000):
            with self.lock:
                lane = self.store.lane("dev", name)
            try:
                _, effects = decide(lane, make(lane), NOON)
            except Conflict:
                with self.lock:
                    self.refused += 1
                return False
            try:
                with self.lock:
                    self.store.apply(effects, NOON)
                return True
            except Conflict:
                continue
        raise AssertionError("no progress")

    def promote(self, name: str, of: ReleaseFacts, barrier: Barrier) -> None:
        barrier.wait()
        done = self.send(name, lambda _: ask(self.looked, ADA, of, name=name))
        barrier.wait()
        if not done:
            return
        with self.lock:
            known = name in self.store.promotions
        if not known:
            return
        self.send(name, lambda lane: checked(lane, name, of))
        attempt = self.store.promotions[name].attempt
        self.send(name, lambda lane: Deployed(name, attempt, "Succeeded"))


def together(servers: Servers, work: list[tuple[str, ReleaseFacts]]) -> None:
    barrier = Barrier(len(work))

    def run(name: str, of: ReleaseFacts) -> None:
        servers.promote(name, of, barrier)

    threads = [Thread(target=run, args=item) for item in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_hundred_requests_for_ten_releases_leave_one_pointer_and_a_line() -> None:
    servers = Servers()
    releases = [replace(facts(digest(f"r{i}"), f"1.{i}.0")) for i in range(10)]
    work = [(f"p{i}", releases[i % 10]) for i in range(100)]
    random.Random(7).shuffle(work)
    together(servers, work)
    store = servers.store
    active = [p for p in store.promotions.values() if p.phase == "Active"]
    line = holdings(store.entries)
    assert len(active) == 1 and active[0].candidate.digest == store.slots["dev"].digest
    assert [h.generation for h in line] == list(range(1, len(line) + 1))
    ended = {p.phase for p in store.promotions.values()}
    assert ended <= {"Active", "Superseded"} and len(line) == 1
    assert len(store.promotions) <= 10
    print(
        f"D7: 100 requests, {len(store.promotions)} promotions, {len(line)} moves, 1 pointer,"
        f" {servers.refused} conflicts"
    )


def test_a_hundred_clicks_on_one_release_are_one_promotion() -> None:
    servers = Servers()
    together(servers, [(f"p{i}", facts()) for i in range(100)])
    assert len(servers.store.promotions) == 1
    assert servers.store.slots["dev"].generation == 1
    assert found(servers.store.lane("dev"), next(iter(servers.store.promotions))).phase == "Active"
    print("D7: 100 clicks on one release, 1 promotion")
