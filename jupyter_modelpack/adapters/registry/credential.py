"""The credential: a name and a secret, which no representation of it shows."""

from __future__ import annotations

from dataclasses import dataclass, field

_SHORTEST = 4


@dataclass(frozen=True)
class Credential:
    """A username with a password, an identity token, or a ready token for the registry."""

    username: str = ""
    secret: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)

    @property
    def anonymous(self) -> bool:
        """Whether it says nothing."""
        return not (self.secret or self.identity_token or self.registry_token)

    def redacted(self, text: str) -> str:
        """Return a text without the secrets."""
        for each in (self.secret, self.identity_token, self.registry_token):
            if len(each) >= _SHORTEST:
                text = text.replace(each, "***")
        return text


ANONYMOUS = Credential()
