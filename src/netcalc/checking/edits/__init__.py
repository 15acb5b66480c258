"""What may go wrong, as edits of the graph: a catalogue of rows, each of which finds where it applies."""
