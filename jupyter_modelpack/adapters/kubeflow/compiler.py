"""Compiles a package's pipeline to KFP v2 IR YAML: container steps, their image by digest.

The step gets every value in one argument, Kubeflow's executor input as JSON, so that no text of a
parameter is ever part of a command line. The arguments that the runtime is started with are::

    run --executor-input JSON --metrics PATH --executed-notebook PATH [--parameter-names JSON]

The last one is there only when a variable has a name that Kubeflow refuses; it maps pipeline names
to variables. The runtime's side of this protocol:

- a text for a variable whose default is no text is read as by ``-p``; the empty text means "not
  given" (see ``pipeline/parameters.py``);
- whole numbers inside lists and mappings may arrive as ``1.0``, and are integers again;
- a step of several is run with ``--step NAME``, ``--load VARIABLE FOLDER`` for each value that it
  takes and ``--save ARTIFACT VARIABLE FOLDER`` for each that it gives;
- the executor output is written only by a run that succeeded: kfp's local runner loses the exit
  code of a container that removes itself, and takes it for a failure only when outputs are missing.
"""

from __future__ import annotations

import json
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from jupyter_modelpack.adapters.kubeflow.interface import (
    argument,
    declare,
    output_fields,
    parameter_argument,
)
from jupyter_modelpack.adapters.kubeflow.platform import HINT, ask_platform, make_claims, mount
from jupyter_modelpack.adapters.kubeflow.steps import StepsCompiler
from jupyter_modelpack.errors import BackendUnavailable
from jupyter_modelpack.notebook.kale import StepOptions
from jupyter_modelpack.pipeline.spec import COMMAND, PipelineSpec

STEP = "run_notebook"
# kfp keeps the pipeline that is being built in a class attribute
_BUILDING = threading.Lock()


def compiler_available() -> bool:
    """Tell whether the kfp package is installed, without importing it."""
    return find_spec("kfp") is not None


def compile_pipeline(spec: PipelineSpec) -> bytes:
    """Return the pipeline as IR YAML; the same spec and kfp version give the same bytes.

    Raises BackendUnavailable where the kfp package is not installed.
    """
    try:
        import yaml
        from kfp import dsl

        json_format = import_module("google.protobuf.json_format")
    except ImportError as error:
        raise BackendUnavailable(
            "The Kubeflow pipeline was not compiled, because kfp is not installed.", advice=HINT
        ) from error
    with _BUILDING:
        if spec.steps:
            pipeline = StepsCompiler(dsl, spec).pipeline()
        else:
            pipeline = _pipeline(dsl, spec, _step(dsl, spec))
    # kfp's own writer puts defaults unescaped into a comment, where a line break ends the comment
    head = f"# Kubeflow pipeline of {spec.name}, image {spec.digest}\n"
    body = yaml.safe_dump(json_format.MessageToDict(pipeline.pipeline_spec), sort_keys=True)
    platform = json_format.MessageToDict(pipeline.platform_spec)
    if platform:
        body += "---\n" + yaml.safe_dump(platform, sort_keys=True)
    return (head + body).encode("utf-8")


def _step(dsl: Any, spec: PipelineSpec) -> Any:
    def container(metrics: Any, executed_notebook: Any, *_: Any) -> Any:
        arguments = ["run", "--executor-input", "{{$}}"]
        arguments += ["--metrics", metrics.path, "--executed-notebook", executed_notebook.path]
        renamed = {p.name: p.variable for p in spec.typed_parameters if p.name != p.variable}
        if renamed:
            arguments += ["--parameter-names", json.dumps(renamed)]
        return dsl.ContainerSpec(image=spec.image, command=list(COMMAND), args=arguments)

    outputs = [
        argument("metrics", dsl.Output[dsl.Metrics]),
        argument("executed_notebook", dsl.Output[dsl.Artifact]),
    ]
    given = [parameter_argument(parameter) for parameter in spec.typed_parameters]
    declare(container, STEP, [*outputs, *given])
    return dsl.container_component(container)


def _pipeline(dsl: Any, spec: PipelineSpec, step: Any) -> Any:
    outputs = output_fields({"metrics": dsl.Metrics, "executed_notebook": dsl.Artifact})

    def flow(*channels: Any) -> Any:
        names = [parameter.name for parameter in spec.typed_parameters]
        task = step(**dict(zip(names, channels, strict=True)))
        task.set_display_name(spec.display_name)
        # an answer from Kubeflow's cache is not a run, unless the author asks for it
        task.set_caching_options(spec.caching)
        if spec.resources.cpu:
            task.set_cpu_request(spec.resources.cpu)
        if spec.resources.memory:
            task.set_memory_request(spec.resources.memory)
            task.set_memory_limit(spec.resources.memory)
        ask_platform(task, StepOptions(), spec.labels, make_claims(spec.volumes))
        mount(task, spec.mounts)
        return outputs(task.outputs["metrics"], task.outputs["executed_notebook"])

    given = [parameter_argument(parameter) for parameter in spec.typed_parameters]
    declare(flow, "flow", given, returns=outputs)
    described = f"{spec.display_name} {spec.version}, image {spec.digest}"
    decorate = dsl.pipeline(name=spec.name, display_name=spec.display_name, description=described)
    return decorate(flow)
