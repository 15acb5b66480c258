import torch.nn.functional as F

loss = F.linear(x)
