"""The policy: what every environment asks for and who may do what, as frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from jupyter_modelpack.errors import NotFound, NotPermitted
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.canonical import digest_of, spoken_span
from jupyter_modelpack.release.environment import Environments
from jupyter_modelpack.release.metric import Bound
from jupyter_modelpack.release.who import EVERYONE, NOBODY, Who

PROVENANCE = "https://slsa.dev/provenance/v1"


@dataclass(frozen=True)
class Approvals:
    """How many people have to say yes, and from whom; by default one, from nobody."""

    needed: int = 1
    givers: Who = NOBODY

    def to_json(self) -> dict[str, Any]:
        """Return what a policy file would say."""
        return {"needed": self.needed, "from": self.givers.to_json()}


@dataclass(frozen=True)
class Gates:
    """What a release has to show before it may enter; ``soak`` is its time in the one before."""

    verified: bool = True
    no_blocking_finding: bool = True
    checks_green: bool = True
    ran_before: bool = False
    metrics: tuple[Bound, ...] = ()
    soak: timedelta = timedelta(0)
    owner_card: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return what a policy file would say."""
        return {
            "verified": self.verified,
            "no_blocking_finding": self.no_blocking_finding,
            "checks_green": self.checks_green,
            "ran_before": self.ran_before,
            "metrics": [str(bound) for bound in self.metrics],
            "soak": written_span(self.soak),
            "owner_card": self.owner_card,
        }


@dataclass(frozen=True)
class Place:
    """One environment's rules: its gates, who may ask, approve and roll back.

    ``override_secrets`` may let in what looks like a secret and is marked as none.
    """

    name: str
    latest: str = ""
    gates: Gates = Gates()
    ask: Who = NOBODY
    approvals: Approvals = Approvals()
    roll_back: Who = NOBODY
    roll_back_approvals: int = 0
    override_secrets: Who = NOBODY

    def approvals_for(self, kind: str) -> Approvals:
        """Return who approves a promotion of this kind."""
        if kind == "rollback":
            return Approvals(self.roll_back_approvals, self.approvals.givers)
        return self.approvals

    def to_json(self) -> dict[str, Any]:
        """Return what a policy file would say."""
        return {
            "name": self.name,
            **({"latest": self.latest} if self.latest else {}),
            "gates": self.gates.to_json(),
            "ask": self.ask.to_json(),
            "approvals": self.approvals.to_json(),
            "roll_back": {"from": self.roll_back.to_json(), "approvals": self.roll_back_approvals},
            # Left out where it says nothing, so that older policies keep their digests.
            **(
                {}
                if self.override_secrets.is_nobody
                else {"override_secrets": self.override_secrets.to_json()}
            ),
        }


@dataclass(frozen=True)
class Policy:
    """All rules of one installation; equal rules have an equal ``digest``, whatever the comments.

    ``provider`` limits every name in it to one identity provider, ``builders`` are the builders
    whose provenance counts, ``provenance`` is the type of it that is asked for.
    """

    name: str
    places: tuple[Place, ...]
    roles: Mapping[str, Who] = field(default_factory=dict)
    package: Who = EVERYONE
    change_ask: Who = NOBODY
    change_approvals: Approvals = Approvals()
    provider: str = ""
    builders: tuple[str, ...] = ("local", "service")
    provenance: str = PROVENANCE

    @cached_property
    def environments(self) -> Environments:
        """The environments in order."""
        return Environments(tuple(place.name for place in self.places))

    def place(self, name: str) -> Place:
        """Return the rules of an environment; raises NotFound."""
        self.environments.checked(name)
        for place in self.places:
            if place.name == name:
                return place
        raise NotFound("environment", name)

    @cached_property
    def needs_second_person(self) -> bool:
        """Whether anything here waits for another person; then unverified identities do nothing."""
        counts = [self.change_approvals.needed]
        for place in self.places:
            counts += [place.approvals.needed, place.roll_back_approvals]
        return any(counts)

    def includes(self, who: Who, actor: Actor) -> bool:
        """Return whether ``actor`` is among ``who``, by name, group or role."""
        return (not self.provider or actor.provider == self.provider) and who.includes(
            actor, self.roles
        )

    def demand(self, who: Who, actor: Actor, what: str, rule: str) -> None:
        """Raise NotPermitted, with who may, unless ``actor`` may do ``what``."""
        if self.needs_second_person and not actor.verified:
            raise NotPermitted(
                f"{actor.shown} is an unverified identity, and this policy needs a second person.",
                rule=rule,
                advice="Log in at the release service, or use a solo policy.",
            )
        if not self.includes(who, actor):
            others = who.sentence(self.roles) or "nobody"
            raise NotPermitted(
                f"{actor.shown} may not {what}.",
                rule=rule,
                advice=f"The policy {self.name} lets {others} do it.",
            )

    @cached_property
    def digest(self) -> Digest:
        """The digest of the rules."""
        return digest_of(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Return the policy as a file with every field would say it; it reads back the same."""
        return {
            "version": 1,
            "name": self.name,
            **({"provider": self.provider} if self.provider else {}),
            "builders": sorted(self.builders),
            "provenance": self.provenance,
            "roles": {role: who.to_json() for role, who in self.roles.items()},
            "package": self.package.to_json(),
            "environments": [place.to_json() for place in self.places],
            "policy_changes": {
                "ask": self.change_ask.to_json(),
                "approvals": self.change_approvals.to_json(),
            },
        }


def written_span(span: timedelta) -> str:
    """Return a span as a policy file says it: ``none``, ``1 day``, ``36 hours``."""
    count, _, unit = spoken_span(span).partition(" ")
    return f"{'1' if count in ('a', 'an') else count} {unit}" if span else "none"
