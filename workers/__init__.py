"""What happens later: Celery's application, its schedule, and the jobs it does."""
