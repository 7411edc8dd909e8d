"""What requests about training bring, and what the answers show."""
