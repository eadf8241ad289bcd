"""The parts of tools/lab: real processes, the air between them, clients, checkers, measurements."""
