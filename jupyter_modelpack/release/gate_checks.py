"""The checks that a policy switches on: what a release has to have shown before it may enter."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from jupyter_modelpack.release.canonical import spoken_instant, spoken_span
from jupyter_modelpack.release.check import Check
from jupyter_modelpack.release.environment import Slot
from jupyter_modelpack.release.facts import ReleaseFacts, Surroundings, Verification
from jupyter_modelpack.release.policy import Place, Policy


def gate_checks(
    kind: str,
    facts: ReleaseFacts,
    around: Surroundings,
    policy: Policy,
    place: Place,
    now: datetime,
) -> tuple[Check, ...]:
    """Return what the environment's gates say; a rollback has passed them when it came first."""
    if kind == "rollback":
        return (_held_before(facts, around, place),)
    return tuple(_promotion_checks(facts, around, policy, place, now))


def _promotion_checks(
    facts: ReleaseFacts, around: Surroundings, policy: Policy, place: Place, now: datetime
) -> Iterator[Check]:
    gates = place.gates
    seen = facts.verification
    verification = seen if seen and seen.digest == facts.digest else None
    if gates.verified:
        yield _verified(verification)
    if gates.checks_green:
        yield _checks_green(verification)
    yield from _metrics(verification, around, place)
    if gates.no_blocking_finding:
        yield _findings(facts)
    source = policy.environments.before(place.name)
    if source is not None:
        slot = around.slots.get(source)
        yield _source(facts, source, slot, bool(gates.soak))
        if gates.ran_before:
            yield _ran(facts, source, slot)
        if gates.soak:
            yield _soak(facts, source, slot, place, now)
    if gates.owner_card:
        yield _owner(facts)


def _held_before(facts: ReleaseFacts, around: Surroundings, place: Place) -> Check:
    sentence = f"{place.name.capitalize()} has run these bytes before"
    if around.held is None:
        brief = f"what {place.name} ran before is not known"
        return Check("held_before", "unknown", sentence, "", brief, "Try again.")
    if facts.digest not in around.held:
        brief = f"{place.name} has never run it"
        return Check("held_before", "fail", sentence, "", brief, "Promote it instead.")
    return Check("held_before", "pass", sentence)


def _verified(run: Verification | None) -> Check:
    sentence = "Ran sealed"
    if run is None:
        advice = "Package it again, with verify."
        return Check("verified", "unknown", sentence, "It never ran.", "must run sealed", advice)
    if not run.succeeded:
        advice = "Repair the cell that stopped, then package again."
        return Check("verified", "fail", sentence, "The run failed.", "its run failed", advice)
    if not run.sealed:
        detail, brief = "It ran, but not cut off from this machine.", "must run sealed"
        advice = "jupyter modelpack doctor says what to install."
        return Check("verified", "fail", sentence, detail, brief, advice)
    reproduced = ", notebook reproduced" if run.reproduced else ""
    return Check("verified", "pass", f"{sentence}{reproduced}", brief="verified")


def _checks_green(run: Verification | None) -> Check:
    if run is None:
        brief = "your checks did not run"
        return Check("checks", "unknown", "The team's checks", brief, brief, "Package it again.")
    green = [check for check in run.checks if check.passed]
    sentence = f"{len(green)} of {len(run.checks)} of the team's checks"
    if len(green) < len(run.checks):
        red = next(check for check in run.checks if not check.passed)
        detail = f"Cell {red.cell}: {red.message or 'it failed'}"
        brief = f"the check in cell {red.cell} failed"
        return Check("checks", "fail", sentence, detail, brief, "Repair it, then package again.")
    if not run.checks:
        return Check("checks", "pass", "No checks of the team's own", "No cell is tagged check.")
    names = [check.added_by for check in run.checks if check.added_by]
    by = ", ".join(f"{names.count(name)} by {name}" for name in dict.fromkeys(names))
    return Check("checks", "pass", sentence, by, "your checks")


def _metrics(run: Verification | None, around: Surroundings, place: Place) -> Iterator[Check]:
    for bound in place.gates.metrics:
        held = around.metrics.get(bound.place)
        slot = around.slots.get(bound.place)
        if slot is not None and slot.pointer is None:
            held = {}
        elif slot is None or not held:
            held = None
        answer, numbers = bound.judge(run.metrics if run else {}, held)
        sentence, advice = bound.sentence, "" if answer == "pass" else "Train it again, or ask why."
        if answer == "unknown":
            advice = f"Record {bound.metric} in a cell tagged metrics."
        brief = "" if answer == "pass" else f"{sentence}: {numbers}"
        detail = f"{numbers[0].upper()}{numbers[1:]}."
        yield Check(f"metric:{bound}", answer, sentence, detail, brief, advice)


def _findings(facts: ReleaseFacts) -> Check:
    sentence = "No secret, no open finding"
    reports = (facts.secrets, facts.readiness)
    if any(report is None or report.digest != facts.digest for report in reports):
        brief = "must be searched for secrets"
        return Check("findings", "unknown", sentence, "", brief, "Package it again.")
    count = sum(report.blocking for report in reports if report)
    if count:
        brief = f"{count} finding{'s' if count > 1 else ''} in the way"
        return Check("findings", "fail", sentence, "", brief, "Resolve them, then package again.")
    return Check("findings", "pass", sentence)


def _source(facts: ReleaseFacts, source: str, slot: Slot | None, soaks: bool) -> Check:
    sentence = f"{source.capitalize()} runs it now"
    if slot is None or slot.package != facts.package:
        brief = f"what {source} holds is not known"
        return Check("source", "unknown", sentence, "", brief, "Try again.")
    if slot.digest != facts.digest:
        detail = f"It runs {slot.pointer.version}." if slot.pointer else "It is empty."
        brief = "" if soaks else f"must be in {source} first"
        advice = f"Promote it to {source} first."
        return Check("source", "fail", sentence, detail, brief, advice)
    return Check("source", "pass", sentence)


def _ran(facts: ReleaseFacts, source: str, slot: Slot | None) -> Check:
    sentence = f"Ran in {source}"
    if facts.runs is None:
        brief = f"its runs in {source} are not known"
        return Check("ran_before", "unknown", sentence, "", brief, "Try again.")
    runs = [r for r in facts.runs if (r.environment, r.digest) == (source, facts.digest)]
    good = sum(run.succeeded for run in runs)
    if not good:
        there = slot is not None and slot.digest == facts.digest
        detail = "None of its runs there succeeded." if runs else "It never ran there."
        brief = f"must run in {source} once" if there else ""
        return Check("ran_before", "fail", sentence, detail, brief, f"Run it in {source}.")
    failed = len(runs) - good
    detail = f"{len(runs)} run{'s' if len(runs) > 1 else ''}, {failed or 'none'} failed"
    return Check("ran_before", "pass", sentence, detail, f"ran in {source}")


def _soak(
    facts: ReleaseFacts, source: str, slot: Slot | None, place: Place, now: datetime
) -> Check:
    span = spoken_span(place.gates.soak)
    sentence = f"{span[0].upper()}{span[1:]} in {source}"
    must = f"must run in {source} for {span}"
    if slot is None:
        return Check("soak", "unknown", sentence, "", must, "Try again.")
    if slot.pointer is None or slot.digest != facts.digest:
        return Check("soak", "fail", sentence, "It is not there.", must, f"Promote it to {source}.")
    since, ready = slot.pointer.since, slot.pointer.since + place.gates.soak
    detail = f"Since {spoken_instant(since)}"
    if now < since:
        brief = "this server's clock is wrong"
        return Check("soak", "unknown", sentence, f"{detail}?", brief, "Set the clock.")
    if now < ready:
        advice = f"Wait until {spoken_instant(ready)}."
        return Check("soak", "fail", sentence, detail, must, advice)
    return Check("soak", "pass", sentence, detail, f"{span} in {source}")


def _owner(facts: ReleaseFacts) -> Check:
    sentence, card = "Owner named", facts.owner
    asked = {"name": "who answers for it", "contact": "how to reach them"}
    asked["runbook"] = "what to do when it fails"
    missing = [words for name, words in asked.items() if not getattr(card, name, "").strip()]
    if card is None or missing:
        brief = f"must say {missing[0]}"
        advice = "Fill it in beside the notebook: the gears at the top right, Package."
        return Check("owner", "fail", sentence, f"Missing: {', '.join(missing)}.", brief, advice)
    return Check("owner", "pass", sentence, f"{card.name}, {card.contact}, runbook attached")
