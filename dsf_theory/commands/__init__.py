"""The command line, ``python -m dsf_theory COMMAND``."""
