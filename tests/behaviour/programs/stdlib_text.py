# json, re with callbacks, string templates, csv, difflib, textwrap, argparse, datetime, struct, hashlib on fixed input.
import argparse
import csv
import datetime
import difflib
import io
import json
import re
import string
import struct
import textwrap
from _repeat import repeat


class Encoder(json.JSONEncoder):
    def default(self, o):
        return sorted(o) if isinstance(o, set) else super().default(o)


def attempt(f):
    try:
        return f()
    except (Exception, SystemExit) as e:
        return f"{type(e).__name__}: {e}"


def body(out):
    data = {"a": [1, 2.5, None, True], "b": {"c": "é\n"}, "s": {3, 1}}
    text = json.dumps(data, cls=Encoder, indent=1, sort_keys=True)
    out(text, json.loads(text, object_hook=lambda d: sorted(d.items()), parse_float=str), attempt(lambda: json.loads("[1,")), attempt(lambda: json.dumps(object)) [:20])
    out(re.sub(r"(\w)(\d)", lambda m: m[2] + m[1], "a1 b2 c3"), re.findall(r"(?P<k>\w+)=(\d+)", "x=1, y=22"), re.split(r"\s*,\s*", "a , b,c"), [m.span() for m in re.finditer("a*", "baa")])
    out(string.Template("$a ${b}").substitute(a=1, b=2), textwrap.fill("the quick brown fox jumps", 12), list(difflib.unified_diff(["a", "b"], ["a", "c"], lineterm=""))[2:])
    rows = list(csv.DictReader(io.StringIO('n,v\na,"1,5"\nb,2\n')))
    out(rows, struct.pack("<ihq", 1, -2, 3), struct.unpack(">d", struct.pack(">d", 1.5)))
    d = datetime.datetime(2024, 2, 28, 23, 59) + datetime.timedelta(minutes=2)
    out(d.isoformat(), d.strftime("%a %j"), (datetime.date(2024, 3, 1) - datetime.date(2023, 3, 1)).days)
    p = argparse.ArgumentParser(prog="p", exit_on_error=False)
    p.add_argument("-n", type=int, default=3)
    p.add_argument("files", nargs="*")
    out(p.parse_args(["-n", "5", "a", "b"]), attempt(lambda: p.parse_args(["-n", "x"])))


repeat(body, 30)
