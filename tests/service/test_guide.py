"""The configurations of the operator guide are ones that the service takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from traitlets.config import Config

from jupyter_modelpack.adapters.identity.jupyterhub import HubLogin, why_shared
from jupyter_modelpack.adapters.identity.kubernetes import KubernetesLogin
from jupyter_modelpack.adapters.identity.proxy_header import HeaderLogin
from jupyter_modelpack.service.app import LOGINS, ReleaseService
from jupyter_modelpack.service.application import Address
from tests.hub_settings import HUB_CONFIG

GUIDE = (Path(__file__).parents[2] / "docs" / "operators" / "service.md").read_text("utf-8")
PYTHON = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)
CLASSES = {each.__name__: each for each in (ReleaseService, HubLogin, KubernetesLogin, HeaderLogin)}
SERVICE = [block for block in PYTHON if "ReleaseService.login" in block]


@pytest.mark.parametrize("block", SERVICE, ids=lambda block: block.split('"')[1])
def test_a_configuration_names_settings_that_there_are(block, tmp_path):
    c = Config()
    exec(block, {"c": c})
    assert c.ReleaseService.login in LOGINS
    Address.parse(c.ReleaseService.public_url)
    for section, values in c.items():
        made = CLASSES[section](config=c)
        for name, value in values.items():
            assert made.traits()[name].metadata.get("config"), f"{section}.{name}"
            assert getattr(made, name) == value


def test_every_login_has_one():
    assert len(SERVICE) == len(LOGINS)


def test_settings_in_the_text_are_there():
    named = re.findall(r"`(?:c\.)?(\w+)\.(\w+)[`= ]", GUIDE)
    tried = [(section, name) for section, name in named if section in CLASSES]
    assert len(tried) >= 3
    for section, name in tried:
        assert name in CLASSES[section].class_traits(config=True), f"{section}.{name}"
    table = GUIDE.split("| setting |")[1].split("\n\n")[0]
    for names in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE):
        for name in re.findall(r"`(\w+)`", names):
            assert name in ReleaseService.class_traits(config=True), name


def test_the_hub_of_the_guide_is_the_hub_of_the_tests(tmp_path):
    (block,) = [block for block in PYTHON if "load_roles" in block]
    token = tmp_path / "token"
    token.write_text("a-token")
    c, tested = Config(), Config()
    exec(block.replace("/srv/jupyterhub/modelpack-token", str(token)), {"c": c})
    words = dict.fromkeys(re.findall(r"(?<!\{)\{(\w+)!r\}", HUB_CONFIG), "x")
    exec(HUB_CONFIG.format(**words), {"c": tested})
    assert [
        role for role in tested.JupyterHub.load_roles if role["name"] != "tests"
    ] == c.JupyterHub.load_roles
    assert c.JupyterHub.services[0].keys() == tested.JupyterHub.services[0].keys()


def test_the_manifest_of_the_guide():
    (block,) = re.findall(r"```yaml\n(.*?)```", GUIDE, re.DOTALL)
    assert yaml.safe_load(block)["roleRef"]["name"] == "system:auth-delegator"


@pytest.mark.parametrize(
    ("service", "subdomains", "apart"),
    [
        ("https://releases.example.org/", False, True),
        ("https://hub.example.org/services/modelpack/", False, False),
        ("https://HUB.example.org/services/modelpack/", False, False),
        ("https://hub.example.org/services/modelpack/", True, True),
        ("https://hub.example.org:8443/modelpack/", False, True),
        ("https://hub.example.org:8443/", False, False),
        ("https://hub.example.org:8443/user/", False, False),
        ("https://hub.example.org:8443/user/rita/", False, False),
        ("http://hub.example.org/modelpack/", False, True),
    ],
)
def test_whether_notebooks_have_a_way_to_a_session(service, subdomains, apart):
    why = why_shared(Address.parse(service), "https://hub.example.org/", subdomains)
    assert bool(why) is not apart, why
