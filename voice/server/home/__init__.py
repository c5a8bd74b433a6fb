"""`voice home`: the page for the people of a household, with the conversations of each."""
