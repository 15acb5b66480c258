"""Slopes, curvatures and partials of formulas, as trees: by SymPy once a formula, by the rules, remembered."""
