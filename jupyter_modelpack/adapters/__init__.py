"""One module an outside system: kernels, sandbox, ledger, Kubernetes, Kubeflow, events."""
