"""Files: tensors in, results out."""
