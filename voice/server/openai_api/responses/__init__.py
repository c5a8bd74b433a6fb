"""OpenAI's Responses and Conversations over persistent sessions."""
