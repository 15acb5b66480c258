"""A class marked, and the exercises of a quiz."""
