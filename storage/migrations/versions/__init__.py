"""One file a step, in order. A step that has been released never changes."""
