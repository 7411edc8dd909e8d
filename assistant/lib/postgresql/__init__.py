"""Django's PostgreSQL backend, for threads that keep their connection for as long as they live."""
