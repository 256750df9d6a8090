"""A stand-in for the routes about releases: a small team, and what each of its people may do."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field
from typing import Any

from browser import samples
from browser.fake_server import NOT_THERE, Answer, FakeServer

GATE: dict[str, Any] = {"outcome": "passed", "detail": "", "advice": ""}


def golden(name: str) -> Any:
    """What the server really answers, as both test suites read it."""
    return json.loads((samples.CONTRACT / f"{name}.json").read_text())


def promotion(**other: Any) -> dict[str, Any]:
    """A promotion that waits, with its difference and its evidence."""
    return golden("promotion") | {"created": samples.ago(minutes=12)} | other


def for_the_reviewer(**other: Any) -> dict[str, Any]:
    """The same, as one who may approve it sees it."""
    may = {
        "approve": {"allowed": True, "sentence": ""},
        "withdraw": {"allowed": False, "sentence": "Ada asked for it."},
    }
    return promotion(may=may, **other)


def lane(
    name: str, version: str | None, by: str = "ada", *, to: list[str] | None = None, **days: float
) -> dict[str, Any]:
    """An environment that may not be promoted to for no reason of its own."""
    holds = {"version": version, "digest": samples.DIGEST, "since": samples.ago(**days), "by": by}
    return {
        "name": name,
        "holds": holds if version else None,
        "generation": 4,
        "waiting": None,
        "promote": {
            "allowed": False,
            "version": "1.3.0",
            "checks": [],
            "sentence": f"{name.title()} runs 1.3.0 already.",
        },
        "rollback": {"allowed": bool(to), "to": to or [], "sentence": ""},
    }


def lanes() -> dict[str, Any]:
    """Three environments: the first has it, the second could, the third not yet."""
    dev = lane("dev", "1.3.0", minutes=2)
    staging = lane("staging", "1.2.0", "rita", to=["1.1.1", "1.1.0"], days=3)
    staging["promote"] |= {
        "allowed": True,
        "checks": [
            GATE | {"name": "verified", "sentence": "Ran sealed, notebook reproduced"},
            GATE | {"name": "checks", "sentence": "2 of 2 of the team's checks"},
            GATE | {"name": "ran", "sentence": "Ran in dev"},
        ],
        "sentence": "ready: verified, checks green, ran in dev",
    }
    production = lane("production", "1.2.0", "rita", days=2)
    production["promote"] |= {
        "checks": [
            GATE | {"name": "verified", "sentence": "Ran sealed, notebook reproduced"},
            GATE
            | {
                "name": "soak",
                "outcome": "failed",
                "sentence": "A day in staging",
                "detail": "It is not in staging yet.",
                "advice": "Promote it to staging, and come back tomorrow.",
            },
            GATE
            | {
                "name": "owner",
                "outcome": "unknown",
                "sentence": "An owner is named",
                "advice": "Write who answers for it into `owner.yaml`.",
            },
            GATE
            | {
                "name": "approvals",
                "outcome": "waiting",
                "sentence": "0 approvals of 1",
                "detail": "Rita or Omar.",
            },
        ],
        "sentence": "not yet: must run in staging for a day; Rita or Omar approve, not you",
    }
    return golden("environments") | {"environments": [dev, staging, production]}


@dataclass
class ReleaseServer(FakeServer):
    """Environments, promotions and their history, beside what the stand-in answers anyway."""

    environments: dict[str, Any] | None = field(default_factory=lanes)
    promotions: list[dict[str, Any]] = field(default_factory=list)
    refuse: Answer | None = None

    def _answer(self, method: str, parts: list[str], query: dict[str, str], body: Any) -> Answer:
        if method == "POST" and self.refuse is not None:
            return self.refuse
        match method, parts:
            case "GET", ["environments"] if self.environments:
                return 200, self.environments
            case "GET", ["promotions"]:
                opened = [each for each in self.promotions if each["phase"] in {"Waiting"}]
                return 200, {"promotions": opened}
            case "GET", ["promotions", ident]:
                found = [each for each in self.promotions if each["id"] == ident]
                return (200, found[0]) if found else NOT_THERE
            case "POST", ["promotions" | "rollbacks"]:
                return self._ask(body)
            case "POST", ["promotions", ident, "decision"]:
                return self._decide(ident, body)
            case "DELETE", ["promotions", _]:
                return 202, None
            case "GET", ["history"]:
                entries = golden("history")["entries"]
                return 200, {"entries": entries[1:] if "at" in query else entries}
            case "GET", ["packages", _]:
                return 200, {"packages": self.packages}
        return super()._answer(method, parts, query, body)

    def lane(self, name: str) -> dict[str, Any]:
        """The environment of this name."""
        assert self.environments is not None
        return next(each for each in self.environments["environments"] if each["name"] == name)

    def _ask(self, body: dict[str, Any]) -> Answer:
        body = {key: value for key, value in body.items() if key != "generation"}
        asked = promotion(**body, id=f"p-{len(self.promotions)}", phase="Deploying", checks=[])
        asked["sentence"] = f"{body['version']} is on its way."
        self.lane(body["environment"])["waiting"] = copy.deepcopy(asked)
        self.promotions.append(asked)
        return 201, asked

    def arrive(self, name: str, version: str) -> None:
        """What was on its way is there."""
        here = self.lane(name)
        here["waiting"] = None
        here["holds"] = here["holds"] | {"version": version, "since": samples.ago(seconds=1)}

    def _decide(self, ident: str, body: dict[str, str]) -> Answer:
        here = next(each for each in self.promotions if each["id"] == ident)
        said = {
            "by": "rita",
            "decision": body["decision"],
            "comment": body["comment"],
            "at": samples.ago(seconds=0),
            "counts": True,
        }
        phase = "Active" if body["decision"] == "approve" else "Rejected"
        here |= {"approvals": [said], "phase": phase, "sentence": ""}
        return 200, here
