"""What a cluster lets us do: each check is one sentence and, if it failed, what would grant it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator

import httpx

from jupyter_modelpack.adapters.diagnosis import Check
from jupyter_modelpack.adapters.kubernetes.api import Api
from jupyter_modelpack.adapters.kubernetes.connection import ClusterSettings, connect
from jupyter_modelpack.adapters.kubernetes.manifest import run_manifest
from jupyter_modelpack.adapters.kubernetes.pods import seen_of
from jupyter_modelpack.errors import ModelPackError, NotFound
from jupyter_modelpack.oci.reference import Reference
from jupyter_modelpack.pipeline.cluster import ClusterOptions
from jupyter_modelpack.pipeline.spec import PipelineSpec

PULL_SECONDS = 60.0
RIGHTS = (
    ("batch", "jobs", ("create", "get", "list", "delete")),
    ("", "pods", ("get", "list", "watch")),
    ("", "pods/log", ("get",)),
    ("", "events", ("list",)),
)


def diagnose_cluster(settings: ClusterSettings, image: str = "") -> Iterator[Check]:
    """Look at the connection, our rights, the registry from both sides, and what is installed.

    ``image`` is a repository, or an image by digest, which the cluster is then asked to pull.
    """
    try:
        api = Api(connect(settings))
        version = api.get("/version")
    except ModelPackError as error:
        yield Check("cluster", False, False, error.message, error.advice)
        return
    try:
        space = api.connection.namespace
        said = f"The cluster {api.connection.url} answers: Kubernetes {version.get('gitVersion')}."
        yield Check("cluster", True, False, said)
        yield from _rights(api, space)
        yield _installed(api, "kfp", "pipelines.kubeflow.org", "Kubeflow Pipelines")
        yield _pod_defaults(api, space)
        if image:
            yield _registry(image)
            if "@" in image:
                yield _pulled(api, space, image)
    except ModelPackError as error:
        yield Check("cluster", False, False, error.message, error.advice)
    finally:
        api.close()


def role(group: str, resource: str, verb: str) -> str:
    """Return the rule of a Role that grants one verb, as YAML in one line."""
    name = group or '""'
    return f"- {{apiGroups: [{name}], resources: [{resource}], verbs: [{verb}]}}"


def _rights(api: Api, namespace: str) -> Iterator[Check]:
    missing = []
    for group, resource, verbs in RIGHTS:
        name, _, part = resource.partition("/")
        for verb in verbs:
            asked = {"namespace": namespace, "verb": verb, "group": group, "resource": name}
            review = {
                "apiVersion": "authorization.k8s.io/v1",
                "kind": "SelfSubjectAccessReview",
                "spec": {"resourceAttributes": {**asked, "subresource": part}},
            }
            answer = api.create("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
            if not (answer.get("status") or {}).get("allowed"):
                missing.append((group, resource, verb))
    for group, resource, verb in missing:
        yield Check(
            f"may {verb} {resource}",
            False,
            False,
            f"In the namespace {namespace} you may not {verb} {resource}.",
            f"A Role there with this rule grants it: {role(group, resource, verb)}",
        )
    if not missing:
        said = f"In the namespace {namespace} everything that runs need is allowed."
        yield Check("rights", True, False, said)


def _installed(api: Api, name: str, group: str, title: str) -> Check:
    groups = {each.get("name") for each in api.get("/apis").get("groups") or ()}
    there = group in groups or any(str(each).startswith("argoproj.io") for each in groups)
    said = f"{title} {'is' if there else 'is not'} installed on the cluster."
    advice = "Runs as Kubernetes jobs do not need it."
    return Check(name, there, False, said, advice)


def _pod_defaults(api: Api, namespace: str) -> Check:
    try:
        listed = api.get(f"/apis/kubeflow.org/v1alpha1/namespaces/{namespace}/poddefaults")
        count = len(listed.get("items") or ())
        said = f"The namespace {namespace} has {count} PodDefaults."
        return Check("poddefaults", True, False, said)
    except NotFound:
        said = "The cluster has no PodDefaults (kubeflow.org/v1alpha1)."
        return Check("poddefaults", False, False, said, "Runs work without them.")
    except ModelPackError as error:
        return Check("poddefaults", False, False, error.message, error.advice)


def _registry(image: str) -> Check:
    name = Reference.parse(image if "@" in image else f"{image}:any").repository
    host = str(name).partition("/")[0]
    plain = host.startswith(("127.0.0.1", "localhost", "[::1]"))
    url = f"{'http' if plain else 'https'}://{host}/v2/"
    try:
        code = httpx.get(url, timeout=5.0, trust_env=not plain).status_code
    except httpx.HTTPError as error:
        said = f"The registry {host} does not answer this machine ({type(error).__name__})."
        return Check("registry", False, False, said, "Check its name, and the network between.")
    good = code in (200, 401, 403)
    said = f"The registry {host} answers this machine (HTTP {code})."
    return Check("registry", good, False, said, "" if good else "It is no OCI registry.")


def _pulled(api: Api, namespace: str, image: str) -> Check:
    """Let the cluster pull the image, in a job that only describes what is packaged."""
    spec = PipelineSpec(display_name="modelpack doctor", version="1", image=image)
    options = ClusterOptions.parse({"keep_seconds": 60})
    ident = uuid.uuid4().hex
    job = run_manifest(spec, options, run_id=ident, installation="doctor", parameters={})
    job["spec"]["template"]["spec"]["containers"][0]["args"] = ["describe"]
    jobs = f"/apis/batch/v1/namespaces/{namespace}/jobs"
    pods = f"/api/v1/namespaces/{namespace}/pods"
    selector = f"io.github.jupyter-modelpack/run={ident}"
    said, advice = f"The cluster has not pulled {image} in {PULL_SECONDS:.0f} seconds.", ""
    try:
        api.create(jobs, job)
        until = time.monotonic() + PULL_SECONDS
        while time.monotonic() < until:
            for pod in api.get(pods, labelSelector=selector).get("items") or ():
                seen = seen_of([pod])
                if seen.stage in ("Running", "Succeeded", "Failed"):
                    return Check("pull", True, False, f"The cluster pulls {image}.")
                if seen.happenings:
                    said, advice = seen.happenings[-1].sentence, seen.happenings[-1].advice
                    return Check("pull", False, False, said, advice)
            time.sleep(0.5)
    finally:
        api.delete(f"{jobs}/{job['metadata']['name']}")
    return Check("pull", False, False, said, advice)
