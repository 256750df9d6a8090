"""Promotions: asked for, checked, approved, deployed and rolled back, each step recorded."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from jupyter_modelpack.errors import (
    BackendError,
    Conflict,
    GateNotSatisfied,
    InvalidInput,
    ModelPackError,
)
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.decision import decide
from jupyter_modelpack.release.environment import Seen, Slot
from jupyter_modelpack.release.event import (
    Answer,
    Ask,
    Checked,
    Deploy,
    Deployed,
    Effect,
    Event,
    Move,
    Notify,
    PolicyChanged,
    Recover,
    RunChecks,
    Withdraw,
)
from jupyter_modelpack.release.facts import ReleaseFacts
from jupyter_modelpack.release.gate import GateReport, Kind, evaluate
from jupyter_modelpack.release.lane_steps import Decision
from jupyter_modelpack.release.promotion import Candidate, Lane, Promotion
from jupyter_modelpack.services.policies import Policies, readable
from jupyter_modelpack.services.publishing import located
from jupyter_modelpack.services.release_facts import author_of, pusher_of
from jupyter_modelpack.services.surroundings import Views

Record = Mapping[str, Any]
STALE = timedelta(seconds=60)
_EVERY = 10_000  # more than may ever be open at once
_NOTING = threading.Lock()


class Store(Protocol):
    """Keeps promotions and pointers."""

    def change(
        self,
        package: str,
        environment: str,
        ident: str,
        decide: Callable[[Lane], Decision],
        now: datetime,
    ) -> tuple[Lane, tuple[Effect, ...]]:
        """Read a lane, decide, and write the decision with its audit entries, or nothing."""

    def lane(self, package: str, environment: str, ident: str = "") -> Lane:
        """Return a lane as it is now."""

    def slots(self, package: str, environments: Iterable[str]) -> Mapping[str, Slot]:
        """Return what the environments hold of a package."""

    def get(self, ident: str) -> Promotion:
        """Return a promotion, or raise NotFound."""

    def list(
        self, package: str = "", *, is_open: bool = False, limit: int = 200, before: str = ""
    ) -> Sequence[Promotion]:
        """Return promotions, newest first."""


class Releases(Protocol):
    """Finds the record and the files of a package."""

    def get(self, name: str, version: str) -> Record:
        """Return a record, or raise NotFound."""

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the record of an image under a name."""

    def file(self, name: str, version: str, kind: str) -> bytes | None:
        """Return a compiled file of a package."""


class Deployer(Protocol):
    """Brings a release into an environment."""

    def deploy(self, order: Deploy, record: Record, files: Mapping[str, bytes]) -> None:
        """Return when it is there; raises GateNotSatisfied for a no, others when it breaks."""


@runtime_checkable
class Foresees(Protocol):
    """A deployer that knows before it is asked to deploy whether it could."""

    def ready(self, environment: str) -> None:
        """Raise InvalidInput where what is configured cannot work."""


class Landmarks(Protocol):
    """What is left beside an image whose promotion has become active."""

    def leave(self, package: str, environment: str) -> None:
        """Move the environment's tag to what its pointer says, and keep a checkpoint there."""


@dataclass(frozen=True)
class Wish:
    """What a person asks for; ``generation`` is what the person saw, None: what is there now."""

    name: str
    version: str
    environment: str
    reason: str
    kind: Kind = "promote"
    generation: int | None = None


@dataclass(frozen=True)
class Vote:
    """A person's answer; ``digest``, ``policy`` and ``generation`` say what the person saw.

    None is what is there now. ``override`` is a yes to the release's marked secrets too, for the
    reason in the comment.
    """

    yes: bool
    comment: str = ""
    digest: str | None = None
    policy: str | None = None
    generation: int | None = None
    override: bool = False


@dataclass(frozen=True)
class Outside:
    """What promotions need of the rest of the world."""

    now: Callable[[], datetime]
    new_id: Callable[[], str]
    tell: Callable[[Mapping[str, str]], None]
    deployer: Callable[[], Deployer]
    landmarks: Landmarks


class Promotions:
    """What can be asked about promotions."""

    def __init__(
        self,
        store: Store,
        releases: Releases,
        policies: Policies,
        views: Views,
        outside: Outside,
    ) -> None:
        self._store = store
        self._releases = releases
        self._policies = policies
        self._views = views
        self._out = outside
        self._busy: Counter[tuple[str, str]] = Counter()

    def ask(self, wish: Wish, actor: Actor) -> Promotion:
        """Ask for a promotion or a rollback, and carry it out as far as it goes now.

        Returns it active or waiting. Raises NotPermitted, Conflict, and GateNotSatisfied with
        the checks; a refused request is recorded too.
        """
        policy = self._policies.current()
        policy.environments.checked(wish.environment)
        if isinstance(deployer := self._out.deployer(), Foresees):
            deployer.ready(wish.environment)
        record = self._releases.get(wish.name, wish.version)
        self.recover(wish.name, older_than=STALE)
        author = author_of(record)
        candidate = Candidate(
            str(record["name"]), str(record["version"]), Digest.parse(record["digest"]),
            author, pusher_of(record),
        )  # fmt: skip
        new = ident = self._out.new_id()

        def decided(lane: Lane) -> Decision:
            nonlocal ident
            seen = lane.slot.seen
            if wish.generation is not None and wish.generation != seen.generation:
                seen = Seen(seen.environment, None, wish.generation)
            event = Ask(new, actor, candidate, seen, policy, wish.reason, wish.kind)
            decision = decide(lane, event, self._out.now())
            known = decision[0].open_for(candidate.digest, wish.kind)
            ident = known.id if known is not None else new
            return decision

        with self._at_work(candidate.package, wish.environment):
            lane, effects = self._change(candidate.package, wish.environment, "", decided)
            self._carry_out(lane, effects)
        return self._settled(ident)

    def answer(self, ident: str, actor: Actor, vote: Vote) -> Promotion:
        """Record a person's yes or no; raises NotPermitted, Conflict and NotFound."""
        promotion = self._store.get(ident)
        policy = self._policies.current()
        self.recover(promotion.candidate.package, older_than=STALE)
        seen = promotion.binding.to_json()
        given = {"digest": vote.digest, "policy": vote.policy, "generation": vote.generation}
        seen |= {key: value for key, value in given.items() if value is not None}
        binding = type(promotion.binding).from_json(seen)
        members = self._views.members((actor, *(a.actor for a in promotion.approvals)))
        event = Answer(
            ident, actor, vote.yes, binding, policy, vote.comment, members, vote.override
        )
        self._send(promotion, event)
        return self._settled(ident) if vote.yes else self._store.get(ident)

    def withdraw(self, ident: str, actor: Actor, reason: str = "") -> Promotion:
        """Take a request back; raises NotPermitted, Conflict and NotFound."""
        promotion = self._store.get(ident)
        self._send(promotion, Withdraw(ident, actor, reason))
        return self._store.get(ident)

    def get(self, ident: str) -> Promotion:
        """Return a promotion, or raise NotFound."""
        return self._store.get(ident)

    def list(
        self, name: str = "", *, is_open: bool = False, limit: int = 200, before: str = ""
    ) -> Sequence[Promotion]:
        """Return promotions, newest first; ``before`` is the last id on the page before."""
        return self._store.list(name, is_open=is_open, limit=limit, before=before)

    def policy_changed(self) -> None:
        """Check every open request again, under the policy that is in force now."""
        opened = self._store.list(is_open=True, limit=_EVERY)
        lanes = {(p.candidate.package, p.target) for p in opened}
        for package, environment in sorted(lanes):
            with self._at_work(package, environment):
                lane, effects = self._change(
                    package,
                    environment,
                    "",
                    lambda at: decide(at, PolicyChanged(), self._out.now()),
                )
                self._carry_out(lane, effects)

    def recover(self, name: str = "", *, older_than: timedelta = timedelta(0)) -> int:
        """Go on with what a process left when it was ended; return how many there were.

        Without an age it is everything, whatever the clock says of it: it may have gone back. What
        this process is carrying out just now is left to it.
        """
        until = self._out.now() - older_than
        found = [
            promotion
            for promotion in self._store.list(name, is_open=True, limit=_EVERY)
            if promotion.phase in ("Checking", "Deploying")
            and (not older_than or promotion.last <= until)
            and not self._busy[promotion.candidate.package, promotion.target]
        ]
        for promotion in found:
            self._send(promotion, Recover(promotion.id))
        return len(found)

    def _settled(self, ident: str) -> Promotion:
        promotion = self._store.get(ident)
        report, because = promotion.report, promotion.because or "It was refused."
        if promotion.phase == "Superseded" and promotion.attempt == 0:
            raise Conflict(because, advice="Look again, then decide.", promotion=ident)
        if promotion.phase not in ("Failed", "Errored"):
            return promotion
        if report is not None and not report.passed and promotion.attempt == 0:
            raise GateNotSatisfied(
                f"{_request(promotion)} yet: {because.removeprefix('not yet: ').rstrip('.')}.",
                advice=report.refusals[0].advice if report.refusals else "",
                promotion=ident,
                checks=[check.to_json() for check in report.checks],
            )
        raise BackendError(
            f"{promotion.target.capitalize()} was not changed: {because}",
            advice="Nothing is tried again by itself; ask again when the reason is gone.",
            promotion=ident,
        )

    def _send(self, promotion: Promotion, event: Event) -> None:
        with self._at_work(promotion.candidate.package, promotion.target):
            lane, effects = self._change(
                promotion.candidate.package,
                promotion.target,
                promotion.id,
                lambda at: decide(at, event, self._out.now()),
            )
            self._carry_out(lane, effects)

    @contextmanager
    def _at_work(self, package: str, environment: str) -> Iterator[None]:
        """Note that this process is at work in a lane, from before the first change on."""
        with _NOTING:
            self._busy[package, environment] += 1
        try:
            yield
        finally:
            with _NOTING:
                self._busy[package, environment] -= 1

    def _change(
        self, package: str, environment: str, ident: str, decided: Callable[[Lane], Decision]
    ) -> tuple[Lane, tuple[Effect, ...]]:
        return self._store.change(package, environment, ident, decided, self._out.now())

    def _carry_out(self, lane: Lane, effects: tuple[Effect, ...]) -> None:
        todo = list(effects)
        while todo:
            effect = todo.pop(0)
            event: Event | None = None
            ident = ""
            if isinstance(effect, Notify):
                place = lane.slot.environment
                told = {"id": effect.promotion, "phase": effect.phase, "step": place}
                self._out.tell({"kind": "promotion", **told})
            elif isinstance(effect, Move):
                self._out.landmarks.leave(lane.slot.package, lane.slot.environment)
            elif isinstance(effect, RunChecks):
                ident = effect.promotion
                promotion = self._store.get(ident)
                if promotion.phase == "Checking" and promotion.round == effect.round:
                    event = Checked(ident, effect.round, self._checks(promotion))
            elif isinstance(effect, Deploy):
                ident = effect.promotion
                outcome, message = self._deploy(effect)
                event = Deployed(ident, effect.attempt, outcome, message)
            if event is not None:
                sent = event
                lane, more = self._change(
                    lane.slot.package,
                    lane.slot.environment,
                    ident,
                    lambda at, sent=sent: decide(at, sent, self._out.now()),  # type: ignore[misc]
                )
                todo += more

    def _checks(self, promotion: Promotion) -> GateReport:
        candidate, now = promotion.candidate, self._out.now()
        policy, problem = readable(self._policies)
        try:
            record = self._record(candidate)
            facts, around = self._views.all(record, promotion.target, policy)
            members = self._views.members(a.actor for a in promotion.approvals)
            around = replace(around, members=members)
        except Exception as error:  # whatever it is: what is not known refuses
            problem = problem or _said(error)
            facts = ReleaseFacts(candidate.package, candidate.version, candidate.digest)
            around = self._views.nothing()
        if problem:
            facts = _with_problem(facts, problem)
        return evaluate(promotion.question, facts, around, policy, now)

    def _record(self, candidate: Candidate) -> Record:
        found = self._releases.by_digest(candidate.package, str(candidate.digest))
        if found is None or str(found["version"]) != candidate.version:
            raise InvalidInput(f"The record of {candidate.package} {candidate.version} is gone.")
        return found

    def _deploy(self, order: Deploy) -> tuple[Literal["Succeeded", "Failed", "Errored"], str]:
        try:
            record = self._releases.get(order.package, order.version)
            kinds = ("kubernetes", "kubeflow")
            kept = {kind: self._releases.file(order.package, order.version, kind) for kind in kinds}
            files = {kind: located(data, record) for kind, data in kept.items() if data is not None}
            self._out.deployer().deploy(order, record, files)
        except GateNotSatisfied as error:
            return "Failed", error.message
        except Exception as error:  # a deployer may be anybody's
            return "Errored", _said(error)
        return "Succeeded", ""


def _with_problem(facts: ReleaseFacts, problem: str) -> ReleaseFacts:
    codes = ("policy", "sizes", "digests", "diff_ids", "reference", "provenance")
    return replace(facts, problems={**dict.fromkeys(codes, problem), **facts.problems})


def _said(error: Exception) -> str:
    if isinstance(error, ModelPackError):
        return error.message
    return f"Something broke ({type(error).__name__})."


def _request(promotion: Promotion) -> str:
    candidate = promotion.candidate
    return f"{candidate.package} {candidate.version} cannot enter {promotion.target}"
