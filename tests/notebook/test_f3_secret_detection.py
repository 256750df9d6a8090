"""Row F3: the secrets found in a made-up corpus, and what is taken for one where there is none."""

from __future__ import annotations

import random
import time
from collections import Counter

from jupyter_modelpack.notebook.secrets.scan import find_secrets
from tests.notebook.clean_notebooks import clean_notebooks
from tests.notebook.notebooks import snapshot
from tests.notebook.secret_corpus import KINDS, cells

ROUNDS = 3


def test_f3_recall_over_kinds_and_ways() -> None:
    r = random.Random(20261123)
    tried, missed, cloud_missed = Counter[str](), Counter[str](), []
    started = time.perf_counter()
    for _ in range(ROUNDS):
        for kind in KINDS:
            for way, secret, cell in cells(kind, r):
                tried[way] += 1
                findings = list(find_secrets(snapshot(cell)))
                if not any(finding.code == "secret" for finding in findings):
                    missed[f"{kind.name}/{way}"] += 1
                    if kind.cloud:
                        cloud_missed.append(f"{kind.name}/{way}")
                for finding in findings:
                    assert secret not in str(finding.to_json())
    total = sum(tried.values())
    recall = 1 - sum(missed.values()) / total
    print(
        f"F3: {len(KINDS)} kinds x {len(tried)} ways x {ROUNDS}: {total} secrets,"
        f" recall {recall:.1%}, cloud keys missed {len(cloud_missed)},"
        f" {time.perf_counter() - started:.1f} s; missed: {dict(missed)}"
    )
    assert len(KINDS) >= 60
    assert recall >= 0.95
    assert not cloud_missed


def test_f3_clean_notebooks_have_no_secrets() -> None:
    wrong = []
    count = 0
    for name, cell_list in clean_notebooks(200):
        count += 1
        wrong += [(name, f.message) for f in find_secrets(snapshot(*cell_list))]
    print(f"F3: {count} clean notebooks, {len(wrong)} false findings {wrong}")
    assert len(wrong) <= count // 100
