from torch import nn

layer = nn.Linear(3, 2)
loss = layer(x).sum()
