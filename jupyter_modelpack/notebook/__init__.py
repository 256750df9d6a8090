"""What a notebook says: cells, tags, dataflow and findings. Pure: reads no file, runs no code."""
