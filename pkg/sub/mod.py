from .. import value
from . import a as renamed
