"""How a Kubeflow run is folded from answers: how late its end is seen when many have none (E6)."""

from __future__ import annotations

import random

from jupyter_modelpack.pipeline.progress import SLOW, RunProgress

END = {"state": "SUCCEEDED", "finished_at": "2026-11-27T00:00:00Z"}


def late(chance: random.Random, failing: float) -> float:
    """Return how many seconds after its end a run is seen to have ended, asked as is worth it."""
    ends = chance.uniform(0, 120)
    now, progress = 0.0, RunProgress()
    while not progress.over:
        if chance.random() < failing:
            progress = progress.unknown(now)
        else:
            progress = progress.told(END if now >= ends else {"state": "RUNNING"}, now)
        now += 0 if progress.over else progress.wait
    return now - ends


def test_e6_with_a_third_of_errors_for_good_each_end_is_seen_within_a_minute() -> None:
    chance = random.Random(6)
    found = sorted(late(chance, 0.3) for _ in range(5000))
    print(f"E6, 30 % errors for good: {len(found)} ends seen {found[-1]:.0f} s late at most, "
          f"{found[len(found) // 2]:.0f} s in the middle")  # fmt: skip
    assert found[-1] <= 60


def test_e6_a_server_that_is_away_is_asked_less_and_its_return_is_seen_soon() -> None:
    now, asked, progress = 0.0, 0, RunProgress("Running")
    while now < 600:
        progress, asked = progress.unknown(now), asked + 1
        now += progress.wait
    print(f"{asked} questions in ten minutes without an answer, the next {progress.wait:.0f} s on")
    assert asked <= 45 and progress.wait == SLOW and progress.unknown_since == 0.0
    assert progress.told({"state": "RUNNING"}, now).unanswered == 0
