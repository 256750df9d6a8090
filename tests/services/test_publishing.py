"""The publish step: after the run, never at the cost of the package, and told to the panel."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_modelpack.errors import Aborted, InvalidInput, RegistryError
from jupyter_modelpack.services.packaging import package
from jupyter_modelpack.services.packaging_types import PackageRequest, StepReport, Transfer
from jupyter_modelpack.services.publishing import (
    located,
    place_of,
    publish,
    repository_at,
    sentence,
)
from jupyter_modelpack.services.work import new_build_state, step_json, with_step
from tests.services.fake_workshop import FakeWorkshop, Recorder

GOLDEN = Path(__file__).parents[1] / "contract" / "build_publishing.json"
PLACE = "registry.example.com/team/churn"
HALF = Transfer(347_000_000, 9_400_000, 328_200_000, 8_100_000, 9_400_000)


@dataclass
class FakePublisher:
    place: str = PLACE
    upload_error: Exception | None = None
    name_error: Exception | None = None
    uploaded: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)

    def repository(self, package: str) -> str:
        return str(repository_at(self.place, package)) if self.place else ""

    def upload(
        self,
        record: Mapping[str, Any],
        repository: str,
        tell: Callable[[Transfer], None],
        cancelled: Callable[[], bool],
    ) -> Transfer:
        tell(HALF)
        if self.upload_error is not None:
            raise self.upload_error
        self.uploaded.append(f"{repository}@{record['digest']}")
        return Transfer(347_000_000, 18_800_000, 328_200_000, 8_100_000, 18_800_000)

    def name(
        self, record: Mapping[str, Any], repository: str, cancelled: Callable[[], bool]
    ) -> None:
        assert record["evidence"], "named before its evidence was there"
        if self.name_error is not None:
            raise self.name_error
        self.named.append(f"{repository}:{record['version']}")


def made(publisher: FakePublisher) -> tuple[Any, Recorder, FakeWorkshop]:
    shop, progress = FakeWorkshop(), Recorder()
    ports = replace(shop.ports(), publisher=publisher)
    return package(PackageRequest("/a.ipynb", "churn"), ports, progress), progress, shop


def test_a_package_is_published_after_its_run_by_the_digest_of_its_build() -> None:
    publisher = FakePublisher()
    result, progress, shop = made(publisher)
    assert publisher.uploaded == [f"{PLACE}@{result.digest}"]
    assert publisher.named == [f"{PLACE}:{result.version}"]
    assert result.record["registry"] == f"{PLACE}@{result.digest}"
    assert result.record["published"] == {
        "repository": PLACE,
        "tag": "1.0.0",
        "created": "2026-11-23T09:00:00Z",
        "sent": 18_800_000,
        "there": 328_200_000,
    }
    assert shop.releases.kept == [result.record]
    order = [report.name for report in progress.steps]
    assert order.index("verify") < order.index("publish") < order.index("job")
    assert progress.phases["publish"] == "Succeeded" and result.record["seconds"]["publish"] > 0
    told = [r for r in progress.steps if r.name == "publish" and r.transfer is not None]
    assert told[0].progress == 0.973 and told[0].transfer == HALF
    assert told[-1].detail == f"18.8 MB sent to {PLACE}; 328 MB were there already".replace(
        "18.8", "19"
    )


def test_without_a_registry_nothing_is_published() -> None:
    result, progress, _ = made(FakePublisher(place=""))
    assert progress.phases["publish"] == "Skipped"
    assert "registry" not in result.record and "published" not in result.record


@pytest.mark.parametrize("when", ["upload", "name"])
def test_a_failure_keeps_the_package_and_says_how_to_publish_later(when: str) -> None:
    error = RegistryError("The registry is full.", advice="Ask for more room.")
    publisher = FakePublisher(**{f"{when}_error": error})
    result, progress, shop = made(publisher)
    assert [r["digest"] for r in shop.releases.kept] == [result.digest]
    assert progress.phases["publish"] == "Errored" and progress.phases["job"] == "Succeeded"
    (finding,) = (f for f in progress.found if f.code == "publish-failed")
    assert finding.severity == "warning" and "The registry is full." in finding.message
    assert "Ask for more room. The package is kept here" in finding.advice
    assert "jupyter modelpack publish churn" in finding.advice
    assert result.record["published"]["problem"] == finding.message
    # What is signed says nothing about registries.
    assert all(f["code"] != "publish-failed" for f in result.record["findings"])
    assert ("registry" in result.record) is (when == "name")
    later = FakePublisher()
    done = publish(result.record, later, lambda _: None, lambda: "now")
    assert done["registry"] == f"{PLACE}@{result.digest}" and "problem" not in done["published"]


def test_a_wrong_setting_of_the_server_does_not_cost_the_package() -> None:
    result, progress, _ = made(FakePublisher(place="no-host/churn"))
    assert progress.phases["publish"] == "Skipped"
    assert "does not say which registry" in result.record["published"]["problem"]


def test_a_person_may_stop_it() -> None:
    with pytest.raises(Aborted):
        made(FakePublisher(upload_error=Aborted("The transfer was stopped.")))


def test_a_build_that_publishes_looks_as_agreed() -> None:
    """The panel reads this file too."""
    golden = json.loads(GOLDEN.read_text())
    report = StepReport("publish", "Running", None, sentence(HALF), 0.973, HALF)
    (shown,) = (step for step in golden["steps"] if step["name"] == "publish")
    assert shown == step_json(report)
    state = with_step(new_build_state()["steps"], report)
    assert [step["name"] for step in golden["steps"]] == [step["name"] for step in state]


def test_a_file_for_a_cluster_names_where_the_image_is() -> None:
    digest = "sha256:" + "a" * 64
    content = f'image: "modelpack.local/churn@{digest}"\n# {digest}\nother@sha256:0'.encode()
    record = {"digest": digest, "registry": f"{PLACE}@{digest}"}
    assert located(content, {"digest": digest}) == content
    moved = located(content, record)
    assert moved == content.replace(b"modelpack.local/churn", PLACE.encode())
    elsewhere = {"digest": digest, "registry": f"127.0.0.1:5000/x@{digest}"}
    assert located(moved, elsewhere).count(b"127.0.0.1:5000/x@") == 1


@pytest.mark.parametrize(
    ("place", "repository"),
    [
        ("r.example.com", "r.example.com/churn"),
        ("r.example.com/team", "r.example.com/team"),
        ("localhost/team/{name}", "localhost/team/churn"),
        ("[::1]:5000/a", "[::1]:5000/a"),
        (place_of("r.example.com/team/"), "r.example.com/team/churn"),
        (place_of("r.example.com/{name}/prod"), "r.example.com/churn/prod"),
    ],
)
def test_a_place_is_a_repository(place: str, repository: str) -> None:
    assert str(repository_at(place, "churn")) == repository


@pytest.mark.parametrize("place", ["team/churn", "https://r.example.com/a", "r.example.com/A", "$"])
def test_what_is_no_place_is_refused(place: str) -> None:
    with pytest.raises(InvalidInput):
        repository_at(place, "churn")
