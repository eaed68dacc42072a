"""What the rewards of this package share."""

WORTH = 0.5
