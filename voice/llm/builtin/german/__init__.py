"""The skills in German: timers, lists, time, date and sums."""
