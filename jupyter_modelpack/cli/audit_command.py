"""``audit``: read the whole audit log and say whether it is as it was written."""

from __future__ import annotations

import argparse

from jupyter_modelpack.cli.arguments import releases
from jupyter_modelpack.cli.terminal import console, errors, print_json
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.audit import Checkpoint


def run(arguments: argparse.Namespace) -> int:
    """Verify the log; exit with 1 when something is wrong with it."""
    known = [_checkpoint(text) for text in arguments.checkpoint]
    verdict = releases(arguments)[0].audit(known)
    head = verdict.checkpoint
    if arguments.json:
        problems = [{"entry": p.sequence, "message": p.message} for p in verdict.problems]
        print_json({"whole": verdict.whole, "checkpoint": head.to_json(), "problems": problems})
    elif verdict.whole:
        console.print(f"[green]✓[/] The audit log is whole: {head.size} entries.")
        console.print(f"[dim]Keep this checkpoint: {head.size}:{head.root}[/]", soft_wrap=True)
    else:
        for problem in verdict.problems:
            errors.print(f"✕ {problem.message}", style="red", markup=False)
    return 0 if verdict.whole else 1


def _checkpoint(text: str) -> Checkpoint:
    size, _, root = text.partition(":")
    if not (size.isascii() and size.isdigit() and len(size) < 16):
        raise InvalidInput(
            f"{text!r:.60} is not a checkpoint.",
            field="checkpoint",
            advice="Write it as audit verify printed it: 12:sha256:...",
        )
    return Checkpoint(int(size), Digest.parse(root))
