"""The command line: the same services, in a terminal."""
