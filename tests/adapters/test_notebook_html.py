"""A page of a notebook holds no script, whatever the notebook holds."""

from __future__ import annotations

import json
import re

import pytest
from bleach._vendor import html5lib  # a parser as browsers have it, not the one under test

from jupyter_modelpack.adapters.notebook_html import cleaned, render_notebook
from jupyter_modelpack.errors import InvalidInput

ATTACKS = [
    "<script>alert(1)</script>", "<SCRIPT SRC=//x>", "<scr<script>ipt>alert(1)</script>",
    "<script>", "<script/x>alert(1)", "</script><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    "<img src='javascript:alert(1)'>", "<svg onload=alert(1)>", "<svg><script>alert(1)</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>", "<a href='JaVaScRiPt:alert(1)'>x</a>",
    "<a href='java\tscript:alert(1)'>x</a>", "<a href='&#106;avascript:alert(1)'>x</a>",
    "<a href=' javascript:alert(1)'>x</a>", "<a href='data:text/html,<script>1</script>'>x</a>",
    "<a href='vbscript:x'>x</a>", "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<iframe src=javascript:alert(1)>", "<object data='javascript:alert(1)'></object>",
    "<embed src='javascript:alert(1)'>", "<form action='javascript:alert(1)'><button>x",
    "<input autofocus onfocus=alert(1)>", "<details open ontoggle=alert(1)>x</details>",
    "<body onload=alert(1)>", "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "<link rel=stylesheet href=//x>", "<base href=//x>", "<style>@import '//x'</style>",
    "<div style='background:url(javascript:alert(1))'>x</div>", "<p onclick=alert(1)>x</p>",
    "<video><source onerror=alert(1)></video>", "<audio src=x onerror=alert(1)>",
    "<template><script>alert(1)</script></template>", "<noscript><p title='</noscript><img src=x "
    "onerror=alert(1)>'>", "<textarea></textarea><img src=x onerror=alert(1)>",
    "<title><img src=x onerror=alert(1)></title>", "<xmp><script>alert(1)</script></xmp>",
    "<plaintext><script>alert(1)", "<!--><img src=x onerror=alert(1)>-->",
    "<!--<img src='--><img src=x onerror=alert(1)>'>", "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml <script>alert(1)</script> ?>", "<p title='\"><script>alert(1)</script>'>x</p>",
    "<p class='x\" onmouseover=\"alert(1)'>x</p>", "<img/src/onerror=alert(1)>",
    "<a href=http://x onclick=alert(1)>x</a>", "<marquee onstart=alert(1)>x</marquee>",
    "<frameset onload=alert(1)>", "<isindex action=javascript:alert(1) type=image>",
    "<select><option><img src=x onerror=alert(1)></select>", "<\x00script>alert(1)</script>",
    "<p title=x\x00onclick=alert(1)>x</p>", "<keygen autofocus onfocus=alert(1)>",
    "<table background='javascript:alert(1)'>", "<q cite='javascript:alert(1)'>x</q>",
    "<math href='javascript:alert(1)'>x</math>", "<use href='data:image/svg+xml;base64,x'>",
    "<img srcset='x 1x' src='https://tracker'>", "<image src=x onerror=alert(1)>",
]  # fmt: skip
TAGS = set(
    re.findall(
        r"\w+",
        "a abbr b blockquote br caption code col colgroup dd del details div dl dt em h1 h2 h3"
        " h4 h5 h6 hr i img ins kbd li main mark ol p pre q s samp small span strong sub summary"
        " sup table tbody td tfoot th thead tr tt u ul var",
    )
)
SAFE = ("http://", "https://", "#", "data:image/png;", "data:image/jpeg;", "data:image/gif;")


def active(markup):
    """What a browser's parser finds in markup that could run or fetch something."""
    found = []
    for element in html5lib.parseFragment(markup, namespaceHTMLElements=False).iter():
        if not isinstance(element.tag, str) or element.tag not in {*TAGS, "DOCUMENT_FRAGMENT"}:
            found.append(str(element.tag))
        for name, value in element.attrib.items():
            if name.startswith("on") or name in ("style", "srcset", "action", "background", "cite"):
                found.append(name)
            if name in ("href", "src") and not value.startswith(SAFE):
                found.append(value)
    return found


def notebook(*cells):
    return json.dumps(
        {"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


def code(number, *outputs):
    return {
        "cell_type": "code", "id": f"c{number}", "metadata": {}, "execution_count": 1,
        "source": "x", "outputs": list(outputs),
    }  # fmt: skip


def body(page):
    return page.split("<body>", 1)[1]


def test_attacks_leave_nothing_active():
    fields = 0
    cells = []
    for number, attack in enumerate(ATTACKS):
        assert active(cleaned(attack)) == [], (attack, cleaned(attack))
        cells += [
            {"cell_type": "markdown", "id": f"m{number}", "metadata": {}, "source": attack},
            code(
                number,
                {"output_type": "stream", "name": "stdout", "text": attack},
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": attack}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/markdown": attack}},
                {"output_type": "display_data", "metadata": {}, "data": {"text/latex": attack}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": attack}},
                {"output_type": "error", "ename": attack, "evalue": attack, "traceback": [attack]},
            ),
        ]
        fields += 9
    pages = [
        render_notebook(notebook(*cells[start : start + 12])) for start in range(0, len(cells), 12)
    ]
    pages.append(render_notebook(notebook(*cells)))
    for page in pages:
        assert active(body(page).removesuffix("</body></html>")) == []
    print(f"{len(ATTACKS)} attacks in {fields} fields, 0 active")


def test_what_is_harmless_is_kept():
    table = "<table class='dataframe'><tr><th>a</th><td>1 &lt; 2</td></tr></table>"
    picture = "iVBORw0KGgo="
    page = render_notebook(
        notebook(
            {"cell_type": "markdown", "id": "m", "metadata": {}, "source": "[x](https://a.b) *y*"},
            code(
                1,
                {"output_type": "display_data", "metadata": {}, "data": {"text/html": table}},
                {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture}},
                {"output_type": "display_data", "metadata": {},
                 "data": {"application/javascript": "alert(1)", "text/plain": "plain"}},
            ),
        )
    )  # fmt: skip
    for part in ('<table class="dataframe">', "1 &lt; 2", 'href="https://a.b"', "<em>y</em>",
                 f'src="data:image/png;base64,{picture}', "plain"):  # fmt: skip
        assert part in page, part
    assert "alert(1)" not in body(page)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"cells": 1}', b"\xff\xfe"])
def test_what_is_no_notebook_is_said(content):
    with pytest.raises(InvalidInput, match="cannot be shown"):
        render_notebook(content)
