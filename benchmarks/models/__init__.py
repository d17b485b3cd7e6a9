"""The models: one file each, that builds a module from a budget, a problem and the graph that a view chose."""
