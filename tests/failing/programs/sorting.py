import torch

loss = torch.sort(x)[0][0]
