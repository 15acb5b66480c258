"""A problem in small steps, run again and again with a step of it done wrong."""
