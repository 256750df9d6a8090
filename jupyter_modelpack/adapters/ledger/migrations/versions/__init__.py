"""One step each; a step that was released never changes, and imports nothing of this package."""
