import numpy as np

loss = (x * np.nan).sum()
