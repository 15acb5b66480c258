"""Two layers with ReLU between them, and softmax with cross-entropy.

    netcalc net mlp.py --shape X=N,D y=N W1=D,H b1=H W2=H,C b2=C
"""
import numpy as np

z1 = X @ W1 + b1                     # (N, H)
a1 = np.maximum(z1, 0)
logits = a1 @ W2 + b2                # (N, C)
shifted = logits - logits.max(axis=1, keepdims=True)
logp = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
loss = -logp[np.arange(X.shape[0]), y].mean()
