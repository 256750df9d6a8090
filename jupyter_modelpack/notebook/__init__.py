"""What a notebook says: cells, tags, dataflow and findings. Pure: reads no file and runs no code."""
