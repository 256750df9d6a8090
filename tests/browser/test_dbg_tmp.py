from tests.browser.test_releases import *
from tests.browser.conftest import *


def test_dbg(page, lab, churn):
    server = ReleaseServer(**packaged(), promotions=[promotion()])
    server.lane("production")["waiting"] = promotion()
    start(page, lab, server)
    lane(page, "production").get_by_text("waiting", exact=True).wait_for()
    print([a for a in server.asked if "promotions" in a])
    said = {"by": "rita", "decision": "reject", "comment": "Recall fell.", "at": None}
    server.promotions[0] |= {"phase": "Rejected", "approvals": [said]}
    server.lane("production")["waiting"] = None
    for i in range(10):
        page.wait_for_timeout(900)
        h = page.evaluate(
            "() => [...document.querySelectorAll('[class*=oast]')].map(e=>e.className+':'+e.innerText.slice(0,80)).join('|')"
        )
        print(i, [a for a in server.asked if "promotions" in a], h)
