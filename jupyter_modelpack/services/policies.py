"""Policies: the file that people edit, and the policy that is in force."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from jupyter_modelpack.errors import Conflict, InvalidInput, NotFound, NotPermitted, StoreError
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Binding, Members
from jupyter_modelpack.release.jurisdiction import jurisdiction
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.policy_change import (
    AnswerChange,
    Changed,
    Install,
    PolicyChange,
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

    def replace(self, text: str) -> None:
        """Write another policy over it; raises StoreError."""


class Kept(Protocol):
    """Keeps the policy in force."""

    def state(self) -> PolicyState:
        """Return it."""

    def change(
        self, decide: Callable[[PolicyState], Changed], text: str, now: datetime
    ) -> PolicyState:
        """Decide and write, or write nothing."""


class Answer(Protocol):
    """A person's yes or no; ``digest`` says which text the person saw, None: what is there."""

    @property
    def yes(self) -> bool:
        """Whether it is a yes."""

    @property
    def comment(self) -> str:
        """Why."""

    @property
    def digest(self) -> str | None:
        """The digest of the policy that the person saw."""


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

    def text_in_force(self) -> str | None:
        """Return the text of the policy in force, or None where the file says something else."""
        policy = self.in_force()
        with suppress(InvalidInput):
            text = self._file.read()
            if text is not None and policy and parse_policy(text).digest == policy.digest:
                return text
        return None

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
        self.propose(actor, self._file.read() or "", reason)
        return policy

    def state(self) -> PolicyState:
        """Return the policy in force, and the changes that were proposed."""
        return self._kept.state()

    def propose(
        self, actor: Actor, text: str, reason: str, seen: Digest | None = None
    ) -> PolicyChange:
        """Propose another policy; it is in force at once where nobody has to approve.

        ``seen`` is the policy that the proposer looked at, None: the one in force. Raises
        InvalidInput for a text that is no policy, NotPermitted and Conflict.
        """
        self.current()
        state = self._kept.state()
        if state.policy is None:
            raise Conflict("There is no policy yet.", advice="Install a first one.")
        parse_policy(text)
        if state.policy.change_approvals.needed == 0 and actor.verified and not actor.signed_in:
            raise NotPermitted(
                "Nobody has to approve a change here, so that a login which code in a notebook"
                " can use is not enough for one.",
                rule="policy_changes",
                advice="Let the policy ask for approvals of changes, or edit its file.",
            )
        event = Propose(self._new_id(), actor, text, seen or state.policy.digest, reason)
        return self._changed(event, text, event.id)

    def answer(
        self, ident: str, actor: Actor, vote: Answer, members: Members | None
    ) -> PolicyChange:
        """Record a yes or no to a proposed policy; with enough of them it is in force.

        Raises NotFound, NotPermitted and Conflict.
        """
        change = self.change_of(ident)
        seen = change.binding.to_json()
        if vote.digest is not None:
            seen["digest"] = vote.digest
        binding = Binding.from_json(seen)
        event = AnswerChange(ident, actor, vote.yes, binding, vote.comment, members)
        return self._changed(event, change.text, ident)

    def change_of(self, ident: str) -> PolicyChange:
        """Return a proposed change, or raise NotFound."""
        found = next((each for each in self._kept.state().changes if each.id == ident), None)
        if found is None:
            raise NotFound("policy change", f"{ident!s:.60}")
        return found

    def finish(self) -> None:
        """Write the policy in force into the file where an earlier process could not any more.

        Only a file that still says what the policy before said is written; anything else is an
        edit that nobody approved, and refuses.
        """
        state, text = self._kept.state(), self._file.read()
        last = next((c for c in reversed(state.changes) if c.phase == "Active"), None)
        if last is None or text is None or state.policy is None:
            return
        with suppress(InvalidInput):
            if last.digest == state.policy.digest and parse_policy(text).digest == last.before:
                self._file.replace(last.text)

    def _changed(self, event: Propose | AnswerChange, text: str, ident: str) -> PolicyChange:
        now = self._now()
        self._kept.change(lambda state: decide_policy(state, event, now), text, now)
        # A file that cannot be written refuses promotions until somebody writes it.
        with suppress(StoreError, InvalidInput):
            self.finish()
        return self.change_of(ident)

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
