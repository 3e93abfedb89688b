"""From a causal kernel to systems: a kernel as given, its Hankel blocks, bounds on states, and a smallest system."""
