"""What a notebook needs of its kernel, as pure functions; files come in through ports."""
