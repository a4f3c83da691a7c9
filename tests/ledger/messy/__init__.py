"""Lists as providers really keep them: each file, and exactly what becomes of each of its lines."""
