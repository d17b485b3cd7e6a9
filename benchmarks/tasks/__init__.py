"""The tasks: one file each, holding its data, its baselines, its metric and the budget of every model."""
