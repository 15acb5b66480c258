"""A convolution over images, with stride and padding.

    netcalc net conv2d.py --shape x=N,2,5,5 w=2,2,3,3 b=2
"""
import torch.nn.functional as F

padded = F.pad(x, (1, 1, 1, 1))                  # a border of zeros
z = F.conv2d(padded, w, b, stride=2)             # a product with each window of 3 by 3
out = F.relu(z)
