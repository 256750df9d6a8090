"""Pages: what people read and decide on in a browser, one view for each page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.audit import Entry
from jupyter_modelpack.release.environment import Pointer
from jupyter_modelpack.release.history import Holding
from jupyter_modelpack.services.audit_page import audit_page
from jupyter_modelpack.services.environments import identity_view
from jupyter_modelpack.services.front_page import front_page
from jupyter_modelpack.services.history_page import history_page
from jupyter_modelpack.services.jurisdiction_page import jurisdiction_page
from jupyter_modelpack.services.package_page import package_page
from jupyter_modelpack.services.promotion_page import promotion_page, record_of
from jupyter_modelpack.services.promotions import Vote, Wish
from jupyter_modelpack.services.proofs import Proofs
from jupyter_modelpack.services.releases import Record, Releases

Json = dict[str, Any]


class Overview(Protocol):
    """Reads the ledger a screenful at a time; ``before`` is where the page before ended."""

    def names(self, limit: int, before: int = 0) -> Sequence[tuple[int, str, int]]:
        """Return place, name and number of releases of packages."""

    def releases(self, name: str, limit: int, before: int = 0) -> Sequence[tuple[int, Record]]:
        """Return place and summary of a package's releases, newest first."""

    def held(self, names: Sequence[str]) -> dict[str, dict[str, Pointer]]:
        """Return what the environments hold of some packages."""

    def holdings(
        self, name: str, environment: str, limit: int, before: int = 0
    ) -> Sequence[Holding]:
        """Return what environments held, newest first."""

    def entries(self, limit: int, before: int = 0) -> Sequence[Entry]:
        """Return audit entries, newest first."""


@dataclass(frozen=True)
class Pages:
    """The view of each page, for one person."""

    releases: Releases
    overview: Overview
    proofs: Proofs
    now: Callable[[], datetime]
    state: Callable[[], str]

    def front(self, actor: Actor, before: int = 0) -> Json:
        """Return what waits for somebody, and the packages with their lanes."""
        return front_page(self, actor, before)

    def promotion(self, ident: str, actor: Actor) -> Json:
        """Return a promotion as a reviewer reads it; raises NotFound."""
        return promotion_page(self, ident, actor)

    def package(self, name: str, actor: Actor, before: int = 0) -> Json:
        """Return a package with its lanes, releases and history; raises NotFound."""
        return package_page(self, name, actor, before)

    def history(self, name: str, environment: str, at: str, before: int = 0) -> Json:
        """Return what the environments held; raises NotFound and InvalidInput."""
        return history_page(self, name, environment, at, before)

    def audit(self, *, whole: bool, before: int = 0) -> Json:
        """Return the audit log and whether it is unbroken; ``whole`` reads all of it."""
        return audit_page(self, whole, before)

    def jurisdiction(self, actor: Actor) -> Json:
        """Return who may do what, where, in the words of the policy, and proposed changes of it."""
        return jurisdiction_page(self.releases.policies, actor)

    def decide_policy(self, ident: str, actor: Actor, vote: Vote) -> None:
        """Approve or reject a proposed policy; see ``Policies.answer``."""
        self.releases.answer_policy(ident, actor, vote)

    def signed_in(self, actor: Actor) -> Json:
        """Return who somebody is, and how that was proved."""
        return {"identity": identity_view(actor), "actor": actor.to_json()}

    def notebook(self, ident: str) -> str:
        """Return the notebook of a promotion's release as it ran, as a page in which nothing runs.

        Raises NotFound, and InvalidInput for what is no notebook.
        """
        return self.proofs.page(record_of(self, self.releases.promotions.get(ident)))

    def decide(self, ident: str, actor: Actor, vote: Vote) -> None:
        """Approve or reject; see ``Promotions.answer``."""
        self.releases.answer(ident, actor, vote)

    def withdraw(self, ident: str, actor: Actor, reason: str) -> None:
        """Take a request back; see ``Promotions.withdraw``."""
        self.releases.withdraw(ident, actor, reason)

    def roll_back(self, wish: Wish, actor: Actor) -> str:
        """Ask for a rollback and return its id; see ``Promotions.ask``."""
        return str(self.releases.ask(wish, actor)["id"])
