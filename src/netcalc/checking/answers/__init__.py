"""Answers as people bring them: typed, in files, in arrays; as they are written, by the names that they have."""
