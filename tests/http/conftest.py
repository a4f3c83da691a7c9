from tests.http.hashing import cheap_hashes

__all__ = ["cheap_hashes"]
