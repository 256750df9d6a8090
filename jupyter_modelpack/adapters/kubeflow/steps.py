"""Compiles a package's tagged steps: one container component each, values as artifacts between."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jupyter_modelpack.adapters.kubeflow.interface import (
    argument,
    declare,
    output_fields,
    parameter_argument,
)
from jupyter_modelpack.adapters.kubeflow.platform import ask_platform, make_claims, mount
from jupyter_modelpack.pipeline.spec import COMMAND, PipelineSpec
from jupyter_modelpack.pipeline.steps import StepSpec, artifact_names


class StepsCompiler:
    """Makes the components and the pipeline of one spec, by kfp's ``dsl`` module."""

    def __init__(self, dsl: Any, spec: PipelineSpec) -> None:
        self._dsl = dsl
        self._spec = spec
        parameters = spec.typed_parameters
        self._parameters = [parameter.name for parameter in parameters]
        self._renamed = {p.name: p.variable for p in parameters if p.name != p.variable}
        self._artifacts = artifact_names(spec.steps, self._parameters)

    def pipeline(self) -> Any:
        """Return the pipeline; every step gives its metrics and its executed notebook."""
        dsl, spec = self._dsl, self._spec
        outputs: dict[str, Any] = {}
        for step in spec.steps:
            outputs[f"{step.name}_metrics"] = dsl.Metrics
            outputs[f"{step.name}_executed_notebook"] = dsl.Artifact

        kind = output_fields(outputs)

        def flow(*channels: Any) -> Any:
            given = dict(zip(self._parameters, channels, strict=True))
            tasks = self._tasks(given)
            results = [
                tasks[step.name].outputs[name]
                for step in spec.steps
                for name in ("metrics", "executed_notebook")
            ]
            return kind(*results)

        arguments = [parameter_argument(parameter) for parameter in spec.typed_parameters]
        declare(flow, "flow", arguments, returns=kind)
        described = f"{spec.display_name} {spec.version}, image {spec.digest}"
        decorate = dsl.pipeline(
            name=spec.name, display_name=spec.display_name, description=described
        )
        return decorate(flow)

    def _tasks(self, given: Mapping[str, Any]) -> dict[str, Any]:
        claims = make_claims(self._spec.volumes)
        tasks: dict[str, Any] = {}
        for step in self._spec.steps:
            values = {
                self._taken(step, variable): tasks[source].outputs[self._artifacts[variable]]
                for variable, source in step.inputs
            }
            task = self._component(step)(**given, **values)
            task.set_display_name(step.name)
            waited = [tasks[name] for name in step.after]
            if waited:
                task.after(*waited)
            self._ask(task, step)
            ask_platform(task, step.options, self._spec.labels, claims)
            mount(task, self._spec.mounts)
            tasks[step.name] = task
        return tasks

    def _taken(self, step: StepSpec, variable: str) -> str:
        """Return the name of an input; a step that changes a value has an output of that name."""
        return self._artifacts[variable] + ("_before" if variable in step.outputs else "")

    def _component(self, step: StepSpec) -> Any:
        loads = [(v, self._taken(step, v)) for v, _ in step.inputs]
        saves = [(v, self._artifacts[v]) for v in step.outputs]
        names = ["metrics", "executed_notebook"]
        names += [key for _, key in saves] + [key for _, key in loads]

        def container(*placed: Any) -> Any:
            at = dict(zip(names, placed, strict=False))
            words: list[Any] = ["run", "--step", step.name, "--executor-input", "{{$}}"]
            words += ["--metrics", at["metrics"].path]
            words += ["--executed-notebook", at["executed_notebook"].path]
            for variable, key in loads:
                words += ["--load", variable, at[key].path]
            for variable, key in saves:
                words += ["--save", key, variable, at[key].path]
            if self._renamed:
                words += ["--parameter-names", json.dumps(self._renamed)]
            image = step.options.image or self._spec.image
            return self._dsl.ContainerSpec(image=image, command=list(COMMAND), args=words)

        dsl = self._dsl
        arguments = [
            argument("metrics", dsl.Output[dsl.Metrics]),
            argument("executed_notebook", dsl.Output[dsl.Artifact]),
            *(argument(key, dsl.Output[dsl.Artifact]) for _, key in saves),
            *(argument(key, dsl.Input[dsl.Artifact]) for _, key in loads),
            *(parameter_argument(parameter) for parameter in self._spec.typed_parameters),
        ]
        declare(container, step.name, arguments)
        return dsl.container_component(container)

    def _ask(self, task: Any, step: StepSpec) -> None:
        cache = step.options.cache
        # an answer from Kubeflow's cache is not a run, unless the author asks for it
        task.set_caching_options(self._spec.caching if cache is None else cache)
        resources = self._spec.resources
        limits = step.options.limits
        if resources.cpu or "cpu" in limits:
            task.set_cpu_request(limits.get("cpu") or resources.cpu)
        if "cpu" in limits:
            task.set_cpu_limit(limits["cpu"])
        memory = limits.get("memory") or resources.memory
        if memory:
            task.set_memory_request(memory)
            task.set_memory_limit(memory)
        for resource, count in limits.items():
            if "/" in resource:
                task.set_accelerator_type(resource).set_accelerator_limit(int(count))
