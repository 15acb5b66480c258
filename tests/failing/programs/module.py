from torch import nn

layer = nn.MultiheadAttention(4, 2)
loss = layer(x, x, x)[0].sum()
