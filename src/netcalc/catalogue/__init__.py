"""What netcalc knows by name: activations, losses and reductions, a row each."""
