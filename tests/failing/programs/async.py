async def forward(x):
    return x.sum()
