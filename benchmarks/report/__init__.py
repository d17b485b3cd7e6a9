"""The reports that people read: words, figures, pages."""
