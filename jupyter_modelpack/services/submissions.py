"""Submissions: packages that somebody sent to become releases, asked for, watched, carried out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from jupyter_modelpack.errors import NotPermitted
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.name import checked_name
from jupyter_modelpack.services.builds import Desk, Queue, Workers
from jupyter_modelpack.services.described import Claim
from jupyter_modelpack.services.packaging_types import Phase
from jupyter_modelpack.services.record import digest_of
from jupyter_modelpack.services.work import Work, ended, error_json, new_intake_state, phase_of

Record = Mapping[str, Any]


class Submissions:
    """What can be asked about submissions."""

    def __init__(
        self,
        queue: Queue,
        workers: Workers,
        now: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._queue = queue
        self._workers = workers
        self._now = now
        self._new_id = new_id

    def start(self, record: Record, actor: Actor) -> Work:
        """Queue a submission, or return the unfinished one of the same image by the same account.

        Raises InvalidInput for a record that cannot be read, NotPermitted for somebody whom no
        login has verified.
        """
        if not actor.verified:
            raise NotPermitted(
                f"{actor.shown} is an unverified identity, and a release needs an author.",
                rule="submissions",
                advice="Submit at the release service, with a login that names you.",
            )
        claim = Claim.read(record)
        entered = self._queue.enter(
            Work(
                id=self._new_id(),
                kind="intake",
                created=self._now(),
                name=checked_name(claim.name),
                requested_by=actor.username,
                fingerprint=digest_of(["intake", claim.name, str(claim.digest), actor.account]),
                request={"record": claim.to_json(), "actor": actor.to_json()},
                state=new_intake_state(),
            )
        )
        self._workers.kick()
        return entered

    def get(self, ident: str) -> Work:
        """Return a submission; raises NotFound."""
        return self._queue.get("intake", ident)


class Taker(Protocol):
    """Takes submissions in."""

    def take_in(
        self,
        submitted: Record,
        caller: Actor,
        tell: Callable[[Any], None],
        log: Callable[[str], None],
        cancelled: Callable[[], bool],
    ) -> Record:
        """Return the record of the release, or raise."""


def carry_out_intake(
    work: Work, taker: Taker, desk: Desk, cancelled: Callable[[], bool]
) -> tuple[Phase, dict[str, Any]]:
    """Do an intake and return the phase and the state that it ended in."""
    state = {**work.state}

    def tell(step: str) -> None:
        state["step"] = step
        desk.save(state, step)

    try:
        caller = Actor.from_json(work.request["actor"])
        record = taker.take_in(work.request["record"], caller, tell, desk.log, cancelled)
    except Exception as error:
        desk.bug(error)
        phase = phase_of(error)
        return phase, ended(state, phase, error_json(error))
    package = {key: str(record[key]) for key in ("name", "version", "digest")}
    return "Succeeded", {**state, "package": package}
