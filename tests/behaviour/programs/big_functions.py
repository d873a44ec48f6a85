# Very large functions: hundreds of locals, deep expressions, long jumps with EXTENDED_ARG, thousands of constants.
names = [f"v{i}" for i in range(300)]
source = "def many(a):\n" + "".join(f"    {n} = a + {i}\n" for i, n in enumerate(names)) + "    return " + " + ".join(names) + "\n"
source += "def jumps(n):\n    t = 0\n    for i in range(n):\n        if i % 2:\n" + "".join(f"            t += {i * 1000 + 7} - i\n" for i in range(400)) + "        else:\n            t -= 1\n    return t\n"
source += "def nested(x):\n    return " + "(" * 80 + "x" + " + 1)" * 80 + "\n"
source += "def chain(x):\n" + "".join(f"    {'if' if i == 0 else 'elif'} x == {i * 3}:\n        return 'c{i}'\n" for i in range(200)) + "    return None\n"
source += "def args(" + ", ".join(f"a{i}={i}" for i in range(200)) + "):\n    return a0 + a199\n"
source += "def literal():\n    return [" + ", ".join(str(i) for i in range(2000)) + "]\n"
source += "def wide(" + ", ".join(f"b{i}" for i in range(60)) + "):\n    return [" + ", ".join(f"b{59 - i}" for i in range(60)) + "]\n"
source += "def tries():\n    n = 0\n" + "".join(f"    try:\n        n += {i}\n        if n % 7 == 3: raise ValueError\n    except ValueError:\n        n += 1\n" for i in range(100)) + "    return n\n"
exec(source)
for turn in range(60):
    r = many(turn), jumps(20), nested(turn), chain(turn * 3), chain(-1), args(), args(5, a199=1), sum(literal()), wide(*range(60))[:3], tries()
print(r)
print(jumps(3000), many(0.5), nested(2**62), many(2**61))
