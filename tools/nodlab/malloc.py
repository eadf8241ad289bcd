"""malloc"""
def options(part):
    pass
