# Larger pure-Python parts of the standard library at work: ast, tokenize, decimal in Python, email, html, xml, zipfile, unittest, logging, statistics.
import _pydecimal
import ast
import email
import html.parser
import io
import logging
import statistics
import tokenize
import unittest
import xml.dom.minidom
import xml.etree.ElementTree as ET
import zipfile

source = open(__file__).read()
for _ in range(3):
    tree = ast.parse(source)
    names = sorted({n.id for n in ast.walk(tree) if isinstance(n, ast.Name)})
print(len(names), hash(ast.unparse(tree)) == hash(ast.unparse(ast.parse(ast.unparse(tree)))))
print(sum(1 for t in tokenize.generate_tokens(io.StringIO(source).readline) if t.type == tokenize.NAME) > 100)
_pydecimal.getcontext().prec = 40
x = _pydecimal.Decimal(2).sqrt()
print(x, x * x, (_pydecimal.Decimal(1) / 7).quantize(_pydecimal.Decimal("1e-10")))
m = email.message_from_string("Subject: =?utf-8?q?h=C3=A9?=\nTo: a@b, c@d\nContent-Type: text/plain\n\nbody\n")
print(email.header.decode_header(m["subject"]), m.get_payload(), m.get_content_type())


class P(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.log = []

    def handle_starttag(self, tag, attrs):
        self.log.append((tag, attrs))

    def handle_data(self, data):
        self.log.append(data)


for _ in range(20):
    p = P()
    p.feed("<p class='x'>one<b>two</b>&amp;</p><!-- c --><br/>")
print(p.log)
root = ET.fromstring("<a><b k='1'>t</b><b k='2'/></a>")
print([e.get("k") for e in root.iter("b")], ET.tostring(root), xml.dom.minidom.parseString("<q><w/></q>").documentElement.tagName)
buffer = io.BytesIO()
with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as z:
    for i in range(20):
        z.writestr(f"f{i}", b"x" * i * 100)
with zipfile.ZipFile(buffer) as z:
    print(z.testzip(), sum(len(z.read(n)) for n in z.namelist()))
print(statistics.mean(range(100)), statistics.stdev([1, 2, 3, 4.5]), statistics.median([3, 1, 2]))


class Tests(unittest.TestCase):
    def test_good(self):
        for i in range(100):
            with self.subTest(i=i):
                self.assertEqual(i, i)

    def test_raises(self):
        with self.assertRaisesRegex(ZeroDivisionError, "division"):
            1 / 0

    def test_bad(self):
        self.assertEqual([1, 2], [1, 3])

    @unittest.skip("why not")
    def test_skipped(self):
        pass


stream = io.StringIO()
result = unittest.TextTestRunner(stream, verbosity=0).run(unittest.defaultTestLoader.loadTestsFromTestCase(Tests))
print(result.testsRun, len(result.failures), len(result.skipped), result.failures[0][1].splitlines()[-4:])
log = io.StringIO()
logger = logging.getLogger("x")
logger.addHandler(logging.StreamHandler(log))
for i in range(100):
    logger.warning("message %d", i)
try:
    1 / 0
except ZeroDivisionError:
    logger.exception("caught")
print(log.getvalue().splitlines()[-6:][0], len(log.getvalue().splitlines()))
