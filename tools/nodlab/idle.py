"""idle"""
def options(part):
    pass
