"""``make demo``: package the churn example, run the image, promote it and go back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import uuid
from datetime import datetime, timezone
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / ".venv" / "demo"


def modelpack(*words: str, capture: bool = False) -> str:
    """Run one command of the product as a user would; a failure ends the demo."""
    print(f"\n$ jupyter modelpack {' '.join(words)}", flush=True)
    command = [str(Path(sys.executable).parent / "jupyter-modelpack"), *words]
    done = subprocess.run(
        [*command, "--data-dir", str(DATA)],
        cwd=ROOT,
        check=False,
        text=True,
        stdout=subprocess.PIPE if capture else None,
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    return done.stdout or ""


def release_story() -> None:
    """Promote a release and then another, go back, and look at the record."""
    place = DATA / "notebooks"
    shutil.copytree(ROOT / "examples", place, dirs_exist_ok=True)
    notebook = place / "churn.ipynb"
    climb("churn", "First model")
    document = json.loads(notebook.read_text("utf-8"))
    cell = next(c for c in document["cells"] if c["cell_type"] == "code" and not c["metadata"])
    cell["source"] = [*"".join(cell["source"]).splitlines(keepends=True), "\n# ", uuid.uuid4().hex]
    notebook.write_text(json.dumps(document), "utf-8")
    modelpack("package", str(notebook))
    before = datetime.now(timezone.utc).isoformat(timespec="seconds")
    climb("churn", "Better on new customers")
    modelpack("rollback", "churn", "--in", "production", "--reason", "Recall fell on Monday")
    modelpack("status", "churn")
    modelpack("history", "churn", "--in", "production", "--at", before)
    modelpack("audit", "verify")


def climb(release: str, reason: str) -> None:
    """Promote a release through all environments."""
    for environment in ("dev", "staging", "production"):
        modelpack("promote", release, "--to", environment, "--reason", reason)


def main() -> None:
    """Inspect, package, run with another parameter, list, export, promote and roll back."""
    shutil.rmtree(DATA, ignore_errors=True)  # it is the demo's own, and begins with version 1.0.0
    modelpack("inspect", "examples/churn.ipynb")
    modelpack("package", "examples/churn.ipynb")
    record = json.loads(modelpack("run", "churn", "-p", "seed=11", "--json", capture=True))
    print(f"{record['phase']}, {record['isolation']['sentence']}")
    print(f"metrics {record['metrics']}, files {[o['path'] for o in record['outputs']]}")
    if record["phase"] != "Succeeded":
        raise SystemExit(1)
    modelpack("list")
    with tempfile.TemporaryDirectory() as folder:
        for kind, name in (("kubeflow", "churn.yaml"), ("oci-archive", "churn.tar")):
            modelpack("export", "churn", "--format", kind, "-o", str(Path(folder) / name))
    release_story()
    print("\nNow open it at the glass: make lab, open churn.ipynb, click Package.")


if __name__ == "__main__":
    main()
