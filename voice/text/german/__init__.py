"""German as it is spoken to the skills: words, numbers and lengths of time."""
