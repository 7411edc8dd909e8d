"""What we keep on Redis, which others may use too, and which may go away or fall silent."""
