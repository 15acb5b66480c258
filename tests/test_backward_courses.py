"""Backward passes as courses and projects have them: right as they are; a slip is told at its line, by its cause."""

from __future__ import annotations

import re

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import CheckedLine
from netcalc.values import read_array

RECOMMENDER = """\
lam = 0.1
loss = 0.0
for k in range(len(r)):
    u, i = users[k], items[k]
    pred = 0.3 + bu[u] + bi[i] + np.dot(P[u], Q[i])
    loss += (r[k] - pred) ** 2
    loss += lam * (np.sum(P[u] ** 2) + np.sum(Q[i] ** 2) + bu[u] ** 2 + bi[i] ** 2)
"""
OF_RECOMMENDER = """\
dP, dQ = np.zeros(P.shape), np.zeros(Q.shape)
dbu, dbi = np.zeros(3), np.zeros(4)
for k in range(len(r)):
    u = users[k]
    i = items[k]
    e = r[k] - (0.3 + bu[u] + bi[i] + P[u].dot(Q[i]))
    dbu[u] += -2 * e + 2 * lam * bu[u]
    dbi[i] += -2 * e + 2 * lam * bi[i]
    dP[u] += -2 * e * Q[i] + 2 * lam * P[u]
    dQ[i] += -2 * e * P[u] + 2 * lam * Q[i]
"""
CAPTIONS = """\
def step_forward(x, prev_h, Wx, Wh):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh))
    return next_h, (x, prev_h, Wx, Wh, next_h)

def step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h ** 2)
    return dz.dot(Wx.T), dz.dot(Wh.T), x.T.dot(dz), prev_h.T.dot(dz)

T = x.shape[1]
h = np.zeros((2, T, 3))
caches = []
prev = h0
for t in range(T):
    prev, cache = step_forward(x[:, t], prev, Wx, Wh)
    h[:, t] = prev
    caches.append(cache)
loss = 0.5 * np.sum((h - y) ** 2)

dh = h - y
dx = np.zeros_like(x)
dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
dprev = np.zeros_like(h0)
for t in reversed(range(T)):
    dx[:, t], dprev, dWx_t, dWh_t = step_backward(dh[:, t] + dprev, caches[t])
    dWx += dWx_t
    dWh += dWh_t
dh0 = dprev
"""
AT = {
    RECOMMENDER: {
        "P": "0.5,-1.2;0.3,0.8;-0.7,0.4",
        "Q": "1.1,0.2;-0.6,0.9;0.4,-0.3;0.7,1.3",
        "bu": "0.1,-0.2,0.3",
        "bi": "0.4,0.2,-0.5,0.6",
        "users": "0,2,1,0,2",
        "items": "1,3,0,2,1",
        "r": "3.5,1.5,4,2,5",
    },
    CAPTIONS: {
        "x": "[[[0.5,-1.2],[0.3,0.8],[1.4,0.2]],[[-0.7,0.4],[0.9,-0.1],[0.6,1.1]]]",
        "h0": "0.2,-0.4,0.1;0.5,0.3,-0.6",
        "Wx": "0.7,-0.2,0.4;-0.5,0.9,0.3",
        "Wh": "0.3,0.6,-0.2;-0.8,0.1,0.5;0.4,-0.3,0.7",
        "y": "[[[0.1,0.2,-0.3],[0.4,-0.5,0.6],[0.2,0.2,0.1]],[[0.3,-0.1,0.5],[-0.2,0.4,0.1],[0.6,-0.6,0.2]]]",
    },
}
PASSES = [(RECOMMENDER, OF_RECOMMENDER), (CAPTIONS, None)]


def lines_of(forward: str, backward: str | None, at: dict[str, str]) -> tuple[CheckedLine, ...]:
    """The verdicts on a backward pass, or on that of a forward pass that has it in its own text."""
    values = {name: read_array(text, name) for name, text in at.items()}
    problem = program(forward, "forward.py", ProgramRequest(values, elsewhere=list(values)))
    return checked_lines(problem, *(() if backward is None else (backward, "backward.py")))[0]


def wrong_with(forward: str, backward: str | None, was: str, put: str) -> list[CheckedLine]:
    """What is wrong in itself with a slip, which is put in the place of the last text that is as was says."""
    text = backward or forward
    assert was in text
    slipped = put.join(text.rsplit(was, 1))
    own = (forward, slipped) if backward else (slipped, None)
    return [one for one in lines_of(*own, AT[forward]) if one.is_wrong and not one.follows]


@pytest.mark.parametrize("forward, backward", PASSES, ids=["recommender", "captions"])
def test_right_as_it_is(forward, backward):
    lines = lines_of(forward, backward, AT[forward])
    assert lines
    assert [(one.name, one.line, one.diagnosis) for one in lines if one.is_wrong] == []


@pytest.mark.parametrize(
    "forward, backward, was, put, said",
    [
        (RECOMMENDER, OF_RECOMMENDER, "e * Q[i]", "e * P[u]", r"P\[u\] taken for Q\[i\]"),
        (RECOMMENDER, OF_RECOMMENDER, "2 * lam * bi[i]", "lam * bi[i]", "a factor 2 left out"),
        (RECOMMENDER, OF_RECOMMENDER, " + 2 * lam * bu[u]", "", "a term left out"),
        (CAPTIONS, None, "dh[:, t] + dprev, ", "dh[:, t], ", r"a path is missing: \+ dprev"),
    ],
)
def test_a_slip_is_told_at_its_line(forward, backward, was, put, said):
    (wrong,) = wrong_with(forward, backward, was, put)
    text = backward or forward
    assert wrong.line == text[: text.rindex(was)].count("\n") + 1
    assert re.search(said, wrong.diagnosis)
