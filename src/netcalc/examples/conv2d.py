"""A convolution over images, window by window, with stride and padding.

    netcalc net conv2d.py --shape x=N,2,5,5 w=2,2,3,3 b=2
"""
import numpy as np

stride, pad = 2, 1
N, C, H, W = x.shape
F, _, HH, WW = w.shape
padded = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
rows = (H + 2 * pad - HH) // stride + 1
columns = (W + 2 * pad - WW) // stride + 1
out = np.zeros((N, F, rows, columns))
for i in range(rows):
    for j in range(columns):
        window = padded[:, :, i * stride:i * stride + HH, j * stride:j * stride + WW]
        out[:, :, i, j] = np.einsum('nchw,fchw->nf', window, w) + b
