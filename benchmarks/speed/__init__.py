"""`python -m benchmarks speed`: our layers and tools against torch, PyG and the bare matrix products."""
