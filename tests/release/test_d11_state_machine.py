"""D11: two servers, crashes, a jumping clock and duplicate delivery break no invariant."""

from __future__ import annotations

import os
import uuid
from dataclasses import replace
from datetime import timedelta

import pytest
from databases import KINDS
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from release.ledger_store import LedgerStore
from release.promotion_store import Store
from release.promotion_world import (
    ADA,
    BEN,
    NOON,
    OMAR,
    POLICY,
    RITA,
    TEAM,
    candidate,
    digest,
    facts,
    person,
)

from jupyter_modelpack.adapters.ledger import Ledger
from jupyter_modelpack.errors import ModelPackError
from jupyter_modelpack.release.audit import EMPTY, Checkpoint, verify
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.event import (
    Answer,
    Ask,
    Checked,
    Deploy,
    Deployed,
    Event,
    PolicyChanged,
    Recover,
    RunChecks,
    Withdraw,
)
from jupyter_modelpack.release.facts import ReleaseFacts, RunFact, Surroundings
from jupyter_modelpack.release.gate import evaluate
from jupyter_modelpack.release.history import holdings
from jupyter_modelpack.release.policy_text import parse_policy
from jupyter_modelpack.release.promotion import Lane, Promotion

EXAMPLES = int(os.environ.get("MODELPACK_D11_EXAMPLES", "300"))
STEPS = int(os.environ.get("MODELPACK_D11_STEPS", "50"))
POLICIES = {p.digest: p for p in (POLICY, parse_policy(TEAM.replace("1 day", "1 hour")))}
PEOPLE = (ADA, BEN, RITA, OMAR, person("RITA"), replace(RITA, signed_in=False))
PLACES = ("dev", "staging", "production")
RELEASES = tuple(
    replace(facts(digest(f"r{i}"), f"1.{i}.0", author), runs=())
    for i, author in enumerate((ADA, BEN, RITA))
)
COUNTED = {"examples": 0, "steps": 0, "moves": 0, "refusals": 0, "approved": 0, "rollbacks": 0}


class Promoting(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        COUNTED["examples"] += 1
        self.store = self.new_store()
        self.clocks = [NOON, NOON]
        self.ran: set[tuple[int, str]] = set()
        self.delivered: list[tuple[str, Event]] = []
        self.stale: list[Lane] = []
        self.witnesses = [self.store.checkpoint]
        self.moves: list[tuple[str, int, str]] = []
        self.asked = 0

    def new_store(self) -> Store:
        return Store({place: Slot("churn", place) for place in PLACES}, POLICY.digest)

    # How a server works: read, decide, write in one transaction; or crash before it writes.

    def _send(self, server: int, place: str, event: Event, lane: Lane | None = None) -> bool:
        COUNTED["steps"] += 1
        now = self.clocks[server]
        name = getattr(event, "promotion", "")
        before = self.store.slots[place]
        try:
            _, effects = decide(lane or self.store.lane(place, name), event, now)
            self.store.apply(effects, now)
        except ModelPackError as error:
            COUNTED["refusals"] += 1
            assert error.message.endswith((".", "?", ")"))
            assert self.store.slots[place] == before
            return False
        self.delivered.append((place, event))
        self._note_moves(place, before)
        return True

    def _note_moves(self, place: str, before: Slot) -> None:
        after = self.store.slots[place]
        if after == before:
            return
        COUNTED["moves"] += 1
        assert after.generation == before.generation + 1
        assert after.pointer is not None
        promotion = self.store.promotions[after.pointer.promotion]
        assert promotion.phase == "Active"
        self._demand_approvals(promotion)
        if promotion.kind == "rollback":
            COUNTED["rollbacks"] += 1
            assert promotion.reason
        self.moves.append((place, after.generation, promotion.id))

    def _demand_approvals(self, promotion: Promotion) -> None:
        if promotion.target != "production" or promotion.kind == "rollback":
            return
        COUNTED["approved"] += 1
        good = {
            a.actor.username
            for a in promotion.approvals
            if a.yes and a.binding == promotion.binding and a.actor.signed_in
        }
        barred = {promotion.requester.username, promotion.candidate.author.username}
        assert (good & {"rita", "omar"}) - barred

    def _known(self, index: int) -> ReleaseFacts:
        runs = tuple(RunFact(RELEASES[i].digest, place, True) for i, place in sorted(self.ran))
        return replace(RELEASES[index], runs=runs)

    def _report(self, server: int, promotion: Promotion, working: bool = True) -> Checked:
        index = [r.digest for r in RELEASES].index(promotion.candidate.digest)
        recent = [entry.to_json() for entry in self.store.entries[-3:]]
        around = Surroundings(
            slots=dict(self.store.slots),
            metrics={place: {"auc": 0.87} for place in PLACES},
            held=tuple(self.store.held.get(promotion.target, ())),
            policy=self.store.policy,
            audit=verify(recent, start=self._before(3)).whole,
        )
        policy = POLICIES[self.store.policy]
        known = self._known(index) if working else replace(self._known(index), blobs=None)
        report = evaluate(promotion.question, known, around, policy, self.clocks[server])
        return Checked(promotion.id, promotion.round, report)

    def _before(self, count: int) -> Checkpoint:
        entries = self.store.entries
        return entries[-count - 1].checkpoint if len(entries) > count else EMPTY

    # What people do.

    servers = st.integers(0, 1)
    indexes = st.integers(0, len(RELEASES) - 1)
    places = st.sampled_from(PLACES)

    @rule(server=servers, index=indexes, place=places, who=st.sampled_from(PEOPLE))
    def ask(self, server: int, index: int, place: str, who) -> None:
        self._ask(server, index, place, who, "promote", self.store.lane(place))

    @rule(server=servers, index=indexes, place=places, who=st.sampled_from((RITA, OMAR, ADA)))
    def roll_back(self, server: int, index: int, place: str, who) -> None:
        self._ask(server, index, place, who, "rollback", self.store.lane(place))

    def _ask(self, server: int, index: int, place: str, who, kind, lane: Lane) -> None:
        self.asked += 1
        policy = POLICIES[self.store.policy]
        of = candidate(RELEASES[index])
        self._send(
            server,
            place,
            Ask(f"p{self.asked}", who, of, lane.slot.seen, policy, "because", kind),
        )

    @rule(server=servers, index=indexes)
    def carry_on(self, server: int, index: int) -> None:
        """Ask for the next place, so that releases really get to production."""
        image = RELEASES[index].digest
        holding = [p for p in PLACES if self.store.slots[p].digest == image]
        later = [p for p in PLACES if p not in holding]
        place = later[0] if later else "production"
        if holding:
            self.ran.add((index, holding[-1]))
        self._ask(server, index, place, ADA, "promote", self.store.lane(place))

    @precondition(lambda self: self.store.open())
    @rule(server=servers, who=st.sampled_from(PEOPLE), pick=st.integers(0, 9), agree=st.booleans())
    def answer(self, server: int, who, pick: int, agree: bool) -> None:
        found = self.store.open()
        promotion = found[pick % len(found)]
        policy = POLICIES[self.store.policy]
        yes = agree or pick > 2
        event = Answer(promotion.id, who, yes, promotion.binding, policy, "looked")
        self._send(server, promotion.target, event)

    @precondition(lambda self: self.store.open())
    @rule(server=servers, pick=st.integers(0, 9))
    def withdraw(self, server: int, pick: int) -> None:
        found = self.store.open()
        promotion = found[pick % len(found)]
        was_deploying = promotion.phase == "Deploying"
        done = self._send(server, promotion.target, Withdraw(promotion.id, promotion.requester))
        phase = self.store.promotions[promotion.id].phase
        assert (done and phase == "Withdrawn") or (not done and phase == promotion.phase)
        assert not (done and was_deploying)

    @rule(server=servers, index=indexes)
    def good_week(self, server: int, index: int) -> None:
        """A release goes one place further, with everybody at work and nothing in the way."""
        self.clocks = [max(self.clocks) + timedelta(days=2)] * 2
        self.drain(server)
        self.carry_on(server, index)
        self.drain(server)
        for promotion in self.store.open():
            policy = POLICIES[self.store.policy]
            for who in (RITA, OMAR):
                event = Answer(promotion.id, who, True, promotion.binding, policy, "looked")
                self._send(server, promotion.target, event)
        self.drain(server)

    @rule(server=servers, place=places, pick=st.integers(0, 9))
    def bad_day(self, server: int, place: str, pick: int) -> None:
        """Somebody goes back to what was there before."""
        self.clocks = [max(self.clocks)] * 2
        images = [r.digest for r in RELEASES]
        held = [images.index(d) for d in self.store.held.get(place, ())]
        if held:
            lane = self.store.lane(place)
            self._ask(server, held[pick % len(held)], place, OMAR, "rollback", lane)
            self.drain(server)

    # What the servers do.

    @precondition(lambda self: self.store.outbox)
    @rule(server=servers, pick=st.integers(0, 9), keep=st.booleans(), good=st.integers(0, 9))
    def work(self, server: int, pick: int, keep: bool, good: int) -> None:
        """Take one task; ``keep`` leaves it there, as a crash before the acknowledgement would."""
        task = self.store.outbox[pick % len(self.store.outbox)]
        promotion = self.store.promotions[task.promotion]
        event: Event
        if isinstance(task, RunChecks):
            event = replace(self._report(server, promotion, good > 0), round=task.round)
        else:
            assert isinstance(task, Deploy)
            outcome = "Succeeded" if good > 1 else "Failed" if good else "Errored"
            event = Deployed(task.promotion, task.attempt, outcome)
        self._send(server, promotion.target, event)
        if not keep:
            self.store.outbox.remove(task)

    @rule(server=servers)
    def drain(self, server: int) -> None:
        """Do everything that is to be done, as a quiet afternoon would."""
        for _ in range(12):
            if not self.store.outbox:
                return
            self.work(server, 0, False, 9)

    @precondition(lambda self: self.delivered)
    @rule(server=servers, pick=st.integers(0, 999))
    def deliver_twice(self, server: int, pick: int) -> None:
        place, event = self.delivered[pick % len(self.delivered)]
        slot = self.store.slots[place]
        self._send(server, place, event)
        assert self.store.slots[place] == slot

    @rule(place=places)
    def read_and_pause(self, place: str) -> None:
        """A server reads and is then stopped for a while."""
        self.stale = [*self.stale[-2:], self.store.lane(place)]

    @precondition(lambda self: self.stale)
    @rule(server=servers, pick=st.integers(0, 9))
    def go_on_with_what_was_read(self, server: int, pick: int) -> None:
        """The paused server decides on what it read; the store's compare-and-set has to see it."""
        lane = self.stale.pop()
        revision = self.store.revisions.get(lane.slot.environment, 0)
        for promotion in lane.open:
            event: Event = Recover(promotion.id)
            if promotion.phase == "Deploying":
                event = Deployed(promotion.id, promotion.attempt, "Succeeded")
            done = self._send(server, lane.slot.environment, event, lane)
            assert not done or revision == lane.revision or promotion.phase == "Waiting"
            return

    @rule(server=servers)
    def crash_and_restart(self, server: int) -> None:
        """The outbox is lost with the server; what was open is asked for again."""
        self.store.outbox.clear()
        for promotion in self.store.open():
            self._send(server, promotion.target, Recover(promotion.id))

    @rule(server=servers, minutes=st.sampled_from((1, 30, 61, 1500, -3, -90, -3000)))
    def jump(self, server: int, minutes: int) -> None:
        self.clocks[server] += timedelta(minutes=minutes)

    @rule(minutes=st.sampled_from((61, 1500)))
    def wait(self, minutes: int) -> None:
        self.clocks = [max(self.clocks) + timedelta(minutes=minutes)] * 2

    @rule(policy=st.sampled_from(sorted(POLICIES)))
    def change_policy(self, policy: str) -> None:
        if policy != self.store.policy:
            self.store.set_policy(POLICIES[policy].digest)
            for place in PLACES:
                self._send(0, place, PolicyChanged())

    @rule()
    def keep_a_checkpoint(self) -> None:
        self.witnesses = [*self.witnesses[-2:], self.store.checkpoint]

    # What always holds.

    @invariant()
    def one_pointer_and_one_active_promotion_each(self) -> None:
        for place, slot in self.store.slots.items():
            there = [p for p in self.store.promotions.values() if p.target == place]
            active = [p.id for p in there if p.phase == "Active"]
            assert active == ([slot.pointer.promotion] if slot.pointer else [])
            assert sum(p.phase == "Deploying" for p in there) <= 1

    @invariant()
    def equal_requests_are_one(self) -> None:
        keys = [(p.target, p.candidate.digest, p.kind) for p in self.store.open()]
        assert len(keys) == len(set(keys))

    @invariant()
    def times_never_run_backwards(self) -> None:
        tail = self.store.entries[-10:]
        assert [e.at for e in tail] == sorted(e.at for e in tail)

    def teardown(self) -> None:
        entries = [entry.to_json() for entry in self.store.entries]
        verdict = verify(entries, self.witnesses)
        assert verdict.whole, verdict.problems
        self._history_is_what_happened()
        self._nothing_is_stuck()
        if isinstance(self.store, LedgerStore):
            self.store.compare()

    def _history_is_what_happened(self) -> None:
        told = [(h.environment, h.generation, h.promotion) for h in holdings(self.store.entries)]
        assert told == self.moves
        now = {h.environment: h.digest for h in holdings(self.store.entries) if not h.until}
        assert now == {p: s.digest for p, s in self.store.slots.items() if s.digest}

    def _nothing_is_stuck(self) -> None:
        self.clocks = [max(self.clocks) + timedelta(days=30)] * 2
        self.crash_and_restart(0)
        for _ in range(40):
            self.drain(0)
        left = {p.phase for p in self.store.open()}
        assert left <= {"Waiting"}, left


def run(machine: type[Promoting], examples: int) -> None:
    COUNTED.update(dict.fromkeys(COUNTED, 0))
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=STEPS,
            derandomize=True,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert min(COUNTED.values()) > 0


def test_d11_two_servers() -> None:
    run(Promoting, EXAMPLES)
    print(f"D11: memory: {EXAMPLES} x {STEPS} asked, {COUNTED}, 0 broken invariants")


@pytest.mark.parametrize("kind", KINDS)
def test_d11_two_servers_on_a_database(kind, tmp_path, request) -> None:
    """The same on real ledgers, each step held against memory."""
    examples = max(25, EXAMPLES if os.environ.get("MODELPACK_TEST_FULL") else EXAMPLES // 12)
    cluster = request.getfixturevalue("postgresql") if kind == "postgresql" else None

    class OnLedger(Promoting):
        def new_store(self) -> Store:
            place = cluster.new() if cluster else tmp_path / f"{uuid.uuid4().hex}.sqlite"
            slots = {place: Slot("churn", place) for place in PLACES}
            return LedgerStore(slots, POLICY.digest, ledger=Ledger(place))

    run(OnLedger, examples)
    print(f"D11: {kind}: {examples} x {STEPS} asked, {COUNTED}, 0 differences to memory")
