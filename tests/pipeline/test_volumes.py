"""Files on the volumes of a notebook's pod become mounts of its runs, or a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.volumes import claims, placed

POD: dict[str, Any] = {
    "spec": {
        "containers": [
            {
                "name": "churn-notebook",
                "volumeMounts": [
                    {"name": "workspace", "mountPath": "/home/jovyan"},
                    {"name": "lake", "mountPath": "/home/jovyan/lake", "subPath": "risk"},
                    {"name": "words", "mountPath": "/home/jovyan/words"},
                    {"name": "shm", "mountPath": "/dev/shm"},
                    {"name": "disk", "mountPath": "/home/jovyan/disk"},
                    {"name": "mine", "mountPath": "/home/jovyan/mine", "subPathExpr": "$(NAME)"},
                    {"name": "keys", "mountPath": "/home/jovyan/keys"},
                ],
            },
            {
                "name": "istio-proxy",
                "volumeMounts": [{"name": "token", "mountPath": "/var/run/secrets/tokens"}],
            },
        ],
        "volumes": [
            {"name": "workspace", "persistentVolumeClaim": {"claimName": "workspace-ada"}},
            {"name": "lake", "persistentVolumeClaim": {"claimName": "lake", "readOnly": True}},
            {"name": "words", "configMap": {"name": "words"}},
            {"name": "shm", "emptyDir": {"medium": "Memory"}},
            {"name": "disk", "hostPath": {"path": "/srv/canary-host-path"}},
            {"name": "mine", "persistentVolumeClaim": {"claimName": "shared"}},
            {"name": "keys", "secret": {"secretName": "canary-secret-name"}},
            {"name": "token", "projected": {}},
        ],
    }
}


@pytest.mark.parametrize(
    ("path", "real", "mount"),
    [
        (
            "big.csv",
            "/home/jovyan/big.csv",
            ("claim", "workspace-ada", "/work/big.csv", "big.csv"),
        ),
        (
            "data/a/big.csv",
            "/home/jovyan/churn/data/a/big.csv",
            ("claim", "workspace-ada", "/work/data/a/big.csv", "churn/data/a/big.csv"),
        ),
        (
            "lake/clicks.parquet",  # the deepest mount counts, with its own sub path
            "/home/jovyan/lake/2026/clicks.parquet",
            ("claim", "lake", "/work/lake/clicks.parquet", "risk/2026/clicks.parquet"),
        ),
        (
            "words/stop.txt",  # as a config map is laid out: links into a folder with a time
            "/home/jovyan/words/..2026_11_27_05_00_00.123/stop.txt",
            ("config_map", "words", "/work/words/stop.txt", "stop.txt"),
        ),
    ],
)
def test_a_file_on_a_volume_is_mounted_alone_and_read_only(
    path: str, real: str, mount: tuple[str, ...]
) -> None:
    (found,) = placed(POD, {path: real})
    assert found.mount is not None and found.mount.read_only
    got = found.mount
    assert (got.kind, got.name, got.path, got.sub_path) == mount
    assert path in found.sentence and got.name in found.sentence
    options = ClusterOptions.parse({"mounts": [got.to_json()]})
    assert options.mounts == (got,) and options.covers(path)


@pytest.mark.parametrize(
    ("real", "said"),
    [
        ("/srv/elsewhere/big.csv", "on no volume of this notebook's pod"),
        ("/dev/shm/big.csv", "goes away with this pod"),
        ("/home/jovyan/disk/big.csv", "a disk of this pod's node"),
        ("/home/jovyan/mine/big.csv", "name the mount yourself"),
        ("/home/jovyan/keys/big.csv", "a Secret, which no run can mount"),
        ("/homes/big.csv", "on no volume"),
    ],
)
def test_what_no_other_pod_can_mount_is_said_and_named_only_by_its_kind(
    real: str, said: str
) -> None:
    (found,) = placed(POD, {"big.csv": real})
    assert found.mount is None and said in found.sentence
    assert "canary" not in str(found.to_json())


def test_an_odd_pod_is_no_bug() -> None:
    for pod in ({}, {"spec": None}, {"spec": {"containers": [{"volumeMounts": [{}]}]}}):
        (found,) = placed(pod, {"a": "/a"})
        assert found.mount is None
    assert placed(POD, {}) == ()


def test_claims_are_named_once() -> None:
    files = {"a": "/home/jovyan/a", "b": "/home/jovyan/b", "words/c": "/home/jovyan/words/c"}
    assert claims(placed(POD, files)) == ("workspace-ada",)
