"""An invented installation to look at: units and people of all six regimes, a sign-in per role."""
