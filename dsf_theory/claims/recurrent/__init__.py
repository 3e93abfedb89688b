"""Claims on recurrent networks."""
