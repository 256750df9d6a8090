"""Kubernetes: manifests as plain dictionaries, which every version of its client accepts."""
