"""D6: JavaScript of a notebook, in the browser of a reviewer who is logged in, approves nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from jupyter_modelpack.release.actor import Actor
from jupyter_modelpack.services.promotions import Wish
from tests.hub import BASE, PASSWORD, until
from tests.service.served import account
from tests.shelf_workshop import shelf_world

pytestmark = pytest.mark.browser
ADA = Actor("jupyterhub", "ada", verified=True, signed_in=True)

# Each attempt is a function of the service's address, the decision's route and the seen values;
# what it returns is what it could read. It runs in a page of the reviewer's own notebook server.
ATTEMPTS = """
async ([service, ident, seen]) => {
  const routes = [
    service + 'jupyter-modelpack/promotions/' + ident + '/decision',
    service + 'jupyter-modelpack/pages/promotions/' + ident + '/decision',
    service + 'jupyter-modelpack/rollbacks',
    service + 'logout',
  ];
  const tried = [];
  const read = [];
  const note = async (way, work) => {
    tried.push(way);
    try {
      const text = await work();
      if (text) { read.push([way, String(text).slice(0, 200)]); }
    } catch (error) { /* refused by the browser */ }
  };
  const token = 'abcdef';
  for (const path of [new URL(service).pathname, '/']) {
    document.cookie = '_modelpack_xsrf=' + token + '; path=' + path;
    document.cookie = 'modelpack-session=' + token + '; path=' + path;
  }
  const form = new URLSearchParams({ _xsrf: token, decision: 'approve', comment: '', ...seen });
  const bodies = [
    ['json', JSON.stringify({ decision: 'approve' }), 'text/plain'],
    ['form', form.toString(), 'application/x-www-form-urlencoded'],
    ['typed', JSON.stringify({ decision: 'approve' }), 'application/json'],
  ];
  for (const route of routes) {
    for (const mode of ['no-cors', 'cors', 'same-origin']) {
      for (const [name, body, type] of bodies) {
        await note(['fetch', mode, name, route].join(' '), async () => {
          const headers = mode === 'no-cors' ? { 'Content-Type': type } :
            { 'Content-Type': type, 'X-XSRFToken': token };
          const answer = await fetch(route, { method: 'POST', mode, body, headers,
            credentials: 'include' });
          return answer.type === 'opaque' ? '' : await answer.text();
        });
      }
    }
    await note('beacon ' + route, async () => { navigator.sendBeacon(route, form); });
  }
  // read the page with the form, to take its XSRF token
  const page = service + 'jupyter-modelpack/pages/promotions/' + ident;
  for (const mode of ['cors', 'same-origin']) {
    await note('read ' + mode, async () => {
      const answer = await fetch(page, { mode, credentials: 'include' });
      return answer.status === 200 ? await answer.text() : '';
    });
  }
  await note('cookie', async () => {
    const seen = document.cookie.split('; ').filter(each => each.includes('modelpack'));
    return seen.some(each => each.split('=')[1] !== token) ? document.cookie : '';
  });
  await note('frame', async () => {
    const frame = document.createElement('iframe');
    frame.src = page;
    document.body.appendChild(frame);
    await new Promise(done => { frame.onload = done; setTimeout(done, 3000); });
    return frame.contentDocument && frame.contentDocument.querySelector('form') ?
      frame.contentDocument.body.innerText : '';
  });
  for (const kind of ['application/x-www-form-urlencoded', 'multipart/form-data', 'text/plain']) {
    for (const route of routes.slice(0, 2)) {
      await note('form ' + kind + ' ' + route, async () => {
        const frame = document.createElement('iframe');
        frame.name = 'f' + Math.random();
        document.body.appendChild(frame);
        const made = document.createElement('form');
        made.method = 'POST';
        made.action = route;
        made.enctype = kind;
        made.target = frame.name;
        for (const [key, value] of form) {
          const field = document.createElement('input');
          field.name = key;
          field.value = value;
          made.appendChild(field);
        }
        document.body.appendChild(made);
        made.submit();
        await new Promise(done => { frame.onload = done; setTimeout(done, 1500); });
        return frame.contentDocument && frame.contentDocument.body.innerText;
      });
    }
  }
  await note('socket', async () => new Promise((done, fail) => {
    const socket = new WebSocket(routes[0].replace('http', 'ws'));
    socket.onopen = () => done('open');
    socket.onerror = fail;
    setTimeout(fail, 3000);
  }));
  return [tried, read];
}
"""


@pytest.fixture
def waiting(hub: Any, tmp_path: Any) -> Iterator[tuple[Any, Any, str]]:
    with hub.serve(tmp_path / "data", workshop="shelf_workshop:open_workshop") as service:
        world = shelf_world(service.data_dir)
        world.package("1.0.0", account=account("ada", "jupyterhub"))
        for place in ("dev", "staging", "production"):
            ident = world.releases.ask(Wish("churn", "1.0.0", place, ""), ADA)["id"]
        yield service, world, ident
        world.ledger.close()


def log_in(page: Any) -> None:
    page.fill("input[name=username]", "rita")
    page.fill("input[name=password]", PASSWORD)
    page.click("input[type=submit], button[type=submit]")


def test_d6_javascript_of_a_notebook_cannot_approve(hub: Any, waiting: Any, chromium: Any) -> None:
    service, world, ident = waiting
    server = hub.start_server("rita")
    context = chromium.new_context()
    try:
        page = context.new_page()
        review = f"{service.url}jupyter-modelpack/pages/promotions/{ident}"
        page.goto(review)
        log_in(page)
        page.wait_for_url(review)
        page.locator("form[action$=decision]").first.wait_for()
        (cookie,) = [each for each in context.cookies() if each["name"] == "modelpack-session"]
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == BASE
        before = len(list(world.ledger.audit.rows()))
        binding = world.promotions.get(ident).binding
        seen = {"digest": str(binding.digest), "policy": str(binding.policy), "generation": "0"}
        page.goto(f"{server}lab", wait_until="domcontentloaded")
        tried, read = page.evaluate(ATTEMPTS, [service.url, ident, seen])
        print(f"D6: {len(tried)} attempts by JavaScript, {len(read)} answers read, 0 approvals")
        assert read == []
        assert len(tried) >= 40
        assert len(list(world.ledger.audit.rows())) == before, "something was recorded"
        assert world.promotions.get(ident).phase == "Waiting"
        # Rita is still logged in, and her own click counts.
        context.clear_cookies(name="_modelpack_xsrf")
        page.goto(review)
        page.locator("button[value=approve]").first.click()
        until(lambda: world.promotions.get(ident).phase == "Active", json.dumps(seen))
    finally:
        context.close()
