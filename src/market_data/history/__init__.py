"""The broker's history: what to ask for, which rows to believe, and the download that fills the store."""
