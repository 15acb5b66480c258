"""What programs, expressions and answers may not be, each with the place that is told (after ‸) and what is said of it."""

from __future__ import annotations

import re

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.program.library.elementwise import MAX_COUNTED
from netcalc.program.source import MAX_LINES

MARK = "‸"
VALUES = {
    "x": 3.0,
    "v": np.array([1.0, -2.0, 3.0, 5.0]),
    "w": np.array([2.0, 1.0, 4.0]),
    "A": np.arange(12.0).reshape(3, 4) - 5,
    "S": np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 0.25], [0.5, 0.25, 4.0]]),
    "Z": np.arange(24.0).reshape(2, 3, 4),
    "image": np.arange(40.0).reshape(1, 2, 4, 5),
    "kernel": np.arange(8.0).reshape(1, 2, 2, 2),
}
REFUSALS = """\
y = ‸np.convolve(w, v, 'odd').sum() | a vector is convolved with a shorter one, with mode full, same or valid
y = ‸np.correlate(w, v, 'same').sum() | a vector is convolved with a shorter one, with mode full, same or valid
y = ‸np.convolve(A, w).sum() | a vector is needed here, not an array of 2 axes
y = ‸np.gradient(v, [0.0, 0.1, 0.3, 0.4]).sum() | gradient takes one spacing here, as in np.gradient(u, 0.1)
y = ‸np.gradient(A)[0].sum() | gradient goes along one axis here: name it, as in np.gradient(u, axis=0)
y = (‸np.bincount([[0, 1], [1, 2]]) * x).sum() | bincount takes a vector of whole numbers from 0 on
y = (‸np.bincount([0, -1]) * x).sum() | bincount takes a vector of whole numbers from 0 on
y = ‸np.block(A).sum() | block takes rows of blocks, as in block([[A, B], [C, D]])
y = ‸np.block([A, [A]]).sum() | block takes rows of blocks, as in block([[A, B], [C, D]])
y = ‸np.kron(v, A).sum() | kron takes two vectors or two matrices; these are 4 and 3×4
y = ‸np.kron(Z, Z).sum() | kron takes two vectors or two matrices; these are 2×3×4 and 2×3×4
y = ‸torch.tensor(v).expand(1).sum() | 4 does not stretch to 1
y = ‸torch.tensor(A).expand(4).sum() | 3×4 does not expand to 4
y = ‸np.expand_dims(v, 3).sum() | there is no place 3 for a new axis in 4
y = ‸np.stack([v, w]).sum() | 4 and 3 do not stand side by side
y = ‸np.stack([v, v], axis=2).sum() | axis 2 is not there: the stack has axes 0 to 1
y = ‸np.concatenate([A, S]).sum() | 3×4 and 3×3 do not join along axis 0
y = ‸np.concatenate([v, v], axis=1).sum() | axis 1 is not there
y = ‸v.reshape(-1, -1).sum() | only one size of a new shape can be -1
y = ‸v.reshape(3, -1).sum() | 4 does not reshape to 3 times something
y = ‸np.tril(v).sum() | tril and triu take matrices; this is 4
y = ‸np.transpose(A, (0, 0)).sum() | (0, 0) is no order of the axes of 3×4
y = ‸np.broadcast_to(v, (1,)).sum() | 4 does not stretch to 1
y = ‸A.sum(axis=(0, 0)) | an axis is named twice
y = ‸np.max(v[:0]) | an array of no entries has no mean and no largest entry; this is 0
y = ‸np.einsum(A, 'ij').sum() | einsum takes its subscripts as a text, as in einsum('ij,jk->ik', A, B)
y = ‸np.einsum('ij->ii', A).sum() | einsum: 'ii' has a letter twice
y = ‸np.einsum('1j->j', A).sum() | einsum: '1j' is not made of letters
y = ‸np.linalg.cholesky(A).sum() | cholesky takes one square matrix
y = ‸np.quantile(v, 1.5).sum() | quantile takes a share from 0 to 1
y = ‸np.percentile(v, 101).sum() | percentile takes a share from 0 to 100
y = ‸np.quantile(v, [0.1, 0.2]).sum() | quantile takes one number here, as in quantile(x, 0.25)
y = ‸np.pad(v, -1).sum() | pad adds entries, and takes no number below 0; write a slice to cut them
y = ‸np.pad(v, ((1, 1), (1, 1))).sum() | pad has widths for 2 axes, and 4 has 1
y = ‸np.linalg.norm(A, 3) | of a matrix's norms 'fro', 1, -1, inf and -inf are understood
y = ‸np.max(v, where=v > 0) | max with where= takes initial=
y = (‸np.arange(1, 5, 0) * v).sum() | arange: a step of 0 leads nowhere
y = ‸v[True] | True and False are no indices
y = ‸v[::0.5].sum() | a slice's step is a whole number
y = (‸-(v > 0)).sum() | a boolean has no sign, as in NumPy; write ~a, or -1*a for a number
y = (‸~v).sum() | '~' needs a condition, as in ~(x > 0)
y = ‸F.one_hot(torch.tensor([0, 3]), 3).sum() * x | index 3 is out of range
y = ‸F.cross_entropy(A, torch.tensor([[0], [1]])) | targets 2×1 do not fit logits 3×4: one class a sample is needed
y = ‸F.cross_entropy(A, torch.tensor([0, -1, 2])) | class -1 is negative; ignore_index= says which class counts for nothing
y = ‸F.layer_norm(A, (3,)).sum() | layer_norm over 3 does not fit 3×4
y = ‸F.group_norm(v, 2).sum() | group_norm takes (batch, channels, …); this is a vector of 4
y = ‸F.conv2d(image, kernel[:, :1]).sum() | weights 1×1×2×2 are for 1 channels; 1×2×4×5 has 2
y = ‸F.conv2d(v, kernel).sum() | an input of 3 or 4 axes is needed; this is a vector of 4
y = ‸F.max_pool2d(image, 9).sum() | a window of 9×9 does not fit into 4×5
y = ‸F.max_pool2d(image, (2, 2, 2)).sum() | a whole number is needed here, or 2 of them
y = ‸F.conv2d(image, kernel, stride=0.5).sum() | a whole number is needed here, or 2 of them
y = ‸F.max_pool2d(image, 2, return_indices=True)[0].sum() | max_pool2d with return_indices is not understood
y = ‸F.interpolate(image, size=2, scale_factor=2).sum() | interpolate takes either size= or scale_factor=
y = ‸np.lib.stride_tricks.sliding_window_view(A, 2).sum() | a window of 1 axes does not fit 3×4; say axis=
for i in ‸range(1, 5, 0):⏎    y = x * i | range: a step of 0 leads nowhere
for i in ‸range(1, 2, 3, 4):⏎    y = x * i | range takes one to three numbers
y = sum(a * b for a, b in ‸zip([x, x], [1], strict=True)) | zip: the lists differ in length
y = x * ‸len(3) | a number has no length
y = ‸max(v, w) | max of arrays: write np.maximum(x, y) for each entry
y = ‸functools.reduce(lambda a, b: a * b, []) * x | reduce of nothing has no value; give the one to start with
d = {'a': x}⏎z = x * ‸d['b'] | 'b' has no value
z = np.zeros(3, dtype=int)⏎‸z[0] = x⏎y = z.sum() * x | an array of integers takes no decimals: make it of floats, as np.zeros(…) is
z = np.zeros(3)⏎‸z[:2] = w⏎y = z.sum() | 3 does not fit the part, which is 2
y = x⏎‸f(x) = 2 | cannot assign
y = ‸v[4] | index 4 is out of range for axis 0 of 4
y = ‸v[-5] | index -5 is out of range for axis 0 of 4
y = ‸A[[0, 3]].sum() | index 3 is out of range for axis 0 of 3
y = ‸A[[0, -4]].sum() | index -4 is out of range for axis 0 of 3
y = ‸v[np.array([True, False])].sum() | a condition of 2 does not pick from 4
y = ‸A[:, np.array([True, False, True])].sum() | a condition of 3 does not pick from 3×4
y = ‸v[A > 0].sum() | 2 indices are too many for 4
z = v * 2⏎‸z[np.array([True, False])] = 0⏎y = z.sum() | a condition of 2 does not pick from 4
y = ‸x @ v | a number has no axis to sum over; write * for it
y = (‸w @ A[:1, :2]).sum() | 3 and 1×2 do not fit together in a matrix product; [[1, 2]] is a matrix of one row, and
y = (‸A[:, :1] @ w).sum() | 3×1 and 3 do not fit together in a matrix product; [[1, 2]] is a matrix of one row, and
y = ‸torch.cdist(v, A).sum() | cdist takes the rows of two matrices, not 4 and 3×4
y = ‸np.linalg.cholesky(np.eye(40) * x).sum() | cholesky is written out for up to
y = ‸scipy.linalg.solve_triangular(S, w, unitriangular=True).sum() | solve_triangular with a diagonal taken as 1 is not understood
y = ‸scipy.linalg.cho_solve(S, w).sum() | cho_solve takes the factor with its kind
z = A * 1⏎‸np.fill_diagonal(v, 0)⏎y = z.sum() | fill_diagonal takes a matrix, not an array of 1 axes
y = (‸np.linspace(0, 1, 10**9) * x).sum() | entries is larger than netcalc takes
y = (‸np.zeros(10**9) + x).sum() | has 1,000,000,000 entries; netcalc takes 100,000,000
y = ‸F.scaled_dot_product_attention(A, A, A, dropout_p=0.1).sum() | attention with dropout draws at random; write dropout_p=0
y = ‸F.poisson_nll_loss(v, v, full=True) | is understood without full=True
y = ‸np.take_along_axis(A, np.array([0, 1]), 1).sum() | needs places with as many axes as 3×4
y = ‸scipy.signal.convolve2d(A, v).sum() | convolve2d is understood of two matrices, with zeros around
y = ‸scipy.signal.convolve2d(A, S, mode='odd').sum() | convolve2d has the modes full, same and valid
y = ‸np.subtract(v > 0, v < 1).sum() * x | subtract takes no booleans, as in NumPy; write 1*a for a number
y = ‸x[0] | this is a number, which has no entries to pick: leave the index out
y = x * (‸'a' in 3) | 'in' a number is not understood
y = x * ‸round(v) | rounding has no gradient; leave it out
y = sum‸(a for a in x) | an array cannot be gone through item by item
y = ‸jax.vmap(lambda a: a * a, out_axes=1)(A).sum() | vmap stacks what it gives along the first axis: leave out_axes out, and turn the result
y = ‸jax.lax.scan(lambda c, a: c + a, 0.0, v)[0] | the function of a scan returns two things: the next state, and what the step gives
y = ‸np.array([[1, 2], [3]]).sum() * x | the rows of this array differ in length
y = ‸x * 1e400 | a number is beyond the range of float64, which ends at 1.8e308
y = ‸np.multiply.at(v, 0, 1) | the function multiply has no 'at' that is understood
‸v.data = w⏎y = v.sum() | writing to .data is not understood; assign to the name
z = v * 2⏎‸z.real = 0⏎y = z.sum() | an array has no 'real' to assign to
y = ‸F.conv_transpose2d(image, kernel, groups=2).sum() | conv_transpose2d with groups is not understood; write it a group at a time
y = ‸F.max_pool2d(image, 3, ceil_mode=True).sum() | ceil_mode is not understood where a window hangs over the edge
y = ‸sorted([v, w]) | sorting depends on values
y = x * ‸{'a': 1}.foo() | a dictionary's 'foo' is not understood here
y = x * ‸'a'.foo() | a text's 'foo' is not understood here
"""

EXPRESSIONS = """\
sum(‸one_hot(w, 3)) | index 4 is out of range: one_hot has classes 0 to 2
sum(‸one_hot([0, 3], 3)) | index 3 is out of range: one_hot has classes 0 to 2
sum(‸one_hot([0, -4], 3)) | index -4 is out of range: one_hot has classes 0 to 2
sum(‸one_hot([0, 1])) | one_hot needs the number of classes, as in one_hot([2, 0], 3)
sum(‸one_hot([0, 1], 100000000)) | one_hot of 2 numbers in 100,000,000 classes would take more than memory
sum(‸arange(0, 1e30)) | arange takes whole numbers, as arange(3) and arange(0, 4, 2), and gives 1 to 1,048,576
sum(‸arange(4, 0)) | arange takes whole numbers, as arange(3) and arange(0, 4, 2), and gives 1 to 1,048,576
sum(‸arange(x/2)) | arange takes whole numbers, as in arange(3) and arange(0, 4, 2)
sum(v‸[::0]) | the step of a slice is a whole number other than 0
sum(v‸[v:]) | a bound of a slice is one number
sum(v‸[1/2]) | an index needs a number here, or a name with a value
v‸[4] | index 4 is out of range for axis 0 of 4
sum(A‸[3]) | index 3 is out of range for axis 0 of 3, of 3×4
A‸[0,4] | index 4 is out of range for axis 1 of 4, of 3×4
A‸[0,0,0] | 3 indices are too many for 3×4
‸sum(A, axis=2) | axis 2 is not there: 3×4 has axes 0 to 1
‸sum(A, axis=(0, 0)) | an axis is named twice
sum(v‸.mT) | .mT is of a matrix; this is 4
sum(A‸/S) | 3×4 and 3×3 do not fit together element by element
sum(S‸^-1) | A^-1 can be read two ways: write inv(A) for the inverse, 1/A for one over each entry
sum(‸kron(v, A)) | kron takes two vectors or two matrices; these are 4 and 3×4
sum(‸kron(Z, Z)) | kron takes two vectors or two matrices; these are 2×3×4 and 2×3×4
sum(‸tril(v)) | tril and triu take matrices; this is 4
‸trace(v) | trace needs a square matrix; this is 4
‸det(A) | det needs a square matrix; this is 3×4
sum(‸solve(S, v)) | solve: 3×3 and 4 do not fit together
sum(‸solve(S, x)) | solve: 3×3 and a number do not fit together
sum(‸outer(A, v)) | outer takes two vectors; these are 3×4 and 4
sum(‸einsum('ij->ii', S)) | einsum: 'ii' has a letter twice
sum(‸einsum('ij', v)) | einsum: 'ij' has 2 letters for 4
sum(‸reshape(v, 3, 2)) | 3×2 takes 6 entries, and there are 4
sum(A‸@w) | 3×4 and 3 do not fit together in a matrix product
sum(x‸@v) | a number has no axis to sum over; write * for it
sum(A*v‸*w) | 3×4 and 3 do not fit together element by element
max(v‸[0:0]) | nothing is left of 4 by this index
"""
FORMULAS = """\
w f‸′(v) | which function f′ is the slope of is not clear here: write its name, as in tanh′(z)
sum‸′(v) | a prime stands behind the name of a function of one number, as in tanh′(z)
v‸⊗A | '⊗' can be read two ways: write outer(a, b) or kron(A, B)
(Σⱼ A[i,j]·v[j])‸[k] | no factor has the letter k of the result
‸A[3,0] | there is no 'A[3,0]' in this problem; did you mean
A‸[0 | this '[' is never closed: a ']' is missing
"""


@pytest.mark.parametrize("line", REFUSALS.splitlines())
def test_what_does_not_work_is_told_where_it_stands(line):
    marked, _, said = line.replace("⏎", "\n").rpartition(" | ")
    text = f"import functools; import numpy as np; import torch; import torch.nn.functional as F; import scipy; import jax\n{marked}"
    values = {name: value for name, value in VALUES.items() if re.search(rf"\b{name}\b", marked)}
    with pytest.raises(NetcalcError, match=re.escape(said)) as told:
        netcalc.gradients(text.replace(MARK, ""), values)
    before = text.partition(MARK)[0]
    assert told.value.position == len(before)
    assert f"line {before.count(chr(10)) + 1}:" in str(told.value)


@pytest.mark.parametrize("line", EXPRESSIONS.splitlines())
def test_an_expression_is_refused_where_it_goes_wrong(line):
    marked, _, said = line.rpartition(" | ")
    text = marked.replace(MARK, "")
    values = {name: value for name, value in VALUES.items() if re.search(rf"\b{name}\b", text)}
    with pytest.raises(NetcalcError, match=re.escape(said)) as told:
        netcalc.grad(text, at=values)
    assert told.value.position == marked.index(MARK)


@pytest.mark.parametrize("line", FORMULAS.splitlines())
def test_a_formula_that_cannot_be_read_is_told_where(line):
    marked, _, said = line.rpartition(" | ")
    result = netcalc.grad("sum((A@v - w)^2)/2", at={name: VALUES[name] for name in "Avw"})
    with pytest.raises(NetcalcError, match=re.escape(said)) as told:
        netcalc.check(result, {"dA": marked.replace(MARK, "")})
    assert told.value.position == marked.index(MARK)


def test_a_program_has_so_many_lines_and_no_more():
    empty = "\n" * (MAX_LINES - 1)
    assert netcalc.gradients(f"y = x * x{empty}", {"x": 3.0}).partials["x"] == 6
    with pytest.raises(NetcalcError, match=f"line {MAX_LINES + 1}: a program has at most {MAX_LINES:,} lines"):
        netcalc.gradients(f"y = x * x{empty}\n", {"x": 3.0})


def test_numbers_are_counted_up_to_so_many_and_no_more():
    text = "import numpy as np\ny = x * np.bincount([{}]).sum()"
    assert netcalc.gradients(text.format(MAX_COUNTED - 1), {"x": 3.0}).partials["x"] == 1
    with pytest.raises(NetcalcError, match=f"bincount of numbers up to {MAX_COUNTED:,}"):
        netcalc.gradients(text.format(MAX_COUNTED), {"x": 3.0})
