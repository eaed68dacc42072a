"""A package of rewards: relative imports have to work."""
