"""What must not be said, stored or sent: moderation and redaction of both sides of a conversation."""
