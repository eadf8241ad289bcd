"""million"""
def options(part):
    pass
