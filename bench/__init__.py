"""Measurements of the whole product, each beside what it is compared with."""
