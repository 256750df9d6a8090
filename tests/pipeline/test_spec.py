"""The pipeline as data: an image by digest only, and a name that every system takes."""

from __future__ import annotations

import pytest

from jupyter_modelpack.errors import InvalidInput
from jupyter_modelpack.pipeline.spec import PipelineSpec

DIGEST = "sha256:" + "ab" * 32


def made(image: str, name: str = "churn") -> PipelineSpec:
    return PipelineSpec(display_name=name, version="1.0.0", image=image)


def test_the_name_is_a_label_and_the_display_name_is_kept() -> None:
    spec = made(f"modelpack.local/churn@{DIGEST}", name="Churn Model")
    assert (spec.name, spec.display_name) == ("churn-model", "Churn Model")
    assert spec.digest == DIGEST


@pytest.mark.parametrize("image", ["churn:1.0.0", "churn", "churn@sha256:12", "@" + DIGEST, ""])
def test_an_image_that_is_not_named_by_its_digest_is_refused(image: str) -> None:
    with pytest.raises(InvalidInput):
        made(image)


def test_a_tag_beside_the_digest_is_kept_because_the_digest_decides() -> None:
    image = f"registry.example:5000/team/churn:1.0.0@{DIGEST}"
    assert made(image).image == image


def test_a_pipeline_needs_a_name() -> None:
    with pytest.raises(InvalidInput):
        made(f"churn@{DIGEST}", name=" ")
