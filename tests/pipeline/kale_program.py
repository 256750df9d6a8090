"""Runs under Kale's own Python: prints what Kale makes of the notebooks it is given, as JSON."""

import json
import os
import pathlib
import sys

import yaml
from kale.common import kfputils
from kale.compiler import Compiler
from kale.processors.nbprocessor import NotebookProcessor


def main(paths):
    found = {}
    for path in paths:
        os.chdir(os.path.dirname(path))
        try:
            found[path] = made(path)
        except (ValueError, NotImplementedError) as error:
            found[path] = {"refused": str(error)}
    print("FOUND " + json.dumps(found))


def made(path):
    processor = NotebookProcessor(path)
    pipeline = processor.run()
    graph = {step.name: sorted(pipeline.predecessors(step.name)) for step in pipeline.steps}
    functions = processor.get_imports_and_functions()
    script = Compiler(pipeline, functions).compile()
    compiled = kfputils.compile_pipeline(script, pipeline.config.pipeline_name)
    with pathlib.Path(compiled).open() as stream:
        protocol = next(yaml.safe_load_all(stream))
    after = edges(protocol["root"]["dag"])
    nested = {
        name: edges(protocol["components"][task["componentRef"]["name"]]["dag"])
        for name, task in protocol["root"]["dag"]["tasks"].items()
        if "dag" in protocol["components"][task["componentRef"]["name"]]
    }
    return {"graph": graph, "tasks": after, "nested": nested}


def edges(dag):
    return {name: sorted(task.get("dependentTasks", [])) for name, task in dag["tasks"].items()}


if __name__ == "__main__":
    main(sys.argv[1:])
