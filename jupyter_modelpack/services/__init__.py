"""Use cases: packaging, builds, runs and packages."""
