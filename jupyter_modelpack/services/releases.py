"""Releases: one front for all that handlers and the command line ask about promotion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from typing import Any, Protocol

from jupyter_modelpack.errors import InvalidInput, ModelPackError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.audit import Checkpoint, Entry, Verdict, verify
from jupyter_modelpack.release.history import Holding
from jupyter_modelpack.release.policy_change import PolicyChange
from jupyter_modelpack.release.promotion import Promotion
from jupyter_modelpack.services.difference import difference
from jupyter_modelpack.services.environments import Environments, unknown_package
from jupyter_modelpack.services.packages import Packages
from jupyter_modelpack.services.policies import Policies, readable
from jupyter_modelpack.services.policy_view import change_view, policy_view
from jupyter_modelpack.services.promotions import Promotions, Vote, Wish
from jupyter_modelpack.services.release_view import (
    evidence_view,
    holding_view,
    promotion_view,
)
from jupyter_modelpack.services.surroundings import Log

Record = Mapping[str, Any]
Json = dict[str, Any]


class History(Log, Protocol):
    """The audit log, and of it the entries that moved a pointer."""

    def activations(self, package: str = "", environment: str = "") -> tuple[Entry, ...]:
        """Return those entries, in order."""

    def holdings(
        self,
        package: str = "",
        environment: str = "",
        *,
        at: datetime | None = None,
        limit: int | None = None,
        before: int = 0,
    ) -> tuple[Holding, ...]:
        """Return what environments held, newest first, at a time if one is given."""


class Records(Protocol):
    """Finds records of packages."""

    def newest(self, name: str) -> Record | None:
        """Return the record with the highest version."""

    def by_digest(self, name: str | None, digest: str) -> Record | None:
        """Return the record of an image under a name."""

    def get(self, name: str, version: str) -> Record:
        """Return one record, or raise NotFound."""

    def list(self, *, name: str | None = None, path: str | None = None) -> Sequence[Record]:
        """Return summaries, newest first."""


@dataclass(frozen=True)
class Releases:
    """Promotions, environments, history and the audit log, as JSON for one person."""

    promotions: Promotions
    environments: Environments
    policies: Policies
    records: Records
    history_log: History
    cells: Callable[[Record], Sequence[str]]
    witnesses: Callable[[Iterable[Digest]], Iterable[Checkpoint]]

    def ask(self, wish: Wish, actor: Actor) -> Json:
        """Ask for a promotion or a rollback; see ``Promotions.ask``."""
        return self._view(self.promotions.ask(wish, actor), actor)

    def answer(self, ident: str, actor: Actor, vote: Vote) -> Json:
        """Approve or reject."""
        return self._view(self.promotions.answer(ident, actor, vote), actor)

    def withdraw(self, ident: str, actor: Actor, reason: str = "") -> Json:
        """Take a request back."""
        return self._view(self.promotions.withdraw(ident, actor, reason), actor)

    def list(
        self, name: str, actor: Actor, *, is_open: bool, limit: int = 200, before: str = ""
    ) -> Sequence[Json]:
        """Return promotions, newest first; ``before`` is the last id on the page before."""
        found = self.promotions.list(name, is_open=is_open, limit=limit, before=before)
        policy = readable(self.policies)[0]
        return [promotion_view(each, actor, policy) for each in found]

    def get(
        self, ident: str, actor: Actor, shown: Callable[[str], str] = lambda path: path
    ) -> Json:
        """Return a promotion with the difference to what the target holds, and the evidence."""
        promotion = self.promotions.get(ident)
        candidate = promotion.candidate
        record = self.records.by_digest(candidate.package, str(candidate.digest))
        before = None
        if promotion.seen.digest is not None:
            before = self.records.by_digest(candidate.package, str(promotion.seen.digest))
        return {
            **self._view(promotion, actor),
            "difference": self.difference(before, record) if record else None,
            "evidence": evidence_view(record, shown(record["path"])) if record else None,
        }

    def difference(self, before: Record | None, after: Record) -> Json:
        """Return what differs between two releases."""
        cells = (self._cells(before) if before else (), self._cells(after))
        return difference(before, after, cells)

    def show(self, name: str, actor: Actor, path: str | None = None) -> Json:
        """Return the environments of a package."""
        return self.environments.show(name, actor, path)

    def history(
        self,
        name: str = "",
        environment: str = "",
        at: str = "",
        *,
        limit: int | None = None,
        before: int = 0,
    ) -> Sequence[Json]:
        """Return what held the environments, newest first, or only what did at a time.

        ``before`` is the ``entry`` of the last one on the page before.
        """
        if name and self.records.newest(name) is None:
            raise unknown_package(name)
        policy, _ = readable(self.policies)
        if environment and policy is not None:
            policy.environments.checked(environment)
        when = moment_from(at) if at else None
        found = self.history_log.holdings(name, environment, at=when, limit=limit, before=before)
        return [holding_view(holding) for holding in found]

    def audit(self, known: Iterable[Checkpoint] = ()) -> Verdict:
        """Read the whole audit log, and hold it against the checkpoints kept in and beside it."""
        held = {Digest(e.record.data["digest"]) for e in self.history_log.activations()}
        kept = [*self.history_log.checkpoints(), *self.witnesses(sorted(held)), *known]
        return verify(self.history_log.rows(), kept)

    def entries(self, after: int | None, limit: int) -> Json:
        """Return a part of the audit log and the checkpoint of all of it; None: no entries."""
        head = self.history_log.head()
        rows = [] if after is None else list(islice(self.history_log.rows(after), limit))
        # entries that came after the head was read belong to the next answer
        rows = [row for row in rows if int(row.get("sequence", 0)) <= head.size]
        return {"checkpoint": head.to_json(), "entries": rows}

    def state(self) -> str:
        """Return a text that is another one as soon as something has happened."""
        return str(self.history_log.head().size)

    def compare(self, before: str, after: str) -> Json:
        """Return what differs between two releases, named as people type them."""
        packages = Packages(self.records)
        return self.difference(packages.resolve(before), packages.resolve(after))

    def policy(self, actor: Actor) -> Json:
        """Return the policy in force, what the file says, and the changes that wait."""
        policy, problem = readable(self.policies)
        state = self.policies.state()
        return policy_view(policy, problem, state, actor)

    def propose_policy(self, actor: Actor, text: str, reason: str, seen: str | None = None) -> Json:
        """Propose another policy; see ``Policies.propose``."""
        before = self.policies.state().generation
        change = self.policies.propose(actor, text, reason, Digest.parse(seen) if seen else None)
        return self._policy_changed(before, change, actor)

    def answer_policy(self, ident: str, actor: Actor, vote: Vote) -> Json:
        """Approve or reject a proposed policy; see ``Policies.answer``."""
        before = self.policies.state().generation
        givers = [a.actor for a in self.policies.change_of(ident).approvals]
        members = self.environments.views.members((actor, *givers))
        change = self.policies.answer(ident, actor, vote, members)
        return self._policy_changed(before, change, actor)

    def adopt_policy(self, actor: Actor, reason: str) -> Json:
        """Put the policy file in force; open requests are checked again."""
        policy = self.policies.adopt(actor, reason)
        self.promotions.policy_changed()
        return {"name": policy.name, "digest": str(policy.digest)}

    def _policy_changed(self, before: int, change: PolicyChange, actor: Actor) -> Json:
        state = self.policies.state()
        if state.generation != before:
            self.promotions.policy_changed()
        return change_view(change, state.policy, actor)

    def recover(self) -> int:
        """Go on with what an earlier process left."""
        self.policies.finish()
        return self.promotions.recover()

    def _view(self, promotion: Promotion, actor: Actor) -> Json:
        return promotion_view(promotion, actor, readable(self.policies)[0])

    def _cells(self, record: Record) -> Sequence[str]:
        try:
            return self.cells(record)
        except ModelPackError:
            return ()


def moment_from(text: str) -> datetime:
    """Read a time that a person wrote; one without a zone is in UTC, a day means its beginning."""
    try:
        found = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise InvalidInput(
            f"{text!r:.60} is not a time.", field="at", advice="Write it as 2026-11-17T12:00."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)
