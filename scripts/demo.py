"""``make demo``: package the churn example, run the image, and print what came out."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
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


def main() -> None:
    """Inspect, package, run with another parameter, list and export."""
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
    print("\nNow open it at the glass: make lab, open churn.ipynb, click Package.")


if __name__ == "__main__":
    main()
