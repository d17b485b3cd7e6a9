"""What came out: rows of tables, statistics, comparisons; and, as files, the results that the repository keeps."""
