"""Recognition, voices, wake words and conversation for Home Assistant and satellites, by the Wyoming protocol."""
