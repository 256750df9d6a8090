"""Secrets in a notebook: keys, tokens and passwords that must not get into an image."""
