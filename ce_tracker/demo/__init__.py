"""An invented installation to look at: units all over the five provinces, a sign-in per role."""
