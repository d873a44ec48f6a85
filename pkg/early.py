import pkg
seen = hasattr(pkg, 'early')
