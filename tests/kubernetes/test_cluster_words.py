"""What is asked of a cluster and what it says back: options, sentences and logs. Pure."""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.adapters.kubernetes import podlog, sentences
from jupyter_modelpack.adapters.kubernetes.manifest import run_manifest
from jupyter_modelpack.adapters.kubernetes.pods import seen_of
from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.spec import PipelineSpec

IMAGE = "registry.example.org/team/churn@sha256:" + "ab" * 32
RUN = "0d9c8b7a6f5e4d3c2b1a09f8e7d6c5b4"
GOLDEN = json.loads((Path(__file__).parents[1] / "contract" / "run_kubernetes.json").read_text())

WRONG: tuple[dict[str, Any], ...] = (
    {"colour": "red"},
    {"limits": {"memory": "lots"}},
    {"limits": ["memory"]},
    {"labels": {"app.kubernetes.io/name": "other"}},
    {"labels": {"io.github.jupyter-modelpack/run": "x"}},
    {"node_selector": {"a b": "c"}},
    {"tolerations": [{"operator": "Maybe"}]},
    {"pull_secrets": ["../x"]},
    {"service_account": "Upper"},
    {"namespace": "kube_system"},
    {"mounts": [{"kind": "host", "name": "x", "path": "/work/data"}]},
    {"mounts": [{"name": "x", "path": "/work"}]},
    {"mounts": [{"name": "x", "path": "/opt/python/lib"}]},
    {"mounts": [{"name": "x", "path": "relative"}]},
    {"mounts": [{"name": "x", "path": "/work/../etc"}]},
    {"mounts": [{"name": "x", "path": "/work/a"}, {"name": "y", "path": "/work/a"}]},
    {"mounts": [{"name": "x", "path": "/work/a", "sub_path": "../b"}]},
    {"mounts": [{"name": "x", "path": "/work/a", "sub_path": "/b"}]},
    {"mounts": [{"name": "x", "path": "/work/a", "sub_path": 7}]},
    {"secrets": [{"variable": "TOKEN", "secret": "x", "key": "k", "value": "canary"}]},
    {"secrets": [{"variable": "LD_PRELOAD", "secret": "x", "key": "k"}]},
    {"time_limit": -1},
    {"keep_seconds": True},
)


@pytest.mark.parametrize("options", WRONG, ids=str)
def test_wishes_that_make_no_sense_are_refused_without_repeating_values(options: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        ClusterOptions.parse(options)
    assert caught.value.advice and "canary" not in str(caught.value)


def test_every_wish_is_in_the_pod_and_nothing_weakens_it() -> None:
    options = ClusterOptions.parse(
        {
            "requests": {"cpu": "500m"},
            "limits": {"memory": "2Gi", "nvidia.com/gpu": 1},
            "node_selector": {"pool": "gpu"},
            "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
            "pull_secrets": ["registry"],
            "service_account": "runner",
            "mounts": [{"name": "data", "path": "/work/data", "read_only": False}],
            "secrets": [{"variable": "TOKEN", "secret": "warehouse", "key": "token"}],
            "labels": {"access-ml-pipeline": "true"},
            "time_limit": 60,
        }
    )
    spec = PipelineSpec(display_name="Churn", version="1.0.0", image=IMAGE)
    job = run_manifest(spec, options, run_id=RUN, installation="abc", parameters={})
    assert job["metadata"]["name"] == "churn-0d9c8b7a6f5e"
    template = job["spec"]["template"]
    assert template["metadata"]["labels"]["access-ml-pipeline"] == "true"
    assert template["metadata"]["labels"]["io.github.jupyter-modelpack/run"] == RUN
    pod = template["spec"]
    (container,) = pod["containers"]
    assert container["resources"]["limits"] == {"memory": "2Gi", "nvidia.com/gpu": "1"}
    assert container["env"][0]["valueFrom"] == {
        "secretKeyRef": {"name": "warehouse", "key": "token"}
    }
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert (pod["activeDeadlineSeconds"], pod["serviceAccountName"]) == (120, "runner")
    assert pod["automountServiceAccountToken"] is False
    assert pod["volumes"][-1]["persistentVolumeClaim"] == {"claimName": "data", "readOnly": False}
    assert "activeDeadlineSeconds" not in job["spec"]


SAID = (
    (sentences.waiting("ImagePullBackOff", 'pull "x": not found', IMAGE), "IMAGE_MISSING"),
    (sentences.waiting("ErrImagePull", "401 Unauthorized", IMAGE), "IMAGE_REFUSED"),
    (sentences.waiting("ErrImagePull", f"r/x@sha256:{'a401b403' * 8}: not found", IMAGE),
     "IMAGE_MISSING"),
    (sentences.event("Failed", f'Failed to pull image "r/x@sha256:{"4010" * 16}": not found'),
     "IMAGE_MISSING"),
    (sentences.waiting("ErrImagePull", "i/o timeout", IMAGE), "IMAGE_NOT_PULLED"),
    (sentences.waiting("CreateContainerError", 'secret "w" not found', IMAGE), "SECRET_MISSING"),
    (sentences.unschedulable("0/3 nodes are available: 3 Insufficient memory."), "UNSCHEDULABLE"),
    (sentences.unschedulable('persistentvolumeclaim "d" not found'),
     "PERSISTENTVOLUMECLAIM_MISSING"),
    (sentences.unschedulable("1 node(s) didn't match node selector"), "UNSCHEDULABLE"),
    (sentences.event("FailedCreate", 'pods "x" is forbidden: exceeded quota: team,'
                     " requested: cpu=4, used: cpu=7, limited: cpu=8"), "QUOTA"),
    (sentences.event("FailedCreate", "denied by a webhook"), "POD_REFUSED"),
    (sentences.event("FailedMount", 'configmap "c" not found'), "CONFIGMAP_MISSING"),
    (sentences.event("FailedMount", "timed out"), "VOLUME_NOT_MOUNTED"),
    (sentences.out_of_memory("2Gi"), "OUT_OF_MEMORY"),
    (sentences.ended("Evicted", "The node was low on memory."), "EVICTED"),
    (sentences.ended("DeadlineExceeded", ""), "TIME_LIMIT"),
    (sentences.ended("NodeLost", ""), "NODE_LOST"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "code"), SAID, ids=lambda each: each if isinstance(each, str) else ""
)
def test_what_kubernetes_says_becomes_a_sentence_with_what_to_do(found: Any, code: str) -> None:
    assert found.code == code
    assert found.sentence.endswith(".") or ":" in found.sentence
    assert found.advice.endswith(".") or found.advice.endswith(").")
    assert set(found.to_json()) == set(GOLDEN["events"][0])


def test_waiting_for_another_pull_is_no_reason() -> None:
    wait = sentences.waiting("ImagePullBackOff", f'Back-off pulling image "{IMAGE}"', IMAGE)
    why = sentences.waiting("ErrImagePull", "i/o timeout", IMAGE)
    assert wait and why
    assert sentences.backs_off((wait,)) and not sentences.backs_off((why,))
    assert not sentences.backs_off(())


def test_what_needs_no_sentence_has_none() -> None:
    assert sentences.waiting("ContainerCreating", "", IMAGE) is None
    assert sentences.event("BackOff", "") is None
    assert sentences.event("Failed", "Error: ImagePullBackOff") is None
    assert sentences.ended("", "") is None


def test_an_end_wins_over_a_newer_pod_that_has_not_ended() -> None:
    def pod(phase: str, created: str) -> dict[str, Any]:
        return {"metadata": {"creationTimestamp": created}, "status": {"phase": phase}}

    seen = seen_of(
        [pod("Succeeded", "2026-01-01T00:00:00Z"), pod("Running", "2026-01-02T00:00:00Z")]
    )
    assert seen.stage == "Succeeded"


def stamped(*lines: tuple[str, str]) -> str:
    return "".join(f"2026-11-23T09:44:{time}Z {text}\n" for time, text in lines)


def test_a_log_is_read_on_without_losing_or_repeating_a_line() -> None:
    every = [
        (f"{second:02d}.{part}", f"{second} {part}") for second in range(9) for part in (1, 1, 25)
    ]
    whole = [text for _, text in every]
    for cut in range(len(every)):
        mark = podlog.Mark()
        first, mark = podlog.new_lines(stamped(*every[:cut]), mark)
        mark = podlog.Mark.parse(str(mark))
        since = mark.since or ""
        rest = [each for each in every if not since or f"2026-11-23T09:44:{each[0]}" >= since[:19]]
        second, _ = podlog.new_lines(stamped(*rest), mark)
        assert first + second == whole, cut


def test_a_line_that_is_not_complete_waits() -> None:
    lines, mark = podlog.new_lines(
        "2026-11-23T09:44:01Z one\n2026-11-23T09:44:02Z tw", podlog.Mark()
    )
    assert (lines, mark.time) == (["one"], "2026-11-23T09:44:01Z")


def frame(kind: str, payload: str) -> str:
    return f"\x1emodelpack {RUN} {kind} {payload}\x1e"


def carried(path: str, data: bytes, **wrong: Any) -> list[tuple[str, str]]:
    packed = zlib.compress(data)
    head = {"path": path, "size": len(data), "sha256": hashlib.sha256(packed).hexdigest(), **wrong}
    part = base64.b64encode(packed).decode()
    return [("file", json.dumps(head)), ("part", part)]


def test_frames_are_taken_out_of_the_text_where_they_are() -> None:
    event = frame("event", '{"event": "cell-started", "cell": 2}')
    text, frames = podlog.separated(
        ["half" + event, "other half", "\x1emodelpack nobody x y\x1e"], RUN
    )
    assert text == "halfother half\n\x1emodelpack nobody x y\x1e\n"
    assert podlog.events(frames) == ({"event": "cell-started", "cell": 2},)


def test_files_out_of_a_log_are_believed_nothing(tmp_path: Path) -> None:
    good = carried("out/scores.csv", b"a,b\n" * 1000)
    bad = [
        *carried("../escaped", b"x"),
        *carried("/etc/escaped", b"x"),
        *carried(".modelpack/other", b"x"),
        *carried("wrong", b"x", sha256="00"),
        ("file", "not json"),
        ("part", "!!"),
        *carried("twice", b"1"),
        *carried("twice", b"2"),
    ]
    folder = tmp_path / "work"
    folder.mkdir()
    done = ("done", json.dumps({"left": [{"path": "big.bin", "size": 9}]}))
    assert podlog.write_files([*bad, *good, done], folder) == [{"path": "big.bin", "size": 9}]
    found = sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*") if p.is_file())
    assert found == ["work/out/scores.csv", "work/twice"]
    assert podlog.write_files(carried("more", b"x"), folder) is None
