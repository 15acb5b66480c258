import torch

loss = torch.linalg.norm(W, 2)
