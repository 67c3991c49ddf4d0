"""The posterior over what a participant wants."""
