from torch import nn

layer = nn.Transformer(4, 2)
loss = layer(x, x).sum()
