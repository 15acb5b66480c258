"""Inverted dropout, its mask given: what is dropped has no gradient, what is kept is scaled.

    netcalc net dropout.py --shape x=N,D mask=N,D W=D,H
"""
keep = 0.8
dropped = x * mask / keep
out = dropped @ W
