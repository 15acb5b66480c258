"""Float64 evaluations that lose no digits: one module a family, imported when first used.

The formulas and what they reach are in docs/numerics.md.
"""
