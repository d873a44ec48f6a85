# not-sanitized: children with an environment of their own
# Children through sys.executable: -c, -m, -, scripts, flags, environment, exit codes; Pyston in them as in the parent.
import os
import subprocess
import sys

here = hasattr(sys, "pyston_version_info")
tell = "import sys; print(hasattr(sys, 'pyston_version_info') == %r, sys.argv, sys.flags.isolated, sys.flags.no_site)" % here


def run(*args, **kw):
    p = subprocess.run([sys.executable, *args], capture_output=True, text=True, **kw)
    print(p.returncode, p.stdout.strip(), p.stderr.strip().splitlines()[-1:])


run("-c", tell, "a", "b")
run("-I", "-c", tell)
run("-S", "-c", tell)
run("-I", "-S", "-E", "-c", tell)
run("-", "x", input=tell)
run(input=tell)
run("-c", "import sys; sys.exit(7)")
run("-c", "raise SystemExit('message')")
run("-c", "1/0")
run("-c", "import os; os.abort()")
run("-m", "this_module_is_not_there")
run("-c", "import os; print(sorted(k for k in os.environ if 'PYSTON' in k and k not in %r), os.environ.get('LD_PRELOAD'))" % list(os.environ))
os.environ["LD_PRELOAD"] = ""
run("-c", "import os; print(repr(os.environ.get('LD_PRELOAD')))")
print(subprocess.run([sys.executable, "-c", "print(__name__, __doc__, __spec__)"], capture_output=True, text=True).stdout)
