"""What trains: a layer, a sequence model around it, the recipe, a run, and several runs as one."""
