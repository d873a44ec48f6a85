# lxml: Python callbacks from C (XPath functions, custom elements, SAX targets, resolvers), trees kept alive.
from lxml import etree


def make(n):
    root = etree.Element("root")
    for i in range(n):
        e = etree.SubElement(root, "item", id=str(i))
        e.text = "x" * (i % 5)
        e.tail = "\n"
    return root


for _ in range(40):
    root = make(50)
print(len(root), sum(int(e.get("id")) for e in root if e.text), etree.tostring(root[3]))
ns = etree.FunctionNamespace(None)
ns["double"] = lambda context, x: x * 2
print(root.xpath("double(count(//item[@id > 10]))"), root.xpath("//item[@id='7']/@id"))


class Item(etree.ElementBase):
    @property
    def number(self):
        return int(self.get("id", "0")) + 1


lookup = etree.ElementNamespaceClassLookup()
lookup.get_namespace(None)["item"] = Item
parser = etree.XMLParser()
parser.set_element_class_lookup(lookup)
tree = etree.fromstring(etree.tostring(root), parser)
print(sum(e.number for e in tree for _ in range(20)))


class Target:
    def __init__(self):
        self.events = []

    def start(self, tag, attrib):
        self.events.append(("start", tag, dict(attrib)))

    def end(self, tag):
        self.events.append(("end", tag))

    def data(self, text):
        if text == "bad":
            raise ValueError("bad data")

    def close(self):
        return self.events


print(etree.fromstring("<a><b c='1'/>t</a>", etree.XMLParser(target=Target())))
for text in ("<a>bad</a>", "<a><b></a>"):
    try:
        etree.fromstring(text, etree.XMLParser(target=Target()))
    except (ValueError, etree.XMLSyntaxError) as e:
        print(type(e).__name__)
xslt = etree.XSLT(etree.XML('<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/"><o><xsl:value-of select="count(//item)"/></o></xsl:template></xsl:stylesheet>'))
print(str(xslt(root)).strip().splitlines()[-1])
