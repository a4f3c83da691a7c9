"""What people and employers are told: the inbox, mail, reminders."""
