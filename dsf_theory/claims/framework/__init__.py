"""Claims on the framework itself, its bases, its dynamics and its costs."""
