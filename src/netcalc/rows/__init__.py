"""The same problem for very many rows: by the block, point by point, on a cluster."""
