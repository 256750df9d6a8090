"""The events that a lane decides on, and the effects that a decision asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import Binding, Members
from jupyter_modelpack.release.environment import Seen, Slot
from jupyter_modelpack.release.gate import GateReport, Kind
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.promotion import Candidate, Promotion


@dataclass(frozen=True)
class Ask:
    """A person asks; ``promotion`` is an id that the caller made, so that a repeat is the same."""

    promotion: str
    actor: Actor
    candidate: Candidate
    seen: Seen
    policy: Policy
    reason: str = ""
    kind: Kind = "promote"


@dataclass(frozen=True)
class Checked:
    """The checks of one round have been made."""

    promotion: str
    round: int
    report: GateReport


@dataclass(frozen=True)
class Answer:
    """A person says yes or no; ``binding`` is what that person saw.

    ``override`` is a yes to the release's marked secrets too, for the reason in the comment.
    """

    promotion: str
    actor: Actor
    yes: bool
    binding: Binding
    policy: Policy
    comment: str = ""
    members: Members | None = None
    override: bool = False


@dataclass(frozen=True)
class Withdraw:
    """The requester takes the request back."""

    promotion: str
    actor: Actor
    reason: str = ""


@dataclass(frozen=True)
class Deployed:
    """A deployment ended: well, with a no (``Failed``), or broken (``Errored``)."""

    promotion: str
    attempt: int
    outcome: Literal["Succeeded", "Failed", "Errored"]
    message: str = ""


@dataclass(frozen=True)
class Recover:
    """A service starts and finds the promotion open: whatever was under way is asked for again."""

    promotion: str


@dataclass(frozen=True)
class PolicyChanged:
    """Another policy has been approved; every yes for the former one is void."""


Event = Ask | Checked | Answer | Withdraw | Deployed | Recover | PolicyChanged


@dataclass(frozen=True)
class Advance:
    """Set the lane's revision to one more than ``expected``; if it is another, roll all back.

    It comes first in every decision that changes anything. Two servers that read the same lane
    could otherwise each open a promotion of the same bytes, or each begin to deploy.
    """

    package: str
    environment: str
    expected: int


@dataclass(frozen=True)
class Save:
    """Write a promotion; its stored revision must be one less, or absent for revision 1."""

    promotion: Promotion


@dataclass(frozen=True)
class Move:
    """Move a pointer: compare with ``expected``, then set ``slot``; otherwise roll all back."""

    expected: Seen
    slot: Slot


@dataclass(frozen=True)
class Record:
    """Append an audit entry, in the same transaction."""

    kind: str
    actor: Actor
    package: str
    environment: str
    promotion: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunChecks:
    """After the transaction: gather facts, evaluate, and send ``Checked`` with this round."""

    promotion: str
    round: int


@dataclass(frozen=True)
class Deploy:
    """After the transaction: deploy, and send ``Deployed`` with this attempt.

    A deployer refuses a lower (generation, attempt) than it has seen, so that one that was paused
    cannot overwrite what came later.
    """

    promotion: str
    attempt: int
    generation: int
    package: str
    version: str
    digest: Digest
    environment: str


@dataclass(frozen=True)
class Notify:
    """After the transaction, best effort: tell people that something waits or is decided."""

    promotion: str
    phase: str


Effect = Advance | Save | Move | Record | RunChecks | Deploy | Notify
