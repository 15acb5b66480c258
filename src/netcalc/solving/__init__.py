"""Problem → result: what is certain, what the numbers are, and what there is to say about them."""
