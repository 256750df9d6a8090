"""Settings that the server extension and the release service share, and those of clusters.

Traits that are tagged ``setting`` are handed on under their own names, as one plain mapping.
"""

from __future__ import annotations

from typing import Any

from traitlets import Bool, CaselessStrEnum, Float, Int, Unicode, validate
from traitlets.config import Configurable


class PlaceTraits(Configurable):
    """Where packages are kept, run, signed, published and deployed."""

    verify_seconds = Float(120.0, help="How long a verify run may take, in seconds.").tag(
        config=True, setting=True
    )
    file_bytes = Int(
        512 << 20, help="The largest file beside a notebook that is packaged with it, in bytes."
    ).tag(config=True, setting=True)
    memory_limit = Int(
        None, allow_none=True, help="The memory that a run may have, in bytes; none: no limit."
    ).tag(config=True)
    isolation = CaselessStrEnum(
        ["auto", "podman", "docker", "bubblewrap", "namespaces", "process"],
        "auto",
        help="How runs are kept apart from this machine.",
    ).tag(config=True, setting=True)
    signing_key = Unicode(
        help="A file with an Ed25519 private key (PEM) that signs packages; none: one of our own."
    ).tag(config=True, setting=True)
    registry = Unicode(
        help="Where packages are published: HOST/PATH, to which /{name} is added when {name}, the"
        " package's name, is not in it; none: nowhere."
    ).tag(config=True)
    registry_ca = Unicode(
        help="A file with the CA of the registry (PEM), beside the usual ones."
    ).tag(config=True, setting=True)
    registry_insecure = Bool(
        False, help="Allow plain HTTP to the registry; this machine itself always is."
    ).tag(config=True, setting=True)
    registry_auth_file = Unicode(
        help="A config.json of Docker or a pull secret of Kubernetes with credentials for the"
        " registry; none: where Docker and podman keep theirs."
    ).tag(config=True, setting=True)
    registry_username = Unicode(help="The username at the registry.").tag(config=True, setting=True)
    registry_password_file = Unicode(
        help="A file with the password or token that belongs to registry_username."
    ).tag(config=True, setting=True)
    deployer = Unicode(
        "record",
        help="What brings a release into an environment: record (only the pointer moves), folder,"
        " kubernetes, or the name of an installed one.",
    ).tag(config=True, setting=True)
    deploy_folder = Unicode(
        help="Where the deployer folder writes; none: environments/ in the data directory."
    ).tag(config=True, setting=True)
    database_url = Unicode(
        help="The database, such as postgresql://modelpack@db/modelpack; the password comes from"
        " PGPASSFILE or PGPASSWORD. None: a file in the data directory."
    ).tag(config=True, setting=True)
    database_url_file = Unicode(
        help="A file, such as a mounted secret, with the address of the database in it."
    ).tag(config=True, setting=True)
    frame_ancestors = Unicode(
        "'none'", help="Which sites may show the pages in a frame, as a CSP says it."
    ).tag(config=True)
    max_workers = Int(1, help="How many builds and runs go on at once.").tag(config=True)
    workshop = Unicode(
        "jupyter_modelpack.workshop:open_workshop",
        help="The function that does the work, as module:function; another one is for tests.",
    ).tag(config=True)

    @validate("max_workers")
    def _at_least_one(self, proposal: Any) -> int:
        return max(1, int(proposal["value"]))

    def plain_settings(self) -> dict[str, Any]:
        """Return the settings by name; raises InvalidInput for a registry that is none."""
        from jupyter_modelpack.services.publishing import place_of

        found = {name: getattr(self, name) for name in self.trait_names(setting=True)}
        return {**found, "memory_bytes": self.memory_limit, "registry": place_of(self.registry)}


class TeamTraits(Configurable):
    """The release service of a team that a notebook's server is a client of."""

    service_url = Unicode(
        help="The team's release service, such as https://releases.example.org/; none: releases are"
        " kept on this machine."
    ).tag(config=True, setting=True)
    service_token_file = Unicode(
        help="A file with the token for the release service; none: the variable"
        " JUPYTERHUB_API_TOKEN."
    ).tag(config=True, setting=True)
    service_ca = Unicode(
        help="A file with the certificates (PEM) that the release service is trusted by."
    ).tag(config=True, setting=True)
    service_allow_http = Bool(
        False, help="Send the token in the clear, inside a network that is trusted."
    ).tag(config=True, setting=True)


class ClusterTraits(Configurable):
    """Kubeflow and Kubernetes, as places where packages run."""

    kubeflow_url = Unicode(
        help="The address of Kubeflow Pipelines, such as https://kubeflow.example.org/pipeline."
    ).tag(config=True, setting=True)
    kubeflow_namespace = Unicode(
        help="The profile's namespace at Kubeflow; none: the pod's own, where this is one."
    ).tag(config=True, setting=True)
    kubeflow_experiment = Unicode(
        help="The experiment that runs go to; none: one for each package."
    ).tag(config=True, setting=True)
    kubeflow_token_file = Unicode(
        help="A file with a token for Kubeflow; none: the one that Kubeflow puts into pods."
    ).tag(config=True, setting=True)
    kubeflow_cookie_file = Unicode(
        help="A file with the cookie of a login at Kubeflow, such as authservice_session=..."
    ).tag(config=True, setting=True)
    kubeflow_user = Unicode(
        help="Who we are, in the header kubeflow-userid, where a proxy is trusted to be asked."
    ).tag(config=True, setting=True)
    kubeflow_timezone = Unicode(
        help="The timezone that Kubeflow runs schedules in (CRON_SCHEDULE_TIMEZONE); none: UTC."
    ).tag(config=True, setting=True)
    kubernetes_kubeconfig = Unicode(
        help="A kubeconfig for runs on a cluster; none: the pod's identity, or kubectl's default."
    ).tag(config=True, setting=True)
    kubernetes_context = Unicode(help="The context in the kubeconfig; none: the current one.").tag(
        config=True, setting=True
    )
    kubernetes_namespace = Unicode(
        help="Where runs go on the cluster; none: the pod's own namespace, or the context's."
    ).tag(config=True, setting=True)
    kubernetes_image = Unicode(
        help="Where the cluster finds images, such as registry.example.org/team/{name}."
    ).tag(config=True, setting=True)
    kubernetes_results = Unicode(
        help="A repository in which pods leave what they wrote, such as"
        " registry.example.org/runs/{name}; none: small files come back through the log."
    ).tag(config=True, setting=True)
    kubernetes_results_secret = Unicode(
        help="The Secret (kubernetes.io/dockerconfigjson) with the login for kubernetes_results."
    ).tag(config=True, setting=True)
    kubernetes_start_seconds = Float(
        3600.0,
        help="How long something may keep a run on a cluster from starting before it is given up.",
    ).tag(config=True, setting=True)
