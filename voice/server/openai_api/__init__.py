"""The endpoints that OpenAI's own clients know: chat completions, audio, moderations, models."""
