"""The analysis behind the book: one package per topic, tables in, tidy frames and figures out."""
