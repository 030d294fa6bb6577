"""Signal providers: one idea per file, all with the same face."""
