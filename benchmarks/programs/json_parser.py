"""A JSON parser and printer written in Python: strings by the character, recursion, dicts and lists."""

ESCAPES = {"n": "\n", "t": "\t", '"': '"', "\\": "\\", "/": "/", "r": "\r", "b": "\b", "f": "\f"}


class Parser:
    def __init__(self, text):
        self.text = text
        self.position = 0

    def blank(self):
        while self.position < len(self.text) and self.text[self.position] in " \n\t\r":
            self.position += 1

    def expect(self, character):
        if self.text[self.position] != character:
            raise ValueError(f"expected {character!r} at {self.position}")
        self.position += 1

    def value(self):
        self.blank()
        character = self.text[self.position]
        if character == "{":
            return self.mapping()
        if character == "[":
            return self.sequence()
        if character == '"':
            return self.string()
        for word, meaning in (("true", True), ("false", False), ("null", None)):
            if self.text.startswith(word, self.position):
                self.position += len(word)
                return meaning
        return self.number()

    def mapping(self):
        self.expect("{")
        result = {}
        self.blank()
        while self.text[self.position] != "}":
            self.blank()
            key = self.string()
            self.blank()
            self.expect(":")
            result[key] = self.value()
            self.blank()
            if self.text[self.position] == ",":
                self.position += 1
        self.position += 1
        return result

    def sequence(self):
        self.expect("[")
        result = []
        self.blank()
        while self.text[self.position] != "]":
            result.append(self.value())
            self.blank()
            if self.text[self.position] == ",":
                self.position += 1
            self.blank()
        self.position += 1
        return result

    def string(self):
        self.expect('"')
        parts = []
        while True:
            character = self.text[self.position]
            self.position += 1
            if character == '"':
                return "".join(parts)
            if character == "\\":
                parts.append(ESCAPES[self.text[self.position]])
                self.position += 1
            else:
                parts.append(character)

    def number(self):
        start = self.position
        while self.position < len(self.text) and self.text[self.position] in "+-.0123456789eE":
            self.position += 1
        text = self.text[start : self.position]
        if not text:
            raise ValueError(f"unexpected {self.text[start]!r} at {start}")
        return float(text) if "." in text or "e" in text else int(text)


def show(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{show(k)}:{show(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(show, value)) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
    if value is None or value is True or value is False:
        return {None: "null", True: "true", False: "false"}[value]
    return repr(value)


def document(n):
    return {
        "items": [
            {"id": i, "name": f'item "{i}"\n', "price": i * 1.25, "tags": ["a", "b", str(i)], "ok": i % 2 == 0, "none": None}
            for i in range(n)
        ]
    }


text = show(document(3000))
total = 0
for _ in range(8):
    parsed = Parser(text).value()
    again = show(parsed)
    total += sum(item["price"] for item in parsed["items"] if item["ok"])
print(len(text), again == text, total)
try:
    Parser('{"a": ?}').value()
except ValueError as error:
    print(error)
