"""Logging in with tokens of a real Kubernetes cluster: TokenReview and SubjectAccessReview."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config

from jupyter_modelpack.adapters.identity.kubernetes import KubernetesLogin
from tests.service.served import account, serving

FOLDER = os.environ.get("MODELPACK_TEST_KUBECONFIGS", "")
READ = "jupyter-modelpack/environments?name=churn"
GROUP = "service-tests.modelpack.jupyter.org"
POLICY = """
version: 1
name: cluster
provider: kubernetes
environments:
  - {name: dev, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - name: production
    ask: everyone
    approvals: {needed: 1, from: {groups: [reviewers]}}
    roll_back: {from: {groups: [reviewers]}}
"""


@pytest.fixture(scope="module")
def kubeconfigs():
    if not FOLDER:
        pytest.skip("MODELPACK_TEST_KUBECONFIGS names no folder with kubeconfigs of a cluster")
    return Path(FOLDER)


def token_of(folder, name):
    user = yaml.safe_load((folder / f"{name}.kubeconfig").read_text())["users"][0]["user"]
    if "token" not in user:
        pytest.skip(f"the kubeconfig of {name} has no token")
    return {"Authorization": f"Bearer {user['token']}"}


def login(folder, **more):
    settings = {"kubeconfig": str(folder / "admin.kubeconfig"), "signs_in": True, **more}
    return KubernetesLogin(config=Config({"KubernetesLogin": settings}))


@pytest.fixture(scope="module")
def rbac(kubeconfigs):
    """Let reviewers approve, by a ClusterRole of these tests alone."""
    from kubernetes import client, config

    api = client.RbacAuthorizationV1Api(
        config.new_client_from_config(str(kubeconfigs / "admin.kubeconfig"))
    )
    name = f"service-tests-approvers-{os.getpid()}"
    rule = {"apiGroups": [GROUP], "resources": ["promotions"], "verbs": ["approve"]}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    group = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": "reviewers"}
    api.create_cluster_role({"metadata": {"name": name}, "rules": [rule]})
    api.create_cluster_role_binding(
        {"metadata": {"name": name}, "roleRef": role, "subjects": [group]}
    )
    yield name
    api.delete_cluster_role_binding(name)
    api.delete_cluster_role(name)


def waits(served):
    """Bring a release of Ada's to production's door, and return its promotion."""
    from jupyter_modelpack.release.actor import Actor
    from jupyter_modelpack.services.promotions import Wish

    ada = Actor("kubernetes", "ada", verified=True, signed_in=True)
    served.world.package("1.0.0", account=account("ada", "kubernetes"))
    asked = [served.world.releases.ask(Wish("churn", "1.0.0", p, ""), ada)
             for p in ("dev", "production")]  # fmt: skip
    return f"jupyter-modelpack/promotions/{asked[-1]['id']}/decision"


@pytest.mark.systems
def test_tokens_are_reviewed(kubeconfigs, rbac, tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    with serving(tmp_path, login(kubeconfigs, approve_resource=f"promotions.{GROUP}")) as served:
        place, yes = waits(served), {"decision": "approve"}
        for name in ("ada", "rita"):
            answer = served.ask("GET", READ, headers=token_of(kubeconfigs, name))
            assert answer.json()["identity"]["username"] == name
        for wrong in ("Bearer x", "Basic cml0YTpyaXRh", "Bearer", "Bearer a b"):
            assert served.ask("GET", READ, headers={"Authorization": wrong}).status_code == 403
        refused = served.ask("POST", place, headers=token_of(kubeconfigs, "ada"), json=yes)
        assert (refused.status_code, refused.json()["error"]["details"]["rule"]) == (403, "login")
        done = served.ask("POST", place, headers=token_of(kubeconfigs, "rita"), json=yes)
        assert (done.status_code, done.json()["phase"]) == (200, "Active"), done.text


@pytest.mark.systems
def test_service_accounts_are_programs(kubeconfigs, tmp_path):
    from kubernetes import client, config

    api = client.CoreV1Api(config.new_client_from_config(str(kubeconfigs / "admin.kubeconfig")))
    asked = {"spec": {"expirationSeconds": 600}}
    made = api.create_namespaced_service_account_token("default", "default", asked)
    head = {"Authorization": f"Bearer {made.status.token}"}
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    with serving(tmp_path, login(kubeconfigs)) as served:
        answer = served.ask("GET", READ, headers=head)
        assert answer.json()["identity"]["username"] == "system:serviceaccount:default:default"
        answer = served.ask("POST", waits(served), headers=head, json={"decision": "approve"})
        assert answer.status_code == 403
        assert "is a program, not a person" in answer.json()["error"]["message"]


@pytest.mark.systems
def test_a_token_for_another_audience_is_nobodys(kubeconfigs, tmp_path):
    with serving(tmp_path, login(kubeconfigs, audiences=["modelpack"])) as served:
        from kubernetes import client, config

        api = client.CoreV1Api(config.new_client_from_config(str(kubeconfigs / "admin.kubeconfig")))
        codes = []
        for audience in ("modelpack", "another"):
            asked = {"spec": {"expirationSeconds": 600, "audiences": [audience]}}
            made = api.create_namespaced_service_account_token("default", "default", asked)
            head = {"Authorization": f"Bearer {made.status.token}"}
            codes.append(served.ask("GET", READ, headers=head).status_code)
        assert codes == [200, 403]
        assert served.ask("GET", READ, headers=token_of(kubeconfigs, "ada")).status_code == 403


@pytest.mark.systems
def test_a_service_that_may_not_ask_lets_nobody_in(kubeconfigs, tmp_path):
    place = str(kubeconfigs / "ada.kubeconfig")
    with serving(tmp_path, login(kubeconfigs, kubeconfig=place)) as served:
        answer = served.ask("GET", READ, headers=token_of(kubeconfigs, "rita"))
        assert answer.status_code == 503
        assert "system:auth-delegator" in answer.json()["error"]["advice"]


# An API server that answers what a test says, or not at all


@contextmanager
def api_server(tmp_path, answers):
    class Handler(BaseHTTPRequestHandler):
        asked: list[str] = []  # noqa: RUF012

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            Handler.asked.append(self.path.rsplit("/", 1)[-1])
            status, body = answers[self.path.rsplit("/", 1)[-1]]
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *args):
            return None

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    place = tmp_path / "kubeconfig"
    config = {
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": {"token": "service"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    place.write_text(yaml.safe_dump(config))
    try:
        yield str(place), Handler.asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


RITA = '{"status": {"authenticated": true, "user": {"username": "rita", "groups": ["reviewers"]}}}'
BEARER = {"Authorization": "Bearer a-token"}


@pytest.mark.parametrize(
    ("review", "code"),
    [
        ((201, RITA), 200),
        ((201, '{"status": {"authenticated": false}}'), 403),
        ((201, '{"status": {"authenticated": "true", "user": {"username": "rita"}}}'), 403),
        ((201, '{"status": {"authenticated": true, "user": {}}}'), 403),
        ((201, '{"status": {}}'), 403),
        ((201, "{}"), 503),
        ((201, "not JSON"), 503),
        ((401, "{}"), 503),
        ((403, "{}"), 503),
        ((500, "{}"), 503),
    ],
)
def test_only_a_plain_yes_lets_somebody_in(tmp_path, review, code):
    with api_server(tmp_path, {"tokenreviews": review}) as (place, asked):
        with serving(tmp_path, login(tmp_path, kubeconfig=place)) as served:
            for _ in range(2):
                assert served.ask("GET", READ, headers=BEARER).status_code == code
        # a yes is good for some seconds, a no is asked for again
        assert len(asked) == (1 if code == 200 else 2)


@pytest.mark.parametrize(
    ("access", "code"),
    [
        ((201, '{"status": {"allowed": true}}'), 200),
        ((201, '{"status": {"allowed": false}}'), 403),
        ((201, '{"status": {"allowed": true, "denied": true}}'), 403),
        ((201, "{}"), 503),
        ((500, "{}"), 503),
    ],
)
def test_only_a_plain_yes_lets_somebody_approve(tmp_path, access, code):
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    answers = {"tokenreviews": (201, RITA), "subjectaccessreviews": access}
    with (
        api_server(tmp_path, answers) as (place, _),
        serving(tmp_path, login(tmp_path, kubeconfig=place, approve_resource="x.y")) as served,
    ):
        where = waits(served)
        answer = served.ask("POST", where, headers=BEARER, json={"decision": "approve"})
        assert answer.status_code == code, answer.text
        phase = served.world.promotions.list()[0].phase
        assert phase == ("Active" if code == 200 else "Waiting")


def test_a_cluster_that_is_away_lets_nobody_in(tmp_path):
    with api_server(tmp_path, {}) as (place, _):
        pass
    with serving(tmp_path, login(tmp_path, kubeconfig=place)) as served:
        answer = served.ask("GET", READ, headers=BEARER)
        assert answer.status_code == 503
        assert "does not answer" in answer.json()["error"]["message"]
        assert served.ask("GET", READ).status_code == 403


def test_without_signs_in_a_token_approves_nothing(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    with (
        api_server(tmp_path, {"tokenreviews": (201, RITA)}) as (place, _),
        serving(tmp_path, login(tmp_path, kubeconfig=place, signs_in=False)) as served,
    ):
        answer = served.ask("POST", waits(served), headers=BEARER, json={"decision": "approve"})
        assert answer.status_code == 403
