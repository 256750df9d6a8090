"""Row E1: a server whose processes are killed, and whoever comes after them."""
