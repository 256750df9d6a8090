"""``doctor``: what works on this machine, and what to do where it does not."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_modelpack.cli.arguments import registry_of
from jupyter_modelpack.cli.terminal import print_json, say

if TYPE_CHECKING:
    from jupyter_modelpack.adapters.diagnosis import Check


def run(arguments: argparse.Namespace) -> int:
    """Print one line a check; the exit code is 1 when packaging cannot work."""
    from jupyter_modelpack.adapters.diagnosis import diagnose
    from jupyter_modelpack.adapters.sandbox.isolation import best_isolation
    from jupyter_modelpack.workshop import default_data_dir

    # the store is not opened: that it cannot be is one of the things to tell
    folder = Path(arguments.data_dir or default_data_dir()).expanduser().absolute()
    checks = [*diagnose(folder, best_isolation())]
    if arguments.cluster:
        from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings
        from jupyter_modelpack.adapters.kubernetes.diagnosis import diagnose_cluster

        names = ("kubeconfig", "context", "namespace")
        settings = ClusterSettings(**{name: getattr(arguments, name) or "" for name in names})
        checks += diagnose_cluster(settings, arguments.image or "")
    checks += _deployments(arguments.folder, folder)
    registry = registry_of(arguments)
    if registry["registry"]:
        from jupyter_modelpack.adapters.registry_diagnosis import diagnose_registry

        checks += diagnose_registry(registry)
    if arguments.json:
        print_json({"checks": [check.to_json() for check in checks]})
    else:
        for check in checks:
            sign = "[green]✓[/]" if check.ok else ("[red]✕[/]" if check.needed else "[yellow]○[/]")
            say(sign + " {}", check.sentence)
            if check.advice and not check.ok:
                say("  [dim]{}[/]", check.advice)
    return 1 if any(check.needed and not check.ok for check in checks) else 0


def _deployments(named: str, data_dir: Path) -> list[Check]:
    from jupyter_modelpack.adapters.deployers.diagnosis import diagnose_targets

    place = Path(named).expanduser().absolute() if named else data_dir / "environments"
    return diagnose_targets(place, wanted=bool(named))
