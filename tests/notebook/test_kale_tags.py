"""Kale's tag language, word by word."""

from __future__ import annotations

import pytest

from jupyter_modelpack.notebook.kale import SecretRef, read_tags
from jupyter_modelpack.notebook.kale_metadata import read_settings


@pytest.mark.parametrize(
    ("tags", "role"),
    [
        (["skip"], "skip"),
        (["imports"], "imports"),
        (["functions"], "functions"),
        (["pipeline-parameters"], "pipeline-parameters"),
        (["pipeline-metrics"], "pipeline-metrics"),
        (["block:skip"], "skip"),
        (["block:imports"], "imports"),
        (["block:pipeline-parameters"], "pipeline-parameters"),
        (["step:functions"], "functions"),
        (["prev:a", "skip"], "skip"),
        (["step:a"], None),
        (["parameters"], None),
    ],
)
def test_special_words_decide_alone(tags: list[str], role: str | None) -> None:
    assert read_tags(tags).role == role


def test_a_step_with_everything() -> None:
    tags = read_tags(
        [
            "step:train_2",
            "prev:load",
            "prev:_clean",
            "annotation:example.com/owner:team:risk",
            "label:access-ml-pipeline:true",
            "limit:nvidia.com/gpu:2",
            "limit:memory:2Gi",
            "secret:db.login:pass-word:DB_PASSWORD",
            "image:python:3.11-slim",
            "cache:enabled",
            "report:disabled",
        ]
    )
    assert (tags.names, tags.prev, tags.wrong) == (("train_2",), ("load", "_clean"), ())
    options = tags.options
    assert options.annotations == {"example.com/owner": "team:risk"}  # colons are kept
    assert options.labels == {"access-ml-pipeline": "true"}
    assert options.limits == {"nvidia.com/gpu": "2", "memory": "2Gi"}
    assert options.secrets == {"DB_PASSWORD": SecretRef("db.login", "pass-word")}
    assert (options.image, options.cache, options.report) == ("python:3.11-slim", True, False)
    assert type(options).from_json(options.to_json()) == options


@pytest.mark.parametrize(
    "tag",
    [
        *("step:Train", "step:2nd", "step:a-b", "block:A", "prev:", "prev:A", "limit:cpu"),
        *("limit:CPU:1", "secret:a:b", "secret:A:b:C", "secret:a:b:2C", "cache:on", "report:"),
        *("image:", "label:-a:b", "annotation:a", "notebook:A"),
    ],
)
def test_what_only_looks_like_a_tag_is_wrong(tag: str) -> None:
    assert read_tags([tag]).wrong == (tag,)


@pytest.mark.parametrize(
    "tag", ["check", "metrics", "parameters", "todo:later", "raises-exception"]
)
def test_tags_of_others_are_left_alone(tag: str) -> None:
    found = read_tags([tag])
    assert (found.wrong, found.role, found.placed) == ((), None, False)


def test_the_notebooks_settings_are_read_and_nothing_in_them_breaks_it() -> None:
    settings = read_settings(
        {
            "kubeflow_notebook": {
                "experiment_name": "trials",
                "volumes": [
                    {
                        "name": "my-data",
                        "mount_point": "/data",
                        "type": "pvc",
                        "expose_as_env_var": True,
                    },
                    {"name": "new", "mount_point": "/new", "type": "new_pvc", "size": 5},
                    {"name": "old", "mount_point": "/old", "type": "clone"},
                ],
                "volume_access_mode": "rwo",
                "steps_defaults": ["label:a:b", "limit:cpu:2", "cache:enabled"],
            }
        }
    )
    assert [(v.name, v.size, v.access_mode) for v in settings.volumes] == [
        ("my-data", "", "ReadWriteOnce"),
        ("new", "5Gi", "ReadWriteOnce"),
    ]
    assert settings.unknown_volumes == ("old",)
    assert [volume.variable for volume in settings.volumes] == ["KALE_VOLUME_MY_DATA", ""]
    assert [volume["variable"] for volume in settings.to_json()["volumes"][:1]] == [
        "KALE_VOLUME_MY_DATA"
    ]
    assert "variable" not in settings.to_json()["volumes"][1]
    assert (settings.defaults.labels, settings.defaults.cache) == ({"a": "b"}, True)
    for odd in (None, 3, [], {"volumes": 3, "steps_defaults": [3]}, {"volumes": [None, {}]}):
        read_settings({"kubeflow_notebook": odd})
