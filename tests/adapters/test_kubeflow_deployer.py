"""The deployer ``kubeflow``: promoted, replaced, rolled back, drifted, late, and broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from jupyter_modelpack.adapters.deployers import find_deployer
from jupyter_modelpack.adapters.deployers.kubeflow import KEPT, KubeflowDeployer
from jupyter_modelpack.adapters.jobs import compile_one
from jupyter_modelpack.errors import (
    BackendUnavailable,
    Conflict,
    GateNotSatisfied,
    InvalidInput,
)
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.event import Deploy
from tests.adapters.kubeflow_double import KubeflowDouble
from tests.pipeline.kale_notebooks import CHAIN
from tests.pipeline.test_kale_comparison import record_of

PUBLISHED = "registry.example.org/team/trial"
RECORD = {**record_of(CHAIN), "external": [], "author": "ada"}


@pytest.fixture(scope="module")
def server() -> Iterator[KubeflowDouble]:
    with KubeflowDouble(lambda: 0.0) as made:
        yield made


@pytest.fixture
def double(server: KubeflowDouble) -> Iterator[KubeflowDouble]:
    yield server
    assert server.problems == [], "the deployer broke the published definitions"
    for kept in (server.recurring, server.pipelines, server.version_list, server.history):
        kept.clear()
    server.experiment_list.clear()
    server.away, server.lose_replies = (lambda: False), 0


def deployer(folder: Path, double: KubeflowDouble, **more: Any) -> KubeflowDeployer:
    place = {"url": double.url, "namespace": "risk", "schedule": {"cron": "30 2 * * *"}, **more}
    content = {"environments": {"staging": {**place, "namespace": "lab"}, "production": place}}
    (folder / "kubeflow.yaml").write_text(yaml.safe_dump(content))
    found = find_deployer("kubeflow", folder)
    assert isinstance(found, KubeflowDeployer)
    return found


def digest(number: int) -> Digest:
    return Digest(f"sha256:{number:064x}")


def order(release: int, generation: int, attempt: int = 1, where: str = "production") -> Deploy:
    return Deploy(
        f"p{generation}", attempt, generation, "trial", f"1.{release}.0", digest(release), where
    )


def record(release: int) -> dict[str, Any]:
    found = {**RECORD, "version": f"1.{release}.0", "digest": str(digest(release))}
    return {**found, "registry": f"{PUBLISHED}@{digest(release)}"}


def deploy(made: KubeflowDeployer, wanted: Deploy) -> None:
    release = int(wanted.version.split(".")[1])
    files = {"kubeflow": compile_one(record(release), "kubeflow", PUBLISHED)}
    made.deploy(wanted, record(release), files)


def running(double: KubeflowDouble) -> list[str]:
    names = (r["display_name"] for r in double.recurring.values() if r["status"] == "ENABLED")
    return sorted(name.partition(" (")[0] for name in names)


def test_a_release_is_promoted_replaced_and_rolled_back(
    double: KubeflowDouble, tmp_path: Path
) -> None:
    made = deployer(tmp_path, double, parameters={"rounds": "7"}, owner="risk-team")
    deploy(made, order(1, 1))
    (first,) = double.recurring.values()
    assert first["trigger"]["cron_schedule"]["cron"] == "0 30 2 * * *"
    assert first["no_catchup"] is True and first["max_concurrency"] == "1"
    assert first["runtime_config"] == {"parameters": {"rounds": 7}}
    words = first["description"]
    assert "Promotion p1" in words and str(digest(1)) in words and "risk-team" in words
    assert double.experiment_list[0]["namespace"] == "risk"
    assert double.pipelines["trial"]["namespace"] == "risk"
    image = f"{PUBLISHED}@{digest(1)}"
    assert image in json.dumps(double.version_list[0]["pipeline_spec"])

    deploy(made, order(2, 2))
    assert running(double) == ["trial 1.2.0 in production"]
    assert len(double.recurring) == 2  # the former is paused, not gone

    deploy(made, order(1, 3))  # the rollback: the very same recurring run goes on
    assert running(double) == ["trial 1.1.0 in production"]
    assert double.recurring[first["recurring_run_id"]]["status"] == "ENABLED"
    for late in (order(2, 2), order(2, 2, 9), order(1, 1)):
        with pytest.raises(Conflict, match="later release"):
            deploy(made, late)
    assert running(double) == ["trial 1.1.0 in production"]
    deploy(made, order(1, 3))  # told twice
    deploy(made, order(1, 3, 2))  # a second attempt
    with pytest.raises(Conflict):
        deploy(made, order(1, 3, 1))

    deploy(made, order(3, 4))
    notes = [r for r in double.recurring.values() if r["display_name"].startswith("note")]
    assert notes == [] and running(double) == ["trial 1.3.0 in production"]
    for number in range(5, 9):
        deploy(made, order(number, number))
    print(f"{len(double.recurring)} recurring runs kept after 8 promotions")
    assert len(double.recurring) == 1 + KEPT


def test_environments_keep_apart_and_what_people_made_is_left_alone(
    double: KubeflowDouble, tmp_path: Path
) -> None:
    made = deployer(tmp_path, double)
    deploy(made, order(1, 1, where="staging"))
    deploy(made, order(1, 1))
    double.recurring["own"] = {
        **next(iter(double.recurring.values())),
        "recurring_run_id": "own", "display_name": "mine", "description": "by hand",
        "experiment_id": double.experiment_list[1]["experiment_id"],
    }  # fmt: skip
    deploy(made, order(2, 2))
    assert running(double) == ["mine", "trial 1.1.0 in staging", "trial 1.2.0 in production"]


def test_drift_is_said(double: KubeflowDouble, tmp_path: Path) -> None:
    made = deployer(tmp_path, double)
    deploy(made, order(1, 1))
    deploy(made, order(2, 2))
    asked = (order(2, 2, 0), record(2))
    assert made.drift(*asked) == ""
    old, own = double.recurring.values()
    own |= {"status": "DISABLED", "mode": "DISABLE"}
    assert "(1.2.0" not in made.drift(*asked) and "was paused" in made.drift(*asked)
    old |= {"status": "ENABLED", "mode": "ENABLE"}
    assert "1.1.0" in made.drift(*asked) and "runs as well" in made.drift(*asked)
    deploy(made, order(2, 2, 2))  # deploying again puts it right
    assert made.drift(*asked) == ""
    own["trigger"] = {"cron_schedule": {"cron": "0 0 9 * * *"}}
    assert "was changed: it runs at 0 0 9" in made.drift(*asked)
    again = deployer(tmp_path, double, schedule={"cron": "0 4 * * *"})
    assert "has other settings than are asked for" in again.drift(*asked)
    double.recurring.clear()
    assert "1.2.0 is gone" in made.drift(*asked)
    double.away = lambda: True
    with pytest.raises(BackendUnavailable):
        made.drift(*asked)


def test_catching_up_does_not_make_good_for_the_time_of_another_release(
    double: KubeflowDouble, tmp_path: Path
) -> None:
    wish = {"cron": "30 2 * * *", "timezone": "Asia/Tokyo", "catch_up": True}
    made = deployer(tmp_path, double, schedule=wish)
    deploy(made, order(1, 1))
    (first,) = double.recurring.values()
    assert first["no_catchup"] is False
    assert first["trigger"]["cron_schedule"]["cron"] == "0 30 17 * * *"
    deploy(made, order(2, 2))
    deploy(made, order(1, 3))
    assert running(double) == ["trial 1.1.0 in production"]
    assert first["recurring_run_id"] not in double.recurring  # a new one begins now


def test_lost_replies_and_a_server_that_is_away_are_taken_up_again(
    double: KubeflowDouble, tmp_path: Path
) -> None:
    made = deployer(tmp_path, double)
    tries = 0
    for release in range(1, 5):
        for _ in range(12):
            tries += 1
            double.lose_replies = 1 if tries % 3 else 0
            try:
                deploy(made, order(release, release))
                break
            except BackendUnavailable:
                continue
        double.lose_replies = 0
        assert running(double) == [f"trial 1.{release}.0 in production"]
    made_names = [name for what, name in double.history if what == "make"]
    print(f"4 promotions in {tries} tries with lost replies, {len(made_names)} recurring runs made")
    assert len(made_names) == len(set(made_names)) == 4 and tries > 4


def test_a_later_order_that_comes_between_wins(double: KubeflowDouble, tmp_path: Path) -> None:
    made = deployer(tmp_path, double)
    deploy(made, order(1, 1))

    class Overtaken(KubeflowDeployer):
        def _wait(self, *given: Any) -> None:
            super()._wait(*given)
            deploy(made, order(3, 3))

    with pytest.raises(Conflict):
        deploy(Overtaken(tmp_path), order(2, 2))
    assert running(double) == ["trial 1.3.0 in production"]


def test_what_kubeflow_does_not_take_up_is_a_no(double: KubeflowDouble, tmp_path: Path) -> None:
    deployer(tmp_path, double, wait_seconds=2)
    made = KubeflowDeployer(tmp_path, sleep=lambda _seconds: None)
    before = double.enable_schedule
    double.enable_schedule = lambda *_given, **_more: {}  # type: ignore[method-assign]
    try:
        with pytest.raises(GateNotSatisfied, match="It stays paused"):
            deploy(made, order(1, 1))
    finally:
        double.enable_schedule = before  # type: ignore[method-assign]
    deploy(made, order(1, 1, 2))
    assert running(double) == ["trial 1.1.0 in production"]


@pytest.mark.parametrize(
    "entry, what",
    [
        ({"url": ""}, "needs the url"),
        ({"when": "now"}, "has no setting when"),
        ({"schedule": {"cron": "hourly"}}, "is no schedule"),
        ({"schedule": {"cron": "0 2 * * *", "timezone": "Europe/Zurich"}}, "all year"),
        ({"parameters": {"seeds": 1}}, "seeds"),
    ],
)
def test_settings_that_make_no_sense_are_said_before_anything_is_done(
    double: KubeflowDouble, tmp_path: Path, entry: dict[str, Any], what: str
) -> None:
    with pytest.raises(InvalidInput, match=what):
        deploy(deployer(tmp_path, double, **entry), order(1, 1))
    assert double.recurring == {} and double.version_list == []


def test_a_schedule_may_stand_in_the_notebook_and_somewhere_it_must(
    double: KubeflowDouble, tmp_path: Path
) -> None:
    made = deployer(tmp_path, double, schedule={})
    profile = tmp_path / "kubeflow.yaml"
    entry = {"url": double.url, "namespace": "risk"}
    profile.write_text(yaml.safe_dump({"environments": {"production": entry}}))
    files = {"kubeflow": compile_one(record(1), "kubeflow", PUBLISHED)}
    with pytest.raises(InvalidInput, match="Nothing says when trial is to run in production"):
        made.deploy(order(1, 1), record(1), files)
    asked = {**record(1), "schedule": {"cron": "15 6 * * 1-5"}}
    made.deploy(order(1, 1), asked, files)
    (there,) = double.recurring.values()
    assert there["trigger"]["cron_schedule"]["cron"] == "0 15 6 * * 1,2,3,4,5"
    unpublished = {**asked, "registry": ""}
    with pytest.raises(InvalidInput, match="only on this machine"):
        made.deploy(order(1, 1), unpublished, files)
