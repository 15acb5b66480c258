"""Three kinds of number, the same operations."""
