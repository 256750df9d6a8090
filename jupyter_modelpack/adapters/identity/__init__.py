"""Who is asking: unproven on one machine, and by one login each at the release service."""

from jupyter_modelpack.adapters.identity.local import jupyter_user, os_user

__all__ = ["jupyter_user", "os_user"]
