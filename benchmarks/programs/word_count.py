"""Words of a made-up text: splitting, counting in dicts, sorting with a key, formatting."""

SYLLABLES = "ka to mi ra ne so lu vi de pa ho te gi wa".split()


def numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) % 2147483648
        yield seed >> 8


def make_text(words):
    source = numbers(42)
    lines, line = [], []
    for _ in range(words):
        length = 1 + min(next(source) % 4, next(source) % 4)
        word = "".join(SYLLABLES[next(source) % (3 + length * 2)] for _ in range(length))
        if next(source) % 11 == 0:
            word = word.capitalize() + ","
        line.append(word)
        if len(line) == 12:
            lines.append(" ".join(line) + ".")
            line = []
    return "\n".join(lines)


def count(text):
    counts, lengths, following = {}, {}, {}
    previous = None
    for line in text.splitlines():
        for word in line.split():
            word = word.strip(".,").lower()
            if not word:
                continue
            counts[word] = counts.get(word, 0) + 1
            lengths.setdefault(len(word), set()).add(word)
            if previous is not None:
                pairs = following.setdefault(previous, {})
                pairs[word] = pairs.get(word, 0) + 1
            previous = word
    return counts, lengths, following


text = make_text(90_000)
for _ in range(8):
    counts, lengths, following = count(text)
for word, n in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:12]:
    after = max(following[word].items(), key=lambda item: (item[1], item[0]))
    print(f"{word:<12}{n:>7}  {after[0]:<12}{after[1]:>6}")
print({length: len(words) for length, words in sorted(lengths.items())})
