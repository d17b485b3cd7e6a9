"""The commands of ``python -m gnn_toolkit``, one file each; the table of them is in ``__main__``."""
