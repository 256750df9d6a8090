"""Kubeflow Pipelines, through its own SDK, which is imported only where it is used."""
