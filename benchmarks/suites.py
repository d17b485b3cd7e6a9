"""The suites: which views and models are compared on which tasks."""

Comparison = tuple[str, str, str]  # task, view, model

SUITES: dict[str, list[Comparison]] = {
    "quick": [
        *(
            (task, view, model)
            for task in ("palindrome-10", "palindrome-20")
            for view, model in (
                ("path", "RNN"),
                ("path", "GRU"),
                ("path", "LSTM"),
                ("path both ways", "GCN"),
                ("path + mirror", "GCN"),
            )
        ),
        ("text", "path", "RNN"),
        ("text", "path", "GRU"),
        ("text", "path", "LSTM"),
        ("digits", "raster path", "LSTM"),
        ("digits", "grid DAG", "DAGLSTM"),
        ("digits", "grid", "GCN"),
        ("club", "graph", "GCN"),
        ("club", "BFS path", "LSTM"),
        ("club", "DFS path", "LSTM"),
        ("club", "no edges", "MLP"),
    ],
}
