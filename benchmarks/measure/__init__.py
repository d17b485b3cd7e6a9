"""Measurements behind a figure: machine, energy, operations, time, and how much a text copies."""
