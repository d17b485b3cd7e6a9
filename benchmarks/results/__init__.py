"""The results: rows of tables, statistics, comparisons; and, as files, those that the repository keeps."""
