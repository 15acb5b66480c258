"""One file a command: parse, solve, print. A file with a `Command` of its own name is found and offered by the app."""
