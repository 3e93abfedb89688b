"""Claims on one model written as another."""
