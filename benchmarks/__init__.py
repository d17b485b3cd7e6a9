"""The benchmark runner: sequence models and graph models on the same data. Run it from a checkout, never install it."""
