"""Balls, and what is done with numbers: digits, limits on one side, differences, formulas over columns."""
