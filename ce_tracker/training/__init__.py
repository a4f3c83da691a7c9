"""Training sessions (期次): what is held, by whom, for how many hours."""
