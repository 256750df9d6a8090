"""Policies: the file that people edit, and the policy that is in force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from jupyter_modelpack.errors import InvalidInput, NotPermitted
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.jurisdiction import jurisdiction
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_change import (
    Changed,
    Install,
    PolicyState,
    Propose,
    decide_policy,
)
from jupyter_modelpack.release.policy_text import parse_policy, ready_made


class Text(Protocol):
    """The policy file."""

    def read(self) -> str | None:
        """Return its text, or None when there is no file; raises InvalidInput."""

    def begin(self, text: str) -> None:
        """Write a first policy, unless there is a file meanwhile."""


class Kept(Protocol):
    """Keeps the policy in force."""

    def state(self) -> PolicyState:
        """Return it."""

    def change(
        self, decide: Callable[[PolicyState], Changed], text: str, now: datetime
    ) -> PolicyState:
        """Decide and write, or write nothing."""


class Policies:
    """Reads the policy; a changed file counts only when the change was approved."""

    def __init__(
        self,
        file: Text,
        kept: Kept,
        now: Callable[[], datetime],
        new_id: Callable[[], str],
        runs_this: Actor,
    ) -> None:
        self._file = file
        self._kept = kept
        self._now = now
        self._new_id = new_id
        self._runs_this = runs_this

    def current(self) -> Policy:
        """Return what the file says; the first time, it comes into force.

        A file that is gone or cannot be read refuses with InvalidInput. Without any policy so far,
        the ready-made one for a single person is written and used.
        """
        first = self._kept.state().generation == 0
        text = self._file.read()
        if text is None and first:
            self._file.begin(ready_made("solo"))
            text = self._file.read()
        policy = parse_policy(text)
        if first:
            self._install(text or "")
        return policy

    @property
    def has_file(self) -> bool:
        """Whether there is a policy file."""
        return self._file.read() is not None

    def in_force(self) -> Policy | None:
        """Return the approved policy, whatever the file says."""
        return self._kept.state().policy

    def adopt(self, actor: Actor, reason: str) -> Policy:
        """Put the file in force, as the policy in force lets it; raises what refuses it."""
        policy = self.current()
        before = self._kept.state().policy
        if before is not None and before.digest == policy.digest:
            return policy
        if policy.needs_second_person and not actor.verified:
            raise NotPermitted(
                f"The policy {policy.name} needs a second person, and here nobody's identity is"
                " verified, so nobody could use it.",
                rule="policy_changes",
                advice="Use a policy without approvals here, or the release service.",
            )
        if before is not None and before.change_approvals.needed:
            raise NotPermitted(
                "The policy in force asks for approvals of a change.",
                rule="policy_changes",
                advice="Propose the change at the release service, or undo it.",
            )
        text = self._file.read() or ""
        seen = before.digest if before else policy.digest
        event = Propose(self._new_id(), actor, text, seen, reason)
        now = self._now()
        self._kept.change(lambda state: decide_policy(state, event, now), text, now)
        return policy

    def _install(self, text: str) -> None:
        now, event = self._now(), Install(self._runs_this, text)

        def decide(state: PolicyState) -> Changed:
            return (state, ()) if state.generation else decide_policy(state, event, now)

        self._kept.change(decide, text, now)


def sentence_of(policy: Policy) -> str:
    """Return a policy in one line."""
    waits = [place.name for place in policy.places if place.approvals.needed]
    if not waits:
        return f"The policy {policy.name}: nobody has to approve; everything is recorded."
    givers = {
        ruling.environment: ruling.who
        for ruling in jurisdiction(policy)
        if ruling.action == "approve"
    }
    parts = [f"{givers[name]} for {name}" for name in waits]
    return f"The policy {policy.name}: approvals from {', '.join(parts)}."


def readable(policies: Policies) -> tuple[Policy | None, str]:
    """Return the policy, or None and what is wrong with it."""
    try:
        return policies.current(), ""
    except InvalidInput as error:
        return None, error.message
