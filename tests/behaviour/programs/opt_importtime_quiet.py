# args: -X importtime
# ignore-stderr: .*
# Import times on stderr (they differ); the program's output does not.
import json
import textwrap

print(json.dumps({"a": [1, 2]}), textwrap.shorten("a b c d e", 6))
