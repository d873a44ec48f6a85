"""A calculator language: tokenizer, recursive-descent compiler, and a stack machine that runs it."""

SOURCE = """
total = 0; i = 0; last = 1;
while i < 20000 {
  i = i + 1;
  if i % 3 == 0 { total = total + i * 2; } else { total = total - (i / 2) % 7; }
  last = (last * 31 + total) % 65537;
}
"""


def tokens(text):
    position = 0
    while position < len(text):
        character = text[position]
        if character.isspace():
            position += 1
        elif character.isalpha():
            start = position
            while position < len(text) and text[position].isalnum():
                position += 1
            yield "name", text[start:position]
        elif character.isdigit():
            start = position
            while position < len(text) and text[position].isdigit():
                position += 1
            yield "number", int(text[start:position])
        elif text[position : position + 2] == "==":
            yield "sign", "=="
            position += 2
        else:
            yield "sign", character
            position += 1
    yield "end", None


class Compiler:
    LEVELS = [("==", "<"), ("+", "-"), ("*", "/", "%")]

    def __init__(self, text):
        self.tokens = list(tokens(text))
        self.position = 0
        self.code = []

    def take(self):
        token = self.tokens[self.position]
        self.position += 1
        return token

    def peek(self):
        return self.tokens[self.position][1]

    def block(self):
        self.take()
        while self.peek() != "}":
            self.statement()
        self.take()

    def statement(self):
        _, name = self.take()
        if name == "while":
            start = len(self.code)
            self.expression()
            leave = self.emit("unless", None)
            self.block()
            self.emit("jump", start)
            self.code[leave] = ("unless", len(self.code))
        elif name == "if":
            self.expression()
            other = self.emit("unless", None)
            self.block()
            leave = self.emit("jump", None)
            self.code[other] = ("unless", len(self.code))
            if self.peek() == "else":
                self.take()
                self.block()
            self.code[leave] = ("jump", len(self.code))
        else:
            self.take()
            self.expression()
            self.emit("store", name)
            self.take()

    def emit(self, operation, argument):
        self.code.append((operation, argument))
        return len(self.code) - 1

    def expression(self, level=0):
        if level == len(self.LEVELS):
            kind, value = self.take()
            if value == "(":
                self.expression()
                self.take()
            else:
                self.emit("push" if kind == "number" else "load", value)
            return
        self.expression(level + 1)
        while self.peek() in self.LEVELS[level]:
            _, sign = self.take()
            self.expression(level + 1)
            self.emit("binary", sign)

    def program(self):
        while self.peek() is not None:
            self.statement()
        return self.code


BINARY = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "<": lambda a, b: a < b,
    "==": lambda a, b: a == b,
}


def run(code):
    names, stack, counter, steps = {}, [], 0, 0
    while counter < len(code):
        operation, argument = code[counter]
        counter += 1
        steps += 1
        if operation == "push":
            stack.append(argument)
        elif operation == "load":
            stack.append(names[argument])
        elif operation == "store":
            names[argument] = stack.pop()
        elif operation == "binary":
            right = stack.pop()
            stack.append(BINARY[argument](stack.pop(), right))
        elif operation == "jump":
            counter = argument
        elif not stack.pop():
            counter = argument
    return names, steps


code = Compiler(SOURCE).program()
for _ in range(8):
    names, steps = run(code)
print(len(code), steps, names)
