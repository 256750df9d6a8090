"""What goes into images: runs, checks and records a notebook on its own Python (3.8 or newer)."""
