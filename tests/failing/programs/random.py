import torch

noise = torch.randn(3)
loss = (x + noise).sum()
