import os

os.system("touch canary")
loss = x.sum()
