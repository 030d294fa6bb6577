"""The floor between the pure house and the world: clock, settings, logs, files."""
