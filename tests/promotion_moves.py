"""Moves of a release through its places, and what has to hold of the log after them."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from promoting import YOU

from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.services.promotions import Wish

PLACES = ("dev", "staging", "production")


def ask(world, version="1.0.0", to="dev", who=YOU, **more):
    return world.promotions.ask(Wish("churn", version, to, "because", **more), who)


def everywhere(world, version):
    for place in PLACES:
        ask(world, version, place)


def holds(world, place="production"):
    slot = world.ledger.promotions.lane("churn", place).slot
    return slot.pointer.version if slot.pointer else None


def entries(world):
    return list(world.ledger.audit.rows())


def whole(world):
    """Say that the log is unbroken, and that every move of a pointer has its entry."""
    assert world.releases.audit().whole
    moves = [e for e in entries(world) if e["kind"] == "promotion.active"]
    for place in PLACES:
        mine = [e["data"]["generation"] for e in moves if e["environment"] == place]
        assert mine == list(range(1, len(mine) + 1)), "the history is linear"
        assert world.ledger.promotions.lane("churn", place).slot.generation == len(mine)


def together(count, act):
    """Call ``act(number)`` from many threads at once and return what came back, or was raised."""
    barrier = threading.Barrier(min(count, 25))

    def one(number):
        if number < barrier.parties:
            barrier.wait()
        try:
            return act(number)
        except ModelPackError as error:
            return error

    with ThreadPoolExecutor(25) as pool:
        return list(pool.map(one, range(count)))
