"""``show``: what is in a package."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.cli.arguments import packages
from jupyter_modelpack.cli.terminal import print_findings, print_json, print_table, say, size

_PARTS = {"check": "check", "model-card": "model card", "sample-input": "sample input"}


def run(arguments: argparse.Namespace) -> int:
    """Print one package: why it has its version, how it ran, and its layers."""
    record = packages(arguments).resolve(arguments.release)
    if arguments.json:
        print_json(record)
        return 0
    say("[bold]{} {}[/]  {}", record["name"], record["version"], record["why"])
    say("{}", record["verified"]["text"])
    say("{}  {}", record["digest"], size(record["size"]))
    say("{}", _evidence(record))
    say("[dim]from {}, {}[/]", record["path"] or record["author"], record["created"])
    if record.get("commit"):
        say("[dim]git commit {}[/]", record["commit"][:12])
    owner = record.get("owner")
    if owner:
        say("Answers for it: {}", ", ".join(filter(None, (owner["name"], owner["contact"]))))
    if record.get("parts"):
        say("\n[bold]The team's own part[/]")
        print_table(
            [(_PARTS[p["kind"]], str(p["cell"]), p["by"], p["since"]) for p in record["parts"]],
            ("what", "cell", "by", "since"),
        )
    if record["parameters"]:
        say("\n[bold]Parameters[/]")
        print_table(
            [(p["name"], p["type"], repr(p["default"])) for p in record["parameters"]],
            ("name", "type", "default"),
        )
    if record["metrics"]:
        say("\n[bold]Metrics[/]")
        print_table([(k, str(v)) for k, v in record["metrics"].items()], ("name", "value"))
    say("\n[bold]Layers[/]")
    print_table(
        [(layer["what"], size(layer["size"]), layer["digest"][7:19]) for layer in record["layers"]],
        ("what", "size", "digest"),
    )
    if record["findings"]:
        say("\n[bold]Findings[/]")
        print_findings(record["findings"])
    return 0


def _evidence(record: Mapping[str, Any]) -> str:
    evidence = record.get("evidence")
    if not evidence:
        return "Not signed; package it again, with verification, to sign it."
    signed, bill = (evidence[name][7:19] for name in ("provenance", "sbom"))
    return f"Signed by key {evidence['key'][:12]}: provenance {signed}, bill of materials {bill}"
