"""Stands in for our runtime inside a small test image: same arguments and exit codes, no notebook.

The "notebook" of this image computes ``gain = rate * len(rows)`` and has a check that rows exist.
"""

import json
import os
import pathlib
import sys
import time

from modelpack_runtime.kubeflow import executor_output, parameter_values

DEFAULTS = {"rate": 0.5, "rows": [1, 2], "label": "none", "größe": 2**60, "depth": None}


def main(given):
    if given[1:2] == ["/opt/modelpack"]:  # an engine that keeps the entry point repeats the command
        given = given[2:]
    assert given[:1] == ["run"], given
    options = {given[at]: given[at + 1] for at in range(1, len(given), 2)}
    kubeflow = json.loads(options.get("--executor-input", "{}"))
    names = json.loads(options.get("--parameter-names", "{}"))
    values = {**DEFAULTS, **json.loads(options.get("--parameters", "{}"))}
    for name, value in parameter_values(kubeflow, names).items():
        as_text = isinstance(value, str) and not isinstance(DEFAULTS[name], str)
        if value or not as_text:
            values[name] = json.loads(value) if as_text else value
    print("values", json.dumps(values, sort_keys=True))
    print("facts", json.dumps(facts(), sort_keys=True))
    if not values["rows"]:
        print("the check in cell 3 failed: there are no rows")
        return 1
    metrics = {"gain": values["rate"] * len(values["rows"])}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {"values": values}, "cells": []}
    write(options.get("--metrics"), json.dumps(metrics))
    write(options.get("--executed-notebook"), json.dumps(notebook))
    write(*(executor_output(kubeflow, metrics) or (None, "")))
    return 0


def write(path, text):
    if path:
        pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(path).write_text(text)


def linger():
    """Stay a moment: kfp's DockerRunner asks for the log of a container that removes itself."""
    sys.stdout.flush()
    time.sleep(float(os.environ.get("LINGER", "1")))


def facts():
    return {
        "uid": os.getuid(),
        "cwd": os.getcwd(),
        "root_writable": can_write("/anyone/here"),
        "work_writable": can_write("here"),
        "tmp_writable": can_write("/tmp/here"),
        "token": os.path.exists("/var/run/secrets/kubernetes.io/serviceaccount/token"),
    }


def can_write(path):
    try:
        pathlib.Path(path).write_text("x")
    except OSError:
        return False
    return True


if __name__ == "__main__":
    code = main(sys.argv[1:])
    linger()
    sys.exit(code)
