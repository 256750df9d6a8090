"""The rules of an inspection, one module for each family; each yields findings from a context."""
