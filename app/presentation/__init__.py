"""How the session's records are put into words, colours and places on screen."""
