"""Where people and units live: regions, employers, providers, professionals."""
