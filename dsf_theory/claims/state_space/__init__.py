"""Claims on state space models."""
