"""The churn image, accepted and run by tools that none of us wrote."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.judges import (
    Cluster,
    push_archive,
    run_component_with_docker_runner,
    run_job_on_cluster,
    skopeo_inspect,
    tool,
    umoci_unpack,
)
from tests.product import Product

pytestmark = pytest.mark.systems


@pytest.fixture(scope="module")
def churn(product: Product) -> Mapping[str, Any]:
    return product.made("churn")


@pytest.fixture(scope="module")
def archive(
    product: Product, churn: Mapping[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("archive") / "churn.tar"
    answer = product("export", "churn:1.0.0", "--format", "oci-archive", "-o", str(out), "--json")
    assert answer.code == 0, answer.err
    assert answer.json["size"] == out.stat().st_size
    return out


def exported(product: Product, kind: str, folder: Path) -> bytes:
    out = folder / f"{kind}.yaml"
    answer = product("export", "churn:1.0.0", "--format", kind, "-o", str(out))
    assert answer.code == 0, answer.err
    return out.read_bytes()


def test_skopeo_reads_the_archive(archive: Path, churn: Mapping[str, Any]) -> None:
    found = skopeo_inspect(f"oci-archive:{archive}")
    assert found["Digest"] == churn["digest"]
    assert found["Layers"] == [layer["digest"] for layer in churn["layers"]]
    assert found["Architecture"] in ("amd64", "arm64")


def test_skopeo_reads_the_store_and_the_docker_archive(
    product: Product, churn: Mapping[str, Any], tmp_path: Path
) -> None:
    store = product.data_dir / "store"
    assert skopeo_inspect(f"oci:{store}:churn:1.0.0")["Digest"] == churn["digest"]
    out = tmp_path / "docker.tar"
    answer = product("export", "churn:1.0.0", "--format", "docker-archive", "-o", str(out))
    assert answer.code == 0, answer.err
    found = skopeo_inspect(f"docker-archive:{out}")
    assert len(found["Layers"]) == len(churn["layers"])


def test_umoci_unpacks_it_and_its_python_runs_in_a_chroot(
    product: Product, churn: Mapping[str, Any], tmp_path: Path
) -> None:
    tool("umoci")
    if os.getuid() != 0:
        pytest.skip("chroot needs root")
    layout = tmp_path / "layout"
    source = f"oci:{product.data_dir / 'store'}:churn:1.0.0"
    command = [tool("skopeo"), "copy", "--insecure-policy", source, f"oci:{layout}:churn"]
    subprocess.run(command, check=True, capture_output=True)
    rootfs = umoci_unpack(layout, "churn", tmp_path / "bundle")
    program = "import sklearn, pandas, sqlite3, ssl; print(sklearn.__version__)"
    done = subprocess.run(
        [tool("chroot"), str(rootfs), "/opt/python/bin/python3", "-c", program],
        env={"PATH": "/opt/python/bin", "LD_LIBRARY_PATH": "/opt/python/lib:/opt/native/lib"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    versions = {d["name"]: d["version"] for d in churn["distributions"]}
    assert done.stdout.strip() == versions["scikit-learn"]
    assert not (rootfs / "bin" / "sh").exists()
    assert not list((rootfs / "opt/python").glob("bin/pip*"))


def test_podman_runs_the_pipelines_component(
    product: Product, churn: Mapping[str, Any], archive: Path, engine: str, tmp_path: Path
) -> None:
    pipeline = exported(product, "kubeflow", tmp_path)
    assert churn["digest"].encode() in pipeline
    done = run_component_with_docker_runner(pipeline, archive, {"seed": 11}, tmp_path / "kfp")
    assert done.succeeded, done.log
    metrics = done.outputs["metrics"].metadata
    assert metrics["rows"] == 1500
    assert metrics["auc"] > 0.75
    notebook = json.loads(Path(done.outputs["executed_notebook"].path).read_text())
    assert any("seed = 11" in "".join(cell["source"]) for cell in notebook["cells"])


def test_a_cluster_runs_the_job_on_containerd(
    product: Product, churn: Mapping[str, Any], archive: Path, cluster: Cluster, tmp_path: Path
) -> None:
    manifest = yaml.safe_load(exported(product, "kubernetes", tmp_path))
    reference = push_archive(archive, "churn", cluster.registry)
    assert reference.endswith(churn["digest"]), "the digest changed on its way to the registry"
    phase, log = run_job_on_cluster(manifest, reference)
    assert phase == "Succeeded", log
    assert f"auc {churn['metrics']['auc']}" in log
