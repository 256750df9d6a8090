"""The release service, as notebooks' servers and the command line use it: by HTTP, as a client."""
