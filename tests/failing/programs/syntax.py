y = x * 2
loss = (y +
z = 3
