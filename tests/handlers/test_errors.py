"""One table turns errors into HTTP, and a bug says nothing about itself."""

from __future__ import annotations

import inspect
import json
import logging
import random

import pytest
from fake_workshop import golden
from tornado.web import HTTPError

from jupyter_modelpack import errors
from jupyter_modelpack.adapters.inspector_process import error_from
from jupyter_modelpack.handlers.errors import body_of, status_of
from jupyter_modelpack.services.work import error_json, phase_of

TABLE = {
    errors.InvalidInput("m", field="path"): (400, "INVALID_INPUT", "Failed"),
    errors.NotPermitted("m", rule="r"): (403, "NOT_PERMITTED", "Failed"),
    errors.NotFound("package", "x"): (404, "PACKAGE_UNKNOWN", "Failed"),
    errors.NotFound("executed notebook", "x"): (404, "EXECUTED_NOTEBOOK_UNKNOWN", "Failed"),
    errors.Conflict("m"): (409, "CONFLICT", "Errored"),
    errors.GateNotSatisfied("m", findings=[]): (409, "GATE_NOT_SATISFIED", "Failed"),
    errors.Aborted("m"): (409, "ABORTED", "Aborted"),
    errors.RegistryError("m"): (502, "REGISTRY_ERROR", "Errored"),
    errors.BackendError("m"): (502, "BACKEND_ERROR", "Errored"),
    errors.BackendUnavailable("m"): (503, "BACKEND_UNAVAILABLE", "Errored"),
    errors.StoreError("m"): (507, "STORE_ERROR", "Errored"),
    errors.ModelPackError("m"): (500, "ERROR", "Errored"),
}


def test_every_error_is_in_the_table():
    kinds = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    ours = {kind for kind in kinds if issubclass(kind, errors.ModelPackError)}
    assert ours == {type(error) for error in TABLE}


@pytest.mark.parametrize("error", TABLE, ids=lambda error: f"{type(error).__name__} {error}")
def test_the_table(error):
    status, code, phase = TABLE[error]
    assert status_of(error) == status
    body = body_of(status, error)
    assert set(body["error"]) == set(golden("error")["error"])
    assert body["error"] == error_json(error)
    assert body["error"]["code"] == code
    assert phase_of(error) == phase
    again = error_from({**json.loads(json.dumps(body["error"])), "kind": type(error).__name__})
    assert type(again) is type(error)
    assert (status_of(again), body_of(status, again)) == (status, body)


def test_what_was_not_expected_says_nothing():
    for error in (ValueError("canary"), KeyError("canary"), HTTPError(418, "canary")):
        assert "canary" not in json.dumps(body_of(status_of(error), error))
    assert status_of(ValueError()) == 500


CANARY = "AKIACANARY5F1C0DE7777"


async def test_f2_nothing_secret_in_answers_logs_ledger_and_arguments(
    client, write, data_dir, caplog, capfd, jp_logging_stream, tmp_path
):
    """A canary in notebooks goes through thirty ways to fail and turns up nowhere else."""
    caplog.set_level(logging.DEBUG)
    seen = []
    ends = ("bug", "die", "refused")
    for number in range(10):
        for end in ends:
            name = f"{end}{number}.ipynb"
            told = {"end": end, "secret": CANARY, "log": CANARY if end == "bug" else "x"}
            place = write(name, **told)
            if number % 3 == 1:
                place.write_text(place.read_text()[:-9])  # torn
            if number < 5:
                build = await client("POST", "builds", body={"path": name})
                seen.append(json.dumps(build.body))
                if number < 2:
                    seen.append(json.dumps(await client.ended("builds", build.body["id"])))
                else:
                    await client("DELETE", "builds", build.body["id"])
            answer = await client("GET", "inspection", params={"path": name})
            seen.append(json.dumps(answer.body))
            assert answer.status != 500
    for body in (b"{" + CANARY.encode(), {"path": CANARY + ".ipynb", CANARY: 1}):
        await client("POST", "builds", body=body)
    assert not [text for text in seen if CANARY in text]
    captured = capfd.readouterr()
    assert CANARY not in captured.out + captured.err
    assert CANARY not in jp_logging_stream.getvalue()
    assert not [record for record in caplog.records if CANARY in record.getMessage()]
    files = [each for each in data_dir.rglob("*") if each.is_file()]
    logs = {each for each in files if each.suffix == ".log"}  # what the notebook itself printed
    assert not [each for each in set(files) - logs if CANARY.encode() in each.read_bytes()]
    print(f"F2: {len(seen)} answers, {len(files)} files, the log and standard error: 0 canaries")


async def test_malformed_bodies_are_never_a_bug(client, write, jp_logging_stream):
    write("churn.ipynb", end="refused")
    pick = random.Random(7)
    words = [None, True, 0, -1, 1e308, "", "x", "\ud800", [], {}, [1], {"a": 1}, "churn.ipynb",
             "a" * 3000, {"path": {}}, "../x", "none"]  # fmt: skip
    keys = ["path", "name", "verify", "network", "compression", "version", "parameters", "format",
            "overwrite", "x"]  # fmt: skip
    tried = 0
    for _ in range(120):
        body = {pick.choice(keys): pick.choice(words) for _ in range(pick.randrange(5))}
        text = json.dumps(body).encode()
        if pick.random() < 0.2:
            cut = pick.randrange(len(text) + 1)
            text = text[:cut] + bytes([pick.randrange(256)]) + text[cut:]
        for route in ("builds", "runs", "packages/churn/1.0.0/export"):
            answer = await client("POST", *route.split("/"), body=text)
            assert answer.status < 500, (route, text, answer)
            assert set(answer.body) == {"error"} or answer.status == 201
            tried += 1
    assert "a bug in" not in jp_logging_stream.getvalue()
    print(f"{tried} malformed requests, 0 bugs")
