"""A3: what each role may do at each route of the service is a committed table."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_modelpack.handlers.routes import SERVICE_ROUTES
from jupyter_modelpack.oci.digest import Digest
from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services.promotions import Wish
from tests.service.served import account, paged, proxied, serving

TABLE = json.loads((Path(__file__).parent / "roles.json").read_text("utf-8"))
ROLES = {
    "anonymous": {},
    "program": proxied("system:serviceaccount:ci:robot"),
    "reader": proxied("leo"),
    "author": proxied("ada", "data-science"),
    "approver": proxied("rita", "reviewers"),
    "operator": proxied("omar", "platform"),
}
POLICY = """
version: 1
name: roles
provider: proxy
roles:
  makers: {groups: [data-science, reviewers, platform]}
environments:
  - name: dev
    ask: {roles: [makers]}
    approvals: {needed: 0}
    roll_back: {from: {groups: [platform]}}
  - name: production
    ask: {roles: [makers]}
    approvals: {needed: 1, from: {groups: [reviewers]}}
    roll_back: {from: {groups: [platform]}}
policy_changes:
  ask: {groups: [platform]}
  approvals: {needed: 1, from: {groups: [reviewers]}}
"""
OMAR = Actor("proxy", "omar", verified=True, signed_in=True, groups=frozenset({"platform"}))
ADA = Actor("proxy", "ada", verified=True, signed_in=True, groups=frozenset({"data-science"}))


def story(world, name):
    """Let a package have run in dev twice, and wait for production; return the request's id."""
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.package(version, name, account=account("ada"))
    for version in ("1.0.0", "1.1.0"):
        world.releases.ask(Wish(name, version, "dev", ""), ADA)
    return world.releases.ask(Wish(name, "1.1.0", "production", ""), ADA)["id"]


def proposed(world, name):
    """Propose another policy, and return the change's id."""
    text = POLICY.replace("name: roles", f"name: {name}")
    return world.releases.propose_policy(OMAR, text, "because")["id"]


def request_for(verb, route, name, promotion):
    """Return path and body of a request that makes sense."""
    ident = promotion.id
    seen = {"digest": str(promotion.candidate.digest), "policy": str(promotion.policy)}
    seen["generation"] = str(promotion.seen.generation)
    wish = {"name": name, "reason": "because"}
    filled = {
        "jupyter-modelpack/packages/([^/]+)": f"jupyter-modelpack/packages/{name}",
        "jupyter-modelpack/packages/([^/]+)/([^/]+)": f"jupyter-modelpack/packages/{name}/1.0.0",
        "jupyter-modelpack/environments": f"jupyter-modelpack/environments?name={name}",
    }
    path = filled.get(route, route.replace("([^/]+)", ident))
    path = path.replace("pages/packages/" + ident, f"pages/packages/{name}")
    path = path.removesuffix("?").replace(f"static/{ident}", "static/pages.js")
    path = path if "pipeline" not in route else f"jupyter-modelpack/packages/{name}/1.0.0/pipeline"
    if "blobs" in route:
        path = route.replace("([^/]+)", str(Digest.of(b"x")))
    if "difference" in route:
        path = f"{route}?before={name}:1.0.0&after={name}:1.1.0"
    lock = {"python": "3", "implementation": "cpython", "platform": "linux", "distributions": []}
    record = {"name": name, "digest": str(Digest.of(name.encode())), "lock": lock}
    bodies = {
        "jupyter-modelpack/policy/changes": {
            "text": POLICY.replace("name: roles", f"name: {name}"),
            "reason": "because",
        },
        "jupyter-modelpack/policy/changes/([^/]+)/decision": {"decision": "reject"},
        "jupyter-modelpack/submissions": {"record": record},
        "jupyter-modelpack/promotions": {**wish, "version": "1.2.0", "environment": "dev"},
        "jupyter-modelpack/rollbacks": {**wish, "version": "1.0.0", "environment": "dev"},
        "jupyter-modelpack/promotions/([^/]+)/decision": {"decision": "approve"},
        "jupyter-modelpack/pages/promotions/([^/]+)/decision": {**seen, "decision": "approve"},
        "jupyter-modelpack/pages/packages/([^/]+)/rollbacks": {
            "environment": "dev", "version": "1.0.0", "reason": "because", "sure": "yes",
            "generation": "2",
        },
    }  # fmt: skip
    return path, bodies.get(route) if verb in ("POST", "PUT") else None


def test_a3_role_matrix(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    with serving(tmp_path) as served:
        wanted = {"", *(f"jupyter-modelpack/{route}" for route, _ in SERVICE_ROUTES)}
        assert set(TABLE["routes"]) == wanted, "roles.json lacks a route, or has one too many"
        assert TABLE["roles"] == list(ROLES)
        deviations, tried = [], 0
        first = story(served.world, "package-1")
        for route, row in TABLE["routes"].items():
            for verb, codes in row.items():
                for (role, head), code in zip(ROLES.items(), codes, strict=True):
                    tried += 1
                    name = f"package-{tried + 1}"
                    if verb != "GET":
                        ident = story(served.world, name)
                    else:
                        name, ident = "package-1", first
                    asked = served.world.promotions.get(ident)
                    path, body = request_for(verb, route, name, asked)
                    if "policy/changes/" in route:
                        path = route.replace("([^/]+)", proposed(served.world, name))
                    sent = {"data" if "/pages/" in route else "json": body}
                    found = served.ask(verb, path, headers=paged(served, head), **sent)
                    if found.status_code != code:
                        deviations.append((role, verb, route, found.status_code, found.text))
        print(f"A3: {len(ROLES)} roles, {len(wanted)} routes, {tried} cells, {len(deviations)} off")
        assert deviations == []
        # Of all these requests only the approver's two yeses (one on a page) and the operator's
        # ways back were done.
        active = [p for p in served.world.promotions.list() if p.target == "production"]
        assert sum(p.phase == "Active" for p in active) == 2
