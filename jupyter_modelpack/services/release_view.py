"""Promotions, checks and history as the JSON objects that REST and ``--json`` show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.release.approval import why_not
from jupyter_modelpack.release.canonical import instant
from jupyter_modelpack.release.check import Check
from jupyter_modelpack.release.environment import Pointer
from jupyter_modelpack.release.gate import APPROVALS, GateReport
from jupyter_modelpack.release.history import Holding
from jupyter_modelpack.release.policy import Policy
from jupyter_modelpack.release.promotion import Promotion

Json = dict[str, Any]

_OUTCOMES = {"pass": "passed", "fail": "failed", "unknown": "unknown"}
KINDS = {"promote": "promotion", "rollback": "rollback"}
_EVIDENCE = (
    "author", "verified", "checks", "image_id", "notebook_digest", "lock_digest", "why",
    "parts", "owner",
)  # fmt: skip


def moment(at: datetime) -> str:
    """Return a time in UTC, to the millisecond."""
    text = at.astimezone(timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def checks_view(checks: Iterable[Check], *, waits: bool = False) -> list[Json]:
    """Return checks; ``waits`` says that a missing approval is only waited for."""
    return [
        {
            "name": check.code,
            "outcome": _outcome(check, waits),
            "sentence": check.sentence,
            "detail": check.detail,
            "advice": check.advice,
        }
        for check in checks
    ]


def promotion_view(promotion: Promotion, viewer: Actor, policy: Policy | None) -> Json:
    """Return a promotion; ``may`` says what the viewer may do with it, and why not."""
    candidate, report = promotion.candidate, promotion.report
    counted = {actor.account for actor in report.counted} if report else set()
    broken = promotion.phase in ("Failed", "Errored")
    waits = promotion.phase == "Waiting" or bool(report and report.waits_for_people)
    return {
        "id": promotion.id,
        "kind": KINDS[promotion.kind],
        "name": candidate.package,
        "version": candidate.version,
        "digest": str(candidate.digest),
        "environment": promotion.target,
        "phase": promotion.phase,
        "reason": promotion.reason,
        "requested_by": promotion.requester.username,
        "created": moment(promotion.asked),
        "finished": None if promotion.is_open else moment(promotion.last),
        "policy": str(promotion.policy),
        "generation": promotion.seen.generation,
        "checks": checks_view(report.checks, waits=waits) if report else [],
        "approvals": [
            {
                "by": answer.actor.username,
                "decision": "approve" if answer.yes else "reject",
                "comment": answer.comment,
                "at": moment(answer.at),
                "counts": answer.actor.account in counted,
            }
            for answer in promotion.approvals
        ],
        "sentence": _sentence(promotion),
        "error": _error(promotion) if broken else None,
        "may": {
            "approve": _approving(promotion, viewer, policy),
            "withdraw": _allowed(_not_withdraw(promotion, viewer)),
        },
    }


def evidence_view(record: Mapping[str, Any], shown_path: str) -> Json:
    """Return what is known about how a release was made, for who decides on it."""
    kept = record.get("evidence") or {}
    return {
        **{key: record.get(key) for key in _EVIDENCE},
        "made": record["created"],
        "path": shown_path,
        **{key: kept.get(key) for key in ("provenance", "sbom", "key")},
    }


def pointer_view(pointer: Pointer | None) -> Json | None:
    """Return what an environment holds."""
    if pointer is None:
        return None
    return {
        "version": pointer.version,
        "digest": str(pointer.digest),
        "since": moment(pointer.since),
        "by": pointer.by.username,
        "promotion": pointer.promotion,
    }


def holding_view(holding: Holding) -> Json:
    """Return an entry of the history."""
    return {
        "at": instant(holding.since),  # in full, so that it can be asked for
        "until": instant(holding.until) if holding.until else None,
        "environment": holding.environment,
        "name": holding.package,
        "version": holding.version,
        "digest": str(holding.digest),
        "by": holding.asked_by.username,
        "approved_by": [actor.username for actor, _ in holding.approved_by],
        "reason": holding.reason,
        "policy": str(holding.policy),
        "kind": KINDS[holding.kind],
        "promotion": holding.promotion,
        "entry": holding.entry,
        "sentence": holding.sentence,
    }


def _outcome(check: Check, waits: bool) -> str:
    if waits and check.code == APPROVALS and check.answer == "fail":
        return "waiting"
    return _OUTCOMES[check.answer]


def _sentence(promotion: Promotion) -> str:
    target, phase = promotion.target, promotion.phase
    if phase == "Waiting":
        return f"Waiting for approval: {_who(promotion.report)}."
    sentences = {
        "Checking": f"Being checked for {target}.",
        "Deploying": f"Being brought into {target}.",
        "Active": f"Active in {target}.",
    }
    if phase in sentences:
        return sentences[phase]
    because = promotion.because.rstrip(".")
    return f"{phase}: {because}." if because else f"{phase}."


def _who(report: GateReport | None) -> str:
    if report is None or not report.givers:
        return "nobody can approve"
    verb = "approve" if " or " in report.givers or report.needed > 1 else "approves"
    several = f"{report.needed} of " if report.needed > 1 else ""
    return f"{several}{report.givers} {verb}"


def _error(promotion: Promotion) -> Json:
    code = "GATE_NOT_SATISFIED" if promotion.phase == "Failed" else "BACKEND_ERROR"
    refusals = promotion.report.refusals if promotion.report else ()
    advice = next((check.advice for check in refusals if check.advice), "")
    return {"code": code, "message": promotion.because, "advice": advice, "details": {}}


def _allowed(why_not: str) -> Json:
    return {"allowed": not why_not, "sentence": why_not}


def _approving(promotion: Promotion, viewer: Actor, policy: Policy | None) -> Json:
    """Return whether the viewer may approve, or could after a login at the service itself."""
    why = _not_approve(promotion, viewer, policy)
    if not why or viewer.signed_in or not viewer.verified:
        return {**_allowed(why), "after_sign_in": False}
    could = not _not_approve(promotion, replace(viewer, signed_in=True), policy)
    sentence = "You can approve this on the page of the release service." if could else why
    return {"allowed": False, "sentence": sentence, "after_sign_in": could}


def _not_approve(promotion: Promotion, viewer: Actor, policy: Policy | None) -> str:
    if not promotion.is_open or promotion.phase == "Deploying":
        return "This request is over." if not promotion.is_open else "It is being deployed."
    if policy is None:
        return "The policy cannot be read."
    if promotion.target not in policy.environments.names:
        return f"The policy has no environment {promotion.target} any more."
    rule = policy.place(promotion.target).approvals_for(promotion.kind)
    if rule.needed == 0:
        return f"{promotion.target.capitalize()} asks for no approval of this."
    # The viewer has just logged in, so that the login's word on groups is of now.
    members = {viewer.account: viewer}
    why = why_not(viewer, rule, policy, promotion.involved, members)
    return f"You cannot approve this: {why}." if why else ""


def _not_withdraw(promotion: Promotion, viewer: Actor) -> str:
    if not promotion.is_open:
        return "This request is over."
    if promotion.phase == "Deploying":
        return "It is being deployed."
    mine = promotion.requester.account == viewer.account
    return "" if mine else f"Only {promotion.requester.shown}, who asked, can withdraw it."
