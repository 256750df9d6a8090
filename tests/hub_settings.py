"""How the JupyterHub of tests is set up, and the policy of the release service at it."""

POLICY = """
version: 1
name: team
provider: jupyterhub
environments:
  - {name: dev, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - {name: staging, ask: everyone, approvals: {needed: 0}, roll_back: {from: everyone}}
  - name: production
    ask: everyone
    approvals: {needed: 1, from: {groups: [reviewers]}}
    roll_back: {from: {groups: [reviewers]}}
policy_changes:
  ask: {groups: ["hub:admins"]}
  approvals: {needed: 1, from: {groups: [reviewers]}}
"""

HUB_CONFIG = """
c.JupyterHub.bind_url = {bind!r}
c.JupyterHub.hub_bind_url = {api!r}
c.JupyterHub.db_url = "sqlite:///hub.sqlite"
c.JupyterHub.cookie_secret_file = "cookie_secret"
c.ConfigurableHTTPProxy.command = [{proxy!r}]
c.ConfigurableHTTPProxy.api_url = {proxy_api!r}
c.ConfigurableHTTPProxy.auth_token = {secret!r}
c.ConfigurableHTTPProxy.pid_file = "proxy.pid"
c.JupyterHub.cleanup_proxy = True
c.JupyterHub.cleanup_servers = True
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = {password!r}
c.Authenticator.allow_all = True
c.Authenticator.admin_users = {{"omar"}}
c.JupyterHub.spawner_class = "simple"
c.SimpleLocalProcessSpawner.home_dir_template = {homes!r} + "/{{username}}"
c.Spawner.args = ["--allow-root"]
c.Spawner.default_url = "/lab"
c.Spawner.http_timeout = 120
c.Spawner.start_timeout = 120
import json, pathlib
def _environment(spawner):
    more = pathlib.Path("environment.json")
    if more.exists():
        spawner.environment.update(json.loads(more.read_text()).get(spawner.user.name, {{}}))
c.Spawner.pre_spawn_hook = _environment
c.Spawner.environment = {environment!r}
c.JupyterHub.load_groups = {{
    "data-science": {{"users": ["ada", "ben"]}},
    "reviewers": {{"users": ["rita"]}},
}}
c.JupyterHub.services = [
    {{
        "name": "modelpack",
        "api_token": {token!r},
        "oauth_redirect_uri": {callback!r},
        "oauth_no_confirm": True,
    }},
    {{"name": "tests", "api_token": {admin!r}}},
]
may = "access:services!service=modelpack"
c.JupyterHub.load_roles = [
    {{"name": "user", "scopes": ["self", may]}},
    {{"name": "server", "scopes": ["users:activity!user", "access:servers!server", may]}},
    {{"name": "releases", "scopes": ["read:users", "read:groups"], "services": ["modelpack"]}},
    {{
        "name": "tests",
        "scopes": ["admin:users", "admin:servers", "admin:groups", "tokens", "access:servers"],
        "services": ["tests"],
    }},
]
"""
