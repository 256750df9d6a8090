"""A double of Kubeflow's API server, over real HTTP, held to the published OpenAPI definitions.

Every body that comes in or goes out is checked against the models that ``kfp-server-api`` is
generated from: a field that they do not have, or a value of another type, fails the test.
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import kfp_server_api
import yaml

from tests.adapters.metadata_messages import METHOD, metadata_answer

_PLAIN = {"str": str, "int": int, "bool": bool, "datetime": str, "float": (int, float)}
ROUTES = [
    ("POST", r"/pipelines", "V2beta1Pipeline", "V2beta1Pipeline", "create_pipeline"),
    ("GET", r"/pipelines/names/([^/]+)", "", "V2beta1Pipeline", "pipeline_by_name"),
    ("GET", r"/pipelines/([^/]+)/versions", "", "V2beta1ListPipelineVersionsResponse", "versions"),
    ("POST", r"/pipelines/upload_version", "", "V2beta1PipelineVersion", "upload_version"),
    ("GET", r"/experiments", "", "V2beta1ListExperimentsResponse", "experiments"),
    ("POST", r"/experiments", "V2beta1Experiment", "V2beta1Experiment", "create_experiment"),
    ("GET", r"/runs", "", "V2beta1ListRunsResponse", "list_runs"),
    ("POST", r"/runs", "V2beta1Run", "V2beta1Run", "create_run"),
    ("GET", r"/runs/([^/:]+)", "", "V2beta1Run", "get_run"),
    ("POST", r"/runs/([^/:]+):terminate", "", "", "terminate"),
    ("POST", r"/runs/([^/:]+):retry", "", "", "retry"),
    ("GET", r"/recurringruns", "", "V2beta1ListRecurringRunsResponse", "schedules"),
    ("POST", r"/recurringruns", "V2beta1RecurringRun", "V2beta1RecurringRun", "create_schedule"),
    ("GET", r"/recurringruns/([^/:]+)", "", "V2beta1RecurringRun", "get_schedule"),
    ("POST", r"/recurringruns/([^/:]+):enable", "", "", "enable_schedule"),
    ("POST", r"/recurringruns/([^/:]+):disable", "", "", "disable_schedule"),
    ("DELETE", r"/recurringruns/([^/:]+)", "", "", "remove_schedule"),
]


def check(value: Any, kind: str, where: str = "") -> None:
    """Hold a value against a type of the definitions."""
    where = where or kind
    if kind == "object" or value is None:
        return
    if kind in _PLAIN:
        assert isinstance(value, _PLAIN[kind]), f"{where}: {value!r} is no {kind}"  # type: ignore[arg-type]
        return
    if kind.startswith("list["):
        assert isinstance(value, list), where
        for item in value:
            check(item, kind[5:-1], where)
        return
    if kind.startswith("dict("):
        assert isinstance(value, dict), where
        for item in value.values():
            check(item, kind.partition(",")[2].rstrip(")").strip(), where)
        return
    model = getattr(kfp_server_api, kind)
    if not model.openapi_types:
        assert value in model.allowable_values, f"{where}: {value!r}"
        return
    assert isinstance(value, dict), where
    known = {wire: model.openapi_types[name] for name, wire in model.attribute_map.items()}
    for key, item in value.items():
        assert key in known, f"{where} has no {key}"
        check(item, known[key], f"{where}.{key}")


class Refused(Exception):
    """An answer other than 200: HTTP status, gRPC code, words."""


@dataclass
class KubeflowDouble:
    """What the server keeps, and what goes wrong with it; ``clock`` gives seconds since 1970."""

    clock: Callable[[], float]
    away: Callable[[], bool] = lambda: False
    failing: float = 0.0
    stuck: Callable[[], bool] = lambda: False
    lose_replies: int = 0
    accepts: Callable[[dict[str, str]], bool] = lambda headers: True
    pipelines: dict[str, dict[str, Any]] = field(default_factory=dict)
    version_list: list[dict[str, Any]] = field(default_factory=list)
    experiment_list: list[dict[str, Any]] = field(default_factory=list)
    runs: dict[str, dict[str, Any]] = field(default_factory=dict)
    recurring: dict[str, dict[str, Any]] = field(default_factory=dict)
    ends: dict[str, tuple[float, str]] = field(default_factory=dict)  # run -> when, state
    problems: list[str] = field(default_factory=list)
    history: list[tuple[str, str]] = field(default_factory=list)
    schedules_made: int = 0
    retried: list[str] = field(default_factory=list)
    metrics: dict[int, dict[str, Any]] = field(default_factory=dict)  # artifact -> values
    page: int = 200
    asked: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def __enter__(self) -> KubeflowDouble:
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one packet an answer: a second one would wait for the first's receipt

            def log_message(self, *_: Any) -> None:
                pass

            def _do(self) -> None:
                double.serve(self)

            do_GET = do_POST = do_DELETE = _do  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def serve(self, http: BaseHTTPRequestHandler) -> None:
        self.asked += 1
        body = http.rfile.read(int(http.headers.get("Content-Length") or 0))
        if http.path == METHOD:
            self._answer(http, *metadata_answer(self.metrics, body))
            return
        if self.away():
            http.close_connection = True
            return
        if self.chance.random() < self.failing:
            status = self.chance.choice([500, 502, 503, 504, 429])
            self._answer(http, status, b"<html>upstream</html>")
            return
        if not self.accepts({k.lower(): v for k, v in http.headers.items()}):
            self._answer(http, 302, b"<html>log in</html>")
            return
        try:
            found = self._route(http.command, http.path, body, http.headers)
            status = 200
        except Refused as refused:
            status, code, words = refused.args
            found = {"code": code, "message": words, "error": words, "details": []}
        except AssertionError as problem:
            self.problems.append(str(problem))
            status, found = 400, {"code": 3, "message": str(problem)}
        if self.lose_replies and http.command == "POST":
            self.lose_replies -= 1
            http.close_connection = True
            return
        self._answer(http, status, json.dumps(found).encode())

    def _answer(self, http: BaseHTTPRequestHandler, status: int, content: bytes) -> None:
        http.send_response(status)
        http.send_header("Content-Length", str(len(content)))
        http.end_headers()
        http.wfile.write(content)

    def _route(self, verb: str, target: str, body: bytes, headers: Any) -> Any:
        parts = urlsplit(target)
        assert parts.path.startswith("/apis/v2beta1"), target
        path = parts.path.removeprefix("/apis/v2beta1")
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        for method, pattern, takes, gives, name in ROUTES:
            match = re.fullmatch(pattern, path)
            if match and method == verb:
                given: Any = body
                if takes:
                    given = json.loads(body)
                    check(given, takes)
                found = getattr(self, name)(*match.groups(), query=query, body=given)
                if gives:
                    check(found, gives)
                return found
        raise AssertionError(f"there is no {verb} {path}")

    # what the server does

    def create_pipeline(self, query: Any, body: Any) -> Any:
        assert body["name"] not in self.pipelines, "there is a pipeline of that name"
        found = {**body, "pipeline_id": f"pipeline-{len(self.pipelines)}"}
        self.pipelines[body["name"]] = found
        return found

    def pipeline_by_name(self, name: str, query: Any, body: Any) -> Any:
        if name not in self.pipelines:
            raise Refused(404, 5, "no such pipeline")
        return self.pipelines[name]

    def versions(self, ident: str, query: Any, body: Any) -> Any:
        mine = [v for v in self.version_list if v["pipeline_id"] == ident]
        return {"pipeline_versions": _filtered(mine, query), "total_size": len(mine)}

    def upload_version(self, query: Any, body: bytes) -> Any:
        start = body.index(b"\r\n\r\n") + 4
        text = body[start : body.rindex(b"\r\n--")].decode()
        protocol = next(yaml.safe_load_all(text))
        found = {
            "pipeline_id": query["pipelineid"],
            "pipeline_version_id": f"version-{len(self.version_list)}",
            "display_name": query["name"],
            "name": query["name"],
            "description": query.get("description", ""),
            "pipeline_spec": protocol,
        }
        self.version_list.append(found)
        return found

    def experiments(self, query: Any, body: Any) -> Any:
        return {"experiments": _filtered(self.experiment_list, query)}

    def create_experiment(self, query: Any, body: Any) -> Any:
        found = {**body, "experiment_id": f"experiment-{len(self.experiment_list)}"}
        self.experiment_list.append(found)
        return found

    def list_runs(self, query: Any, body: Any) -> Any:
        return {"runs": _filtered(list(self.runs.values()), query)}

    def create_run(self, query: Any, body: Any) -> Any:
        ident = f"run-{len(self.runs)}"
        self.runs[ident] = {**body, "run_id": ident, "state": "PENDING"}
        return self.runs[ident]

    def get_run(self, ident: str, query: Any, body: Any) -> Any:
        if ident not in self.runs:
            raise Refused(404, 5, "no such run")
        found = dict(self.runs[ident])
        if self.stuck():
            return {**found, "state": "RUNTIME_STATE_UNSPECIFIED"}
        at, state = self.ends.get(ident, (float("inf"), ""))
        over = self.clock() >= at
        found["state"] = state if over else "RUNNING"
        found["finished_at"] = "2026-11-27T00:00:00Z" if over else "1970-01-01T00:00:00Z"
        tasks = [("load", "SUCCEEDED"), ("train", state if over else "RUNNING")]
        found["run_details"] = {
            "task_details": [
                {
                    "run_id": ident,
                    "task_id": name,
                    "display_name": name,
                    "state": task,
                    "outputs": {
                        "metrics": {"artifact_ids": [str(number)]},
                        "executed_notebook": {"artifact_ids": [str(100 + number)]},
                    }
                    if task == "SUCCEEDED"
                    else {},
                }
                for number, (name, task) in enumerate([("load-driver", "SUCCEEDED"), *tasks])
            ]
        }
        return found

    def terminate(self, ident: str, query: Any, body: Any) -> Any:
        self.ends[ident] = (self.clock(), "CANCELED")
        return {}

    def retry(self, ident: str, query: Any, body: Any) -> Any:
        self.retried.append(ident)
        self.ends[ident] = (self.clock() + 30, "SUCCEEDED")
        return {}

    def schedules(self, query: Any, body: Any) -> Any:
        found = _filtered(list(self.recurring.values()), query)
        if "experiment_id" in query:
            found = [each for each in found if each["experiment_id"] == query["experiment_id"]]
        start, size = int(query.get("page_token", 0)), min(int(query["page_size"]), self.page)
        more = {"next_page_token": str(start + size)} if start + size < len(found) else {}
        return {"recurringRuns": found[start : start + size], **more}

    def create_schedule(self, query: Any, body: Any) -> Any:
        # what robfig/cron 1.2 reads, by which the API server judges: no timezone before the fields
        cron = body["trigger"]["cron_schedule"]["cron"]
        assert re.fullmatch(r"[0-9,*/?-]+( [0-9a-zA-Z,*/?-]+){4,5}", cron), f"no schedule: {cron}"
        assert 1 <= int(body["max_concurrency"]) <= 10
        ident = f"schedule-{self.schedules_made}"
        self.schedules_made += 1
        status = f"{body['mode']}D"
        self.recurring[ident] = {**body, "recurring_run_id": ident, "status": status}
        self.history.append(("make", body["display_name"]))
        return self.recurring[ident]

    def get_schedule(self, ident: str, query: Any, body: Any) -> Any:
        if ident not in self.recurring:
            raise Refused(404, 5, "no such schedule")
        return self.recurring[ident]

    def enable_schedule(self, ident: str, query: Any, body: Any) -> Any:
        found = self.get_schedule(ident, query, body)
        found |= {"mode": "ENABLE", "status": "ENABLED"}
        self.history.append(("enable", found["display_name"]))
        return {}

    def disable_schedule(self, ident: str, query: Any, body: Any) -> Any:
        found = self.get_schedule(ident, query, body)
        found |= {"mode": "DISABLE", "status": "DISABLED"}
        self.history.append(("disable", found["display_name"]))
        return {}

    def remove_schedule(self, ident: str, query: Any, body: Any) -> Any:
        if self.recurring.pop(ident, None) is None:
            raise Refused(404, 5, "no such schedule")
        return {}


def _filtered(found: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    wanted = json.loads(query.get("filter", "{}"))
    check(wanted, "V2beta1Filter")
    for each in wanted.get("predicates", []):
        assert each["operation"] == "EQUALS"
        found = [item for item in found if item.get(each["key"]) == _text(each)]
    return found


def _text(predicate: dict[str, Any]) -> str:
    return str(predicate["string_value"])
