"""Who is short, of what, since when: verdicts out of the database, the night's sweep, its flags."""
