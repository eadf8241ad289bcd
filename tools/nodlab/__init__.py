"""The parts of tools/lab: a cluster of real processes, the air between them, clients, checkers, measurements."""
