value = 1
from . import early
def __getattr__(name):
    if name == 'dynamic':
        return 'computed'
    raise AttributeError(name)
