# Strings: concatenation in place, kinds (latin-1, UCS-2, UCS-4), comparison, iteration, hashing, interning, formatting in loops.
from _repeat import repeat


def build(parts):
    s = ""
    for p in parts:
        s += p
    return s


def build_alias(parts):
    s = t = ""
    for p in parts:
        s += p
        if len(s) == 3:
            t = s
    return s, t


def reverse(s):
    out = ""
    for c in s:
        out = c + out
    return out


def compare(a, b):
    return a == b, a < b, a != b, a >= b, a in b, a is b


class Attr:
    s = ""


def body(out):
    out(build("abc" for _ in range(5)), build(["é", "€", "😀"]), build_alias("abcde"), reverse("héł😀"), build([]))
    for a, b in [("a", "a"), ("a", "b"), ("", "a"), ("é", "e"), ("abc", "abcd"), ("€", "😀")]:
        out(compare(a, b))
    a = Attr()
    for i in range(10):
        a.s += str(i)
    out(a.s, Attr.s)
    out(" ".join(f"{i:02d}" for i in range(12)), "x" * 3, 3 * "é", "a" "b", "%5.1f|%-4s|%r" % (2.25, "z", "q"), "é".encode(), "abc"[1], "a\tb".expandtabs(4))
    out("ß".upper(), "İ".lower(), "ﬁ".casefold(), "a,b,,c".split(","), "  x y ".split(), "l1\nl2\r\n".splitlines(), "title case".title(), "z".zfill(3))
    words = {}
    for w in "the quick the lazy the dog".split():
        words[w] = words.get(w, 0) + 1
    out(words, sorted(words, key=lambda w: (-words[w], w)), "".join(sorted("banana")), "banana".count("an"), "banana".find("x"), "a" < "B" < "b")
    try:
        build(["a", 1])
    except TypeError as e:
        out(e)
    out("x".isdigit(), "٣".isdigit(), int("٣"), "a".isidentifier(), str(b"x", "ascii"), "é".encode("ascii", "replace"), "\N{SNOWMAN}", r"\n", len("😀"))


repeat(body)
