"""Rules over reward code, one module each. A rule is a function of one kind of event; it says whether the event is a hit."""
