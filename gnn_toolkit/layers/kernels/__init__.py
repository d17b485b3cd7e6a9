"""Fused recurrences over a DAG: one custom op a cell that walks the levels in place, with its own backward.

All kernels share one idea, backpropagation through structure: backpropagation through time, carried from a path to a
DAG. Let ``q_v = sum over r of W_r s_r,v`` be the predecessors' part of node v's gates, ``s_r,v`` the sum of ``h_u``
over the edges u -> v of type r, and ``dX`` the gradient of the loss with respect to X. The levels are walked from the
last to the first, so when node v's turn comes, all its successors have left their messages:

    1. ``dh_v += sum of ds_r,w over the edges v -> w of type r``: sums are gathered, both ways, and never scattered, so
       that every run adds in the same order;
    2. the cell's own derivatives, which need nothing but v's activations and are prepared for all nodes at once, turn
       ``dh_v`` into ``dq_v`` and the gradient of v's gates;
    3. ``ds_r,v = W_r^T dq_v``, the message for v's predecessors: one small product a level;
    4. and when the walk is over, ``dW_r = sum over v of dq_v s_r,v^T``: ONE product over all nodes, whose sums s are
       gathered again rather than kept.

On a path s_r,v is h_(t-1), and steps 1 and 3 are the familiar ``dh_(t-1) = W_hh^T dq_t + ...``. There nothing needs to
be gathered: the predecessors of a level are the first rows of the level before.

Places, levels and slots are those of :class:`gnn_toolkit.graphs.LevelOrder`. Initial states are the states of a first
level of ``S`` extra nodes, so the states have ``S + N`` rows and the gates ``N``.
"""
