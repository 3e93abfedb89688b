"""Claims on how many states a kernel needs."""
