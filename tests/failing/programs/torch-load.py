import torch

w = torch.load("w.pt")
loss = (x * w).sum()
