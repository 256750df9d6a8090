"""The actor: who does something, as an identity provider says, and which actors are one person."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.release.identity import account_key, mixes_alphabets

_LONGEST = 320  # of an e-mail address, RFC 3696


@dataclass(frozen=True)
class Actor:
    """One account at one identity provider.

    ``verified`` is true only when the provider proved the name; Jupyter's token login does not.
    ``subject`` is the provider's own lasting id, which survives a renaming. ``aliases`` are other
    names and e-mail addresses of the account. ``program`` marks service accounts. ``signed_in``
    is true for a login whose credential code in a kernel cannot hold.
    """

    provider: str
    username: str
    verified: bool = False
    subject: str = ""
    aliases: tuple[str, ...] = ()
    groups: frozenset[str] = frozenset()
    program: bool = False
    signed_in: bool = False
    display_name: str = ""

    def __post_init__(self) -> None:
        for name in (self.provider, self.username):
            if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST:
                raise InvalidInput("An account needs a provider and a name.", field="actor")
            if any(unicodedata.category(char) in ("Cc", "Cs") for char in name):
                raise InvalidInput("An account's name holds control characters.", field="actor")
        object.__setattr__(self, "groups", frozenset(self.groups))
        object.__setattr__(self, "aliases", tuple(self.aliases))

    @property
    def shown(self) -> str:
        """The name for sentences: the display name, else the username, capitalised if plain."""
        return self.display_name or shown_name(self.username)

    @property
    def account(self) -> str:
        """The account's name with its provider, as one key."""
        return f"{self.provider}:{self.username}"

    @property
    def keys(self) -> frozenset[str]:
        """What identifies the person; two accounts that share one key count as one person."""
        names = {f"name:{account_key(name)}" for name in (self.username, *self.aliases) if name}
        return frozenset(
            names | ({f"id:{self.provider}:{self.subject}"} if self.subject else set())
        )

    @property
    def is_person(self) -> bool:
        """Whether this is a person's account: not marked as a program, nor named like one."""
        name = self.username.casefold()
        return not (self.program or name.startswith("system:") or name.endswith("[bot]"))

    def same_person(self, other: Actor) -> bool:
        """Return whether both may be the same person."""
        return not self.keys.isdisjoint(other.keys)

    def why_not_counted(self) -> str:
        """Return why this account's yes can never count, or an empty text."""
        if not self.is_person:
            return f"{self.shown} is a program, not a person"
        if not self.verified:
            return f"{self.shown} is an unverified identity"
        if not self.signed_in:
            return f"{self.shown} used a login that code in a notebook can use too"
        if any(mixes_alphabets(name) for name in (self.username, *self.aliases)):
            return f"the account name {self.username} mixes alphabets"
        return ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that records and the audit log hold."""
        return {
            "provider": self.provider,
            "username": self.username,
            "verified": self.verified,
            "subject": self.subject,
            "aliases": list(self.aliases),
            "groups": sorted(self.groups),
            "program": self.program,
            "signed_in": self.signed_in,
            "display_name": self.display_name,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Actor:
        """Read what ``to_json`` wrote; raises InvalidInput."""
        try:
            return cls(
                provider=value["provider"],
                username=value["username"],
                verified=value["verified"] is True,
                subject=str(value.get("subject", "")),
                aliases=tuple(value.get("aliases", ())),
                groups=frozenset(value.get("groups", ())),
                program=value.get("program", True) is not False,
                signed_in=value.get("signed_in", False) is True,
                display_name=str(value.get("display_name", "")),
            )
        except (KeyError, TypeError, AttributeError):
            raise InvalidInput("A recorded account cannot be read.", field="actor") from None


SERVICE = Actor("modelpack", "service", verified=True, program=True, display_name="the service")


def shown_name(username: str) -> str:
    """Return a username for a sentence: ``rita`` as Rita, anything less plain as it is."""
    return username.capitalize() if username.isalpha() and username.islower() else username


def people(
    actors: Iterable[Actor], barred: Iterable[Actor] = (), links: Iterable[Actor] = ()
) -> list[tuple[Actor, ...]]:
    """Group accounts into people, without everybody who is linked with a barred account.

    Links are followed through: if B shares an alias with A and C shares one with B, all are one.
    ``links`` are accounts that join others without counting themselves.
    """
    groups: list[_Person] = []
    labelled = [_Person(set(actor.keys), [actor]) for actor in actors]
    labelled += [_Person(set(actor.keys), [], barred=True) for actor in barred]
    labelled += [_Person(set(actor.keys), []) for actor in links]
    for person in labelled:
        apart = []
        for group in groups:
            if person.keys.isdisjoint(group.keys):
                apart.append(group)
            else:
                person = group.joined(person)
        groups = [*apart, person]
    return [tuple(group.members) for group in groups if group.members and not group.barred]


@dataclass(frozen=True)
class _Person:
    keys: set[str]
    members: list[Actor]
    barred: bool = False

    def joined(self, other: _Person) -> _Person:
        return _Person(
            self.keys | other.keys,
            [*self.members, *other.members],
            self.barred or other.barred,
        )
