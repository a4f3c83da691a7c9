"""Users, how they sign in, and the tokens that act for them."""
