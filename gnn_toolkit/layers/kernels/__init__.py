"""Fused recurrences over a DAG: one custom op a cell that walks the levels in place, with its own backward.

All kernels share one idea, backpropagation through structure: backpropagation through time, carried from a path to a
DAG. Let ``q_v = sum over r of W_r s_r,v`` be the predecessors' part of node v's gates, ``s_r,v`` the sum of ``h_u``
over the edges u -> v of type r, and ``dX`` the gradient of the loss with respect to X. Walking the levels from the last
to the first, ``dh_v`` is complete when v's level is reached, because all its successors lie in later levels. Then

    1. the cell's own derivatives, which need nothing but v's activations and are prepared for all nodes at once, turn
       ``dh_v`` into ``dq_v`` and the gradient of v's gates;
    2. ``ds_r,v = W_r^T dq_v``: one small product a level;
    3. ``dh_u += ds_r,v`` for every edge u -> v of type r;
    4. and when the walk is over, ``dW_r = sum over v of dq_v s_r,v^T``: ONE product over all nodes.

On a path s_r,v is h_(t-1), and steps 2 and 3 are the familiar ``dh_(t-1) = W_hh^T dq_t + ...``.

Places, levels and slots are those of :class:`gnn_toolkit.graphs.LevelOrder`. Initial states are the states of a first
level of ``S`` extra nodes, so the states have ``S + N`` rows and the gates ``N``.
"""
