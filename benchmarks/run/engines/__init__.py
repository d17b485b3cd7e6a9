"""The engines: what runs the trials that wait, here or elsewhere."""
