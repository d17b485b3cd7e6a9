"""The suites: what is compared with what, as TOML files, and the code that reads them."""
