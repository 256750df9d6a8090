"""What a cluster offers a run, in a terminal: PodDefaults, and volumes that hold its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from jupyter_modelpack.cli.terminal import print_json, print_table, say

if TYPE_CHECKING:
    from jupyter_modelpack.elsewhere import Elsewhere

Record = Mapping[str, Any]


def show_offers(there: Elsewhere, backend: str, record: Record, as_data: bool) -> int:
    """Print what can be chosen for a run; the exit code is 1 when something could not be asked."""
    from jupyter_modelpack.services.offers import offered

    try:
        found = offered(there.offers, backend, record)
    finally:
        there.close()
    if as_data:
        print_json(found)
    else:
        _print(found)
    return 1 if found["problems"] else 0


def with_volumes(
    there: Elsewhere, backend: str, record: Record, options: dict[str, Any], *, quiet: bool
) -> dict[str, Any]:
    """Return the options with mounts for the inputs that lie on volumes of this program's pod.

    Says what it mounts. What is mounted already, and what lies elsewhere, is left as it is.
    """
    from jupyter_modelpack.pipeline.cluster import ClusterOptions
    from jupyter_modelpack.services.offers import mount_options, real_paths

    asked = ClusterOptions.parse(options)
    files = {path: place for path, place in real_paths(record).items() if not asked.covers(path)}
    if not files or backend != "kubernetes":
        return options  # these mounts are read-only, which Kubeflow has no word for
    offers = there.offers
    namespace = offers.namespace(backend, asked.namespace)
    found = offers.volumes(files, namespace)
    for each in found:
        if not quiet:
            say("{}", each.sentence)
    more = mount_options(found, offers.node(found, namespace))
    made = {**more, **options}
    if more.get("mounts"):
        made["mounts"] = [*(options.get("mounts") or ()), *more["mounts"]]
    if more.get("node_selector"):
        made["node_selector"] = {**more["node_selector"], **(options.get("node_selector") or {})}
    return made


def _print(found: Mapping[str, Any]) -> None:
    say("[bold]PodDefaults of {}[/]", found["namespace"])
    if found["pod_defaults"]:
        rows = [(each["name"], each["description"]) for each in found["pod_defaults"]]
        print_table(rows, ("name", "what it gives"))
        say("[dim]Ask for one: --pod-default NAME[/]")
    elif not any(each["what"] == "pod_defaults" for each in found["problems"]):
        say("[dim]There are none.[/]")
    for each in found["volumes"]:
        say("{}", each["sentence"])
    for each in found["problems"]:
        say("[yellow]![/] {} {}", each["message"], each["advice"])
