"""Claims on attention as a linear system."""
