"""Named data: text, tensors and graphs."""
