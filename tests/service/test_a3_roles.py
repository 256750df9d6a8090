"""A3: what each role may do at each route of the service is a committed table."""

from __future__ import annotations

import json
from pathlib import Path

from jupyter_modelpack.handlers.routes import SERVICE_ROUTES
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
STATIC = "pages.css"
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
    """Let a package have run in dev twice, and wait for production; return the request."""
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        world.package(version, name, account=account("ada"))
    for version in ("1.0.0", "1.1.0"):
        world.releases.ask(Wish(name, version, "dev", ""), ADA)
    asked = world.releases.ask(Wish(name, "1.1.0", "production", ""), ADA)
    seen = world.promotions.get(asked["id"]).binding
    change = world.releases.propose_policy(OMAR, other_policy(name), "because")
    return {
        "id": asked["id"],
        "digest": str(seen.digest),
        "policy": str(seen.policy),
        "change": change["id"],
        "proposed": change["digest"],
    }


def other_policy(name):
    return POLICY.replace("name: roles", f"name: {name}")


def request_for(verb, route, name, promotion):
    """Return path and content of a request that makes sense."""
    wish = {"name": name, "reason": "because"}
    short = route.removeprefix("jupyter-modelpack/")
    paths = {
        "packages/([^/]+)": f"packages/{name}",
        "packages/([^/]+)/([^/]+)": f"packages/{name}/1.0.0",
        "packages/([^/]+)/([^/]+)/pipeline": f"packages/{name}/1.0.0/pipeline?format=kubernetes",
        "packages/([^/]+)/([^/]+)/notebook": f"packages/{name}/1.0.0/notebook",
        "environments": f"environments?name={name}",
        "difference": f"difference?before={name}:1.0.0&after={name}:1.1.0",
        "policy/changes/([^/]+)/decision": f"policy/changes/{promotion['change']}/decision",
        "pages/?": "pages/",
        "pages/policy/changes/([^/]+)/decision": (
            f"pages/policy/changes/{promotion['change']}/decision"
        ),
        "pages/packages/([^/]+)": f"pages/packages/{name}",
        "pages/packages/([^/]+)/rollbacks": f"pages/packages/{name}/rollbacks",
        "pages/static/([^/]+)": f"pages/static/{STATIC}",
    }
    path = paths.get(short, short.replace("([^/]+)", promotion["id"]))
    bodies = {
        "policy/changes": {"json": {"text": other_policy(name), "reason": "because"}},
        "policy/changes/([^/]+)/decision": {"json": {"decision": "reject"}},
        "submissions": {"json": {"nothing": "that makes sense"}},
        "promotions": {"json": {**wish, "version": "1.2.0", "environment": "dev"}},
        "rollbacks": {"json": {**wish, "version": "1.0.0", "environment": "dev"}},
        "promotions/([^/]+)/decision": {"json": {"decision": "approve"}},
        "pages/promotions/([^/]+)/decision": {
            "data": {
                "decision": "approve",
                "digest": promotion["digest"],
                "policy": promotion["policy"],
                "generation": "0",
            }
        },
        "pages/policy/changes/([^/]+)/decision": {
            "data": {"decision": "reject", "digest": promotion["proposed"]}
        },
        "pages/promotions/([^/]+)/withdrawal": {"data": {"reason": "because"}},
        "pages/packages/([^/]+)/rollbacks": {
            "data": {
                "sure": "yes",
                "version": "1.0.0",
                "environment": "dev",
                "generation": "2",
                "reason": "because",
            }
        },
    }
    prefix = "jupyter-modelpack/" if short != route else ""
    return prefix + path, bodies.get(short, {}) if verb == "POST" else {}


def test_a3_role_matrix(tmp_path):
    (tmp_path / "policy.yaml").write_text(POLICY, "utf-8")
    with serving(tmp_path) as served:
        wanted = {"", "login", *(f"jupyter-modelpack/{route}" for route, _ in SERVICE_ROUTES)}
        assert set(TABLE["routes"]) == wanted, "roles.json lacks a route, or has one too many"
        assert TABLE["roles"] == list(ROLES)
        deviations, tried = [], 0
        first = story(served.world, "package-1")
        for route, row in TABLE["routes"].items():
            for verb, codes in row.items():
                for (role, head), code in zip(ROLES.items(), codes, strict=True):
                    tried += 1
                    # what is refused changes nothing, so that one story does for all of it
                    name, ident = "package-1", first
                    if verb != "GET" and code < 400:
                        name = f"package-{tried + 1}"
                        ident = story(served.world, name)
                    path, content = request_for(verb, route, name, ident)
                    found = served.ask(verb, path, headers=paged(served, head), **content)
                    if found.status_code != code:
                        deviations.append((role, verb, route, found.status_code, found.text))
        print(f"A3: {len(ROLES)} roles, {len(wanted)} routes, {tried} cells, {len(deviations)} off")
        assert deviations == []
        # Of all these requests only the approver's yes and the operator's way back were done.
        active = [p for p in served.world.promotions.list() if p.target == "production"]
        assert sum(p.phase == "Active" for p in active) == 2  # by REST and by a page
