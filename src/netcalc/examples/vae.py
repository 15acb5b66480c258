"""A variational autoencoder, its noise given: reconstruction, and the divergence from a standard normal.

    netcalc net vae.py --shape x=N,D Wm=D,K Ws=D,K Wd=K,D eps=N,K
"""
import torch
import torch.nn.functional as F

mu = x @ Wm
logvar = x @ Ws
z = mu + eps * torch.exp(0.5 * logvar)
xhat = torch.sigmoid(z @ Wd)
reconstruction = ((xhat - x) ** 2).sum()
kl = -0.5 * (1 + logvar - mu ** 2 - logvar.exp()).sum()
loss = (reconstruction + kl) / x.shape[0]
