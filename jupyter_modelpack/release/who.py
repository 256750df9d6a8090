"""Who may do something: people, groups and roles that a policy names, or everyone, or nobody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.release.actor import Actor, shown_name
from jupyter_modelpack.release.canonical import spoken_list


@dataclass(frozen=True)
class Who:
    """Names as the policy writes them; matching is exact, so that no look-alike gets in."""

    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    everyone: bool = False

    def __post_init__(self) -> None:
        for name in ("people", "groups", "roles"):
            object.__setattr__(self, name, tuple(dict.fromkeys(getattr(self, name))))

    @property
    def is_nobody(self) -> bool:
        """Whether nobody is named."""
        return not (self.everyone or self.people or self.groups or self.roles)

    def by_name(self, actor: Actor, roles: Mapping[str, Who]) -> bool:
        """Return whether ``actor`` is included without asking for group membership."""
        if self.everyone or actor.username in self.people:
            return True
        return any(roles[r].by_name(actor, {}) for r in self.roles if r in roles)

    def includes(self, actor: Actor, roles: Mapping[str, Who]) -> bool:
        """Return whether ``actor`` is included, also as a member of a group."""
        if self.by_name(actor, roles) or not actor.groups.isdisjoint(self.groups):
            return True
        return any(roles[r].includes(actor, {}) for r in self.roles if r in roles)

    def sentence(self, roles: Mapping[str, Who], without: tuple[Actor, ...] = ()) -> str:
        """Return who it is, for people: ``Rita or Omar``, without those who are left out."""
        if self.everyone:
            return "anyone else" if without else "everyone"
        return spoken_list(self._phrases(roles, without), "or")

    def _phrases(self, roles: Mapping[str, Who], without: tuple[Actor, ...]) -> list[str]:
        phrases = [
            shown_name(name)
            for name in self.people
            if not any(actor.same_person(Actor(actor.provider, name)) for actor in without)
        ]
        phrases += [f"someone in {group}" for group in self.groups]
        for role in self.roles:
            phrases += roles[role]._phrases({}, without) if role in roles else []
        return list(dict.fromkeys(phrases))

    def to_json(self) -> Any:
        """Return what a policy file would say; the order of names does not matter."""
        if self.everyone:
            return "everyone"
        kinds = {"people": self.people, "groups": self.groups, "roles": self.roles}
        return {kind: sorted(names) for kind, names in kinds.items() if names} or "nobody"


NOBODY = Who()
EVERYONE = Who(everyone=True)
