"""From a notebook to a registry on the command line: published, named, promoted, and looked at."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.judges import tool
from tests.product import Product
from tests.registry.double import running
from tests.registry.real import Real, start_real


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Real]:
    with start_real(tmp_path_factory.mktemp("registry")) as started:
        yield started


def test_a_notebook_is_published_by_the_digest_of_its_build(
    product: Product, notebook: Callable[..., Path], real: Real, tmp_path: Path
) -> None:
    path = notebook("rows = 7\nprint(rows)", name="published.ipynb")
    place = f"{real.host}/team/published"
    made = product("package", str(path), "--registry", place, "--json")
    assert made.code == 0, made.err
    record = made.json
    assert record["registry"] == f"{place}@{record['digest']}"
    assert record["published"]["tag"] == "1.0.0" and record["seconds"]["publish"] > 0
    assert skopeo_seen(f"{place}:1.0.0") == record["digest"]
    for kind in ("kubernetes", "kubeflow"):
        out = tmp_path / f"{kind}.yaml"
        exported = product("export", "published", "--format", kind, "-o", str(out))
        assert exported.code == 0, exported.err
        assert record["registry"] in out.read_text() and "modelpack.local" not in out.read_text()
    again = product("publish", "published", "--registry", place, "--json")
    assert again.code == 0, again.err
    assert again.json["published"]["sent"] == 0 and again.json["published"]["there"] > 0
    beside = product("publish", "published", "--registry", f"{real.host}/other/{{name}}", "--json")
    assert beside.json["registry"] == f"{real.host}/other/published@{record['digest']}"
    assert beside.json["published"]["sent"] < 1_000_000, "layers were sent and not mounted"
    assert not any(tag == "latest" or tag.startswith("v") for tag in tags(place))
    promoted = product("promote", "published", "--to", "dev", "--registry", place, "--json")
    assert promoted.code == 0, promoted.err
    assert skopeo_seen(f"{real.host}/other/published:dev") == record["digest"]


def test_c6_a_promotion_is_refused_when_the_tag_stands_for_another_image(
    product: Product, notebook: Callable[..., Path]
) -> None:
    path = notebook("moved = 1", name="moved.ipynb")
    with running() as double:
        place = f"{double.host}/team/moved"
        made = product("package", str(path), "--registry", place, "--json")
        assert made.code == 0, made.err
        digest = double.tags["team/moved"]["1.0.0"]
        kind, data = double.manifests["team/moved"][digest]
        double.keep_manifest("team/moved", data + b"\n", kind, "1.0.0")
        refused = product("promote", "moved", "--to", "dev", "--registry", place, "--json")
        assert refused.code == 1
        assert "reference" in json.dumps(refused.error["details"]).lower()
        double.tags["team/moved"]["1.0.0"] = digest
        taken = product("promote", "moved", "--to", "dev", "--registry", place, "--json")
        assert taken.code == 0, taken.err
        assert double.tags["team/moved"]["dev"] == digest
    gone = product("promote", "moved", "--to", "staging", "--registry", place, "--json")
    assert gone.code == 1, "a registry that cannot be asked is a refusal"


def test_a_registry_that_is_away_costs_no_package(
    product: Product, notebook: Callable[..., Path], real: Real
) -> None:
    path = notebook("away = 1", name="away.ipynb")
    made = product("package", str(path), "--registry", "127.0.0.1:1/team/away", "--json")
    assert made.code == 0, made.err
    assert "registry" not in made.json
    assert "jupyter modelpack publish away" in made.json["published"]["advice"]
    doctor = product("doctor", "--registry", "127.0.0.1:1/team/away", "--json")
    (check,) = (c for c in doctor.json["checks"] if c["name"] == "registry")
    assert doctor.code == 1 and not check["ok"]
    later = product("publish", "away", "--registry", f"{real.host}/team/away", "--json")
    assert later.code == 0, later.err
    assert skopeo_seen(f"{real.host}/team/away:1.0.0") == made.json["digest"]
    well = product("doctor", "--registry", f"{real.host}/team/away", "--json")
    assert [c["ok"] for c in well.json["checks"] if c["name"].startswith("registry")] == [True] * 2


def skopeo_seen(reference: str) -> str:
    done = subprocess.run(
        [tool("skopeo"), "inspect", "--tls-verify=false", f"docker://{reference}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["Digest"])


def tags(place: str) -> list[str]:
    host, _, path = place.partition("/")
    with urllib.request.urlopen(f"http://{host}/v2/{path}/tags/list") as answer:
        return list(json.load(answer)["tags"])
