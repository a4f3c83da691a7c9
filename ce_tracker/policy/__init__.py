"""What the policies ask, as dated data, and the pure functions that judge by it.

Nothing here knows a database, a request or the time of day: the same facts give the same verdict.
"""
