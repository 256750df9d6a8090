from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from jupyter_modelpack.errors import Aborted, BackendError, GateNotSatisfied, StoreError
from jupyter_modelpack.notebook.finding import Finding
from jupyter_modelpack.services.packaging import package
from jupyter_modelpack.services.packaging_types import STEPS, PackageRequest, PackageResult
from tests.services.fake_workshop import PASSED, FakeWorkshop, Recorder, failed

REQUEST = PackageRequest("/somewhere/churn.ipynb")


def run(
    shop: FakeWorkshop, request: PackageRequest = REQUEST, **changes: Any
) -> tuple[PackageResult, Recorder]:
    recorder = Recorder()
    return package(replace(request, **changes), shop.ports(), recorder), recorder


def test_each_step_ends_and_is_timed() -> None:
    result, recorder = run(FakeWorkshop())
    assert recorder.phases == {
        **dict.fromkeys(STEPS, "Succeeded"),
        "publish": "Skipped",
    }
    seconds = result.record["seconds"]
    assert set(seconds) == {*STEPS, "total"}
    assert all(seconds[name] > 0 for name in seconds if name != "publish")


def test_the_first_package_is_1_0_0_named_and_recorded() -> None:
    shop = FakeWorkshop()
    result, _ = run(shop)
    assert (result.name, result.version, result.unchanged) == ("churn", "1.0.0", False)
    assert shop.named == {"churn:1.0.0": result.digest}
    assert shop.releases.kept[0]["verified"]["sealed"] is True
    assert result.record["release"].startswith("sha256:")


def test_the_same_content_is_the_same_release() -> None:
    shop = FakeWorkshop()
    first, _ = run(shop)
    second, _ = run(shop)
    assert second.unchanged
    assert (second.version, second.digest) == (first.version, first.digest)
    assert len(shop.releases.kept) == 1


def test_other_content_is_a_release_with_a_parent() -> None:
    shop = FakeWorkshop()
    first, _ = run(shop)
    shop.content = "two"
    second, _ = run(shop)
    assert second.version == "1.1.0"
    assert second.record["parent"] == first.digest
    assert len(shop.releases.kept) == 2


def test_a_named_line_runs_beside_the_main_one() -> None:
    shop = FakeWorkshop()
    main, _ = run(shop)
    shop.content = "two"
    tried, _ = run(shop, line="try-xgboost")
    assert tried.version == "1.1.0-try-xgboost.1"
    assert (tried.record["line"], tried.record["parent"]) == ("try-xgboost", main.digest)
    shop.content = "three"
    again, _ = run(shop, line="try-xgboost")
    assert again.version == "1.1.0-try-xgboost.2"
    assert again.record["parent"] == tried.digest
    shop.content = "four"
    after, _ = run(shop)
    assert (after.version, after.record["parent"]) == ("1.1.0", main.digest)


def test_a_new_owner_card_is_kept_and_signed_with_the_same_release() -> None:
    shop = FakeWorkshop()
    first, _ = run(shop)
    shop.described["owner"] = {"name": "Ada", "contact": "ada@example.org", "runbook": "Call."}
    second, _ = run(shop)
    assert second.unchanged and second.digest == first.digest
    assert shop.releases.kept[0]["owner"]["name"] == "Ada"
    assert second.record["release"] != first.record["release"]
    assert len(shop.attested) == 2


def test_a_part_is_credited_to_who_released_it_first() -> None:
    shop = FakeWorkshop()
    check = {"kind": "check", "cell": 3, "digest": "sha256:1"}
    shop.described["parts"] = [check]
    run(shop, requested_by="ada")
    shop.content = "two"
    shop.described["parts"] = [{**check, "cell": 4}, {**check, "digest": "sha256:2"}]
    second, _ = run(shop, requested_by="ben")
    assert [(p["cell"], p["by"], p["since"]) for p in second.record["parts"]] == [
        (4, "ada", "1.0.0"),
        (3, "ben", "1.1.0"),
    ]


def test_a_blocking_finding_stops_before_anything_is_made() -> None:
    found = Finding(
        "secret", "blocking", "This looks like an AWS key.", cell=4, advice="Remove it."
    )
    shop = FakeWorkshop(findings=(found,))
    recorder = Recorder()
    with pytest.raises(GateNotSatisfied) as caught:
        package(REQUEST, shop.ports(), recorder)
    assert "This looks like an AWS key. (cell 4)" in caught.value.message
    assert caught.value.advice == "Remove it."
    assert recorder.phases["inspect"] == "Failed"
    assert "image" not in recorder.phases
    assert recorder.found == (found,)
    assert not shop.releases.kept


def test_a_failed_run_makes_no_release() -> None:
    shop = FakeWorkshop(verdicts=[(failed("Cell 1 failed"), ())])
    recorder = Recorder()
    with pytest.raises(GateNotSatisfied) as caught:
        package(REQUEST, shop.ports(), recorder)
    assert caught.value.message == "Cell 1 failed"
    assert recorder.phases["verify"] == "Failed"
    assert not shop.releases.kept and not shop.named


@pytest.mark.parametrize(("phase", "error"), [("Aborted", Aborted), ("Errored", BackendError)])
def test_a_stopped_or_broken_run_is_not_a_no(phase: str, error: type[Exception]) -> None:
    verdict = replace(PASSED, phase=phase, text="It broke.")
    shop = FakeWorkshop(verdicts=[(verdict, ())])
    with pytest.raises(error):
        package(REQUEST, shop.ports(), Recorder())
    assert not shop.releases.kept


def test_a_module_that_only_the_run_shows_is_added_and_said() -> None:
    shop = FakeWorkshop(
        verdicts=[(failed("No module named yaml"), ("yaml",)), (PASSED, ())],
        kernel_modules=frozenset({"yaml"}),
    )
    result, _ = run(shop)
    assert shop.collected == [(), ("yaml",)]
    assert [f["code"] for f in result.record["findings"]] == ["module-added"]
    assert shop.compiled[-1] == f"1.0.0 {result.digest[7:13]}", "the job names another image"


def test_a_module_that_the_kernel_lacks_too_is_a_failure() -> None:
    shop = FakeWorkshop(verdicts=[(failed("No module named yaml"), ("yaml",))])
    with pytest.raises(GateNotSatisfied):
        package(REQUEST, shop.ports(), Recorder())
    assert shop.collected == [()]


def test_a_damaged_blob_is_made_anew_once() -> None:
    damage = StoreError("It is damaged.", digest="sha256:" + "0" * 64)
    shop = FakeWorkshop(verdicts=[damage])
    result, recorder = run(shop)
    assert result.version == "1.0.0"
    assert shop.discarded == ["sha256:" + "0" * 64]
    assert recorder.phases["verify"] == "Succeeded"
    with pytest.raises(StoreError):
        run(FakeWorkshop(verdicts=[damage, damage]))


def test_without_verification_it_says_so() -> None:
    result, recorder = run(FakeWorkshop(), replace(REQUEST, verify=False))
    assert recorder.phases["verify"] == "Skipped"
    assert result.record["verified"]["phase"] == "Skipped"
    assert result.record["verified"]["sealed"] is False


def test_a_later_verification_is_kept_with_the_same_release() -> None:
    shop = FakeWorkshop()
    run(shop, replace(REQUEST, verify=False))
    result, _ = run(shop)
    assert result.unchanged
    assert shop.releases.kept[0]["verified"]["phase"] == "Succeeded"


def test_a_missing_compiler_is_said_and_is_no_failure() -> None:
    result, recorder = run(FakeWorkshop(job_hint="pip install it"))
    assert recorder.phases["job"] == "Skipped"
    assert recorder.steps[-1].detail == "pip install it"
    pipeline = result.record["pipeline"]
    assert (pipeline["available"], pipeline["formats"]) == (False, ["kubernetes"])
    assert list(pipeline["digests"]) == ["kubernetes"]


@pytest.mark.parametrize("after", range(1, 7))
def test_stopping_between_steps_leaves_no_release(after: int) -> None:
    shop = FakeWorkshop()
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked >= after

    with pytest.raises(Aborted):
        package(REQUEST, shop.ports(), Recorder(), cancelled)
    assert not shop.releases.kept


def test_a_verified_package_is_attested_once_its_image_has_a_name() -> None:
    shop = FakeWorkshop()
    first, _ = run(shop)
    made = {"provenance": "sha256:1", "sbom": "sha256:2", "key": "3"}
    assert first.record["evidence"] == {**made, "release": first.record["release"]}
    second, _ = run(shop)
    assert second.record["evidence"] == first.record["evidence"]
    assert shop.attested == ["churn:1.0.0"]


def test_a_package_that_was_not_verified_is_attested_when_it_is() -> None:
    shop = FakeWorkshop()
    first, _ = run(shop, replace(REQUEST, verify=False))
    assert (first.record["evidence"], shop.attested) == (None, [])
    second, _ = run(shop)
    assert second.unchanged
    assert shop.releases.kept[0]["evidence"]["key"] == "3"


@pytest.mark.parametrize("error", [StoreError("The disk is full.", advice="Free."), OSError("no")])
def test_a_package_that_cannot_be_attested_is_kept_and_that_is_said(error: Exception) -> None:
    shop = FakeWorkshop(evidence_error=error)
    result, recorder = run(shop)
    assert result.record["evidence"] is None
    (finding,) = recorder.found
    assert (finding.code, finding.severity) == ("evidence-missing", "warning")
    assert [f["code"] for f in shop.releases.kept[0]["findings"]] == ["evidence-missing"]
    shop.evidence_error = None
    again, _ = run(shop)
    assert again.unchanged and again.record["evidence"]
    assert shop.releases.kept[0]["findings"] == []
