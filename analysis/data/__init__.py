"""The export: what its tables must hold, reading and checking it, and who is analysed."""
