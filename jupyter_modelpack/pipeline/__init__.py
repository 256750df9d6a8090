"""What is asked of Kubeflow and Kubernetes, as data. Pure."""
