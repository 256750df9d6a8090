"""OCI image parts: digests, layers, manifests and a layout on disk, without a daemon."""
