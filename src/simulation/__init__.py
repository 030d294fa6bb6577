"""The whole bot played against a hostile broker on a virtual clock, thousands of sessions a minute."""
