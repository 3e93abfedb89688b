"""Interactive figures for notebooks; each lives in a module of its own, on top of `live`."""
