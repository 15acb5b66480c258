"""What each command states: a problem from tensors, its shapes checked. One file a model."""
