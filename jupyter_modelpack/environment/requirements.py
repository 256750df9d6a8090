"""What a distribution requires here: Requires-Dist with markers and extras (PEP 508)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import InvalidRequirement, Requirement

from jupyter_modelpack.environment.facts import Distribution, normalised


def required_by(
    distribution: Distribution, extras: Iterable[str], markers: Mapping[str, str]
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the normalised name and the extras of each requirement that holds.

    A line that cannot be read is left out: the kernel works without anyone reading it.
    """
    wanted = sorted({"", *extras})
    for line in distribution.requires:
        if wanted == [""] and _only_for_an_extra(line):
            continue
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        marker = requirement.marker
        if marker is None or any(marker.evaluate({**markers, "extra": e}) for e in wanted):
            yield normalised(requirement.name), frozenset(requirement.extras)


def _only_for_an_extra(line: str) -> bool:
    """Say whether a marker cannot hold without an extra; cheap, and sure when it says yes."""
    marker = line.partition(";")[2]
    return "extra ==" in marker and " or " not in marker
