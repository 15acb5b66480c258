"""Matrices of rationals and balls, by FLINT: products, determinants, inverses, solutions of systems."""

from __future__ import annotations

from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpq_mat

from netcalc.arithmetic.balls import UNDEFINED, Numeral, exactly, sign
from netcalc.arrays import each, from_list
from netcalc.errors import UndefinedError
from netcalc.graph.arithmetic.objects import cofactors, filled

MAX_EXACT_ROWS = 12  # of a matrix that is inverted in rationals


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Rational where a row and a column are, so that what is decided exactly stays so; else in balls."""
    m, n = len(a), b.shape[1]
    rows, columns = _all_exact(a), _all_exact(b.T)
    if rows.all() and columns.all():
        return _entries(_rational(a) * _rational(b), m, n)
    found = _entries(_balls(a) * _balls(b), m, n)
    if rows.any() and columns.any():
        found[np.ix_(rows, columns)] = product(a[rows], b[:, columns])
    return found


def inverse(a: np.ndarray) -> np.ndarray:
    n = len(a)
    try:
        matrix = _rational(a).inv() if _is_rational(a) and _is_small(a) else _balls(a).inv()
    except ZeroDivisionError:
        if _is_rational(a) and (_is_small(a) or _rational(a).det() == 0):
            raise UndefinedError("the matrix is singular: it has no inverse") from None
        return _undecided(n, n)
    return _entries(matrix, n, n)


def determinant(a: np.ndarray) -> Numeral:
    if _is_rational(a) and _is_small(a):
        return _rational(a).det()
    found = _balls(a).det()
    return _rational(a).det() if _is_rational(a) and sign(found) is None else exactly(found)


def cofactor_matrix(a: np.ndarray) -> np.ndarray:
    """det(A) A⁻ᵀ of what is large, else by minors, so that a singular matrix has them too."""
    if not _is_small(a) and sign(found := determinant(a)):
        return each(lambda entry: found * entry, inverse(a).T)
    return cofactors(a, determinant, fmpq(1))


def solution(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    exact = _is_rational(a) and _is_rational(b) and _is_small(a)
    try:
        matrix = _rational(a).solve(_rational(b)) if exact else _balls(a).solve(_balls(b))
    except ZeroDivisionError:
        if _is_rational(a) and determinant(a) == 0:
            raise UndefinedError("the matrix is singular: the system has no unique solution") from None
        return _undecided(*b.shape)
    return _entries(matrix, *b.shape)


def _all_exact(array: np.ndarray) -> np.ndarray:
    """Which rows hold rationals alone."""
    return np.array([{fmpq}.issuperset(map(type, row)) for row in array.tolist()], dtype=bool)


def _is_rational(array: np.ndarray) -> bool:
    return bool(_all_exact(array).all())


def _rational(array: np.ndarray) -> fmpq_mat:
    rows, columns = array.shape
    return fmpq_mat(rows, columns, array.reshape(-1).tolist())


def _balls(array: np.ndarray) -> arb_mat:
    rows, columns = array.shape
    return arb_mat(rows, columns, [arb(one) for one in array.reshape(-1).tolist()])


def _entries(matrix: Any, rows: int, columns: int) -> np.ndarray:
    found = matrix.entries()
    if isinstance(matrix, arb_mat):
        found = [exactly(one) if one.is_exact() else one for one in found]
    return from_list(found, (rows, columns))


def _undecided(rows: int, columns: int) -> np.ndarray:
    return filled((rows, columns), UNDEFINED)


def _is_small(a: np.ndarray) -> bool:
    """Whether elimination in rationals, whose digits grow with every step, takes no longer than in balls."""
    return len(a) <= MAX_EXACT_ROWS
