"""What a figure is measured with: machine, energy, operations, time, and how much a text copies."""
