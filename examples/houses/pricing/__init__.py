"""How prices are estimated."""

from .estimate import Estimate, estimate

__all__ = ["Estimate", "estimate"]
