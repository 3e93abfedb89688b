"""Claims on kernels approximated with few states."""
