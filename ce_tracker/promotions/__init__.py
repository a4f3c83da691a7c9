"""Who may apply for a title, and who let them: the directory of grassroots units, the gate,
applications and what follows them."""
