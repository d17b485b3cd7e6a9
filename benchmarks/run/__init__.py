"""Running trials: records, locks, retries, engines, checkpoints."""
