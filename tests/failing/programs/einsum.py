import numpy as np

loss = np.einsum("ij,jk->il", W, W.T).sum()
