# Debian's coverage package: line and branch data of hot code.
import os
import sys
import coverage

source = '''
def classify(n):
    if n < 0:
        return "negative"
    for d in range(2, n):
        if n % d == 0:
            break
    else:
        return "prime"
    if n > 1000:
        return "never"
    return "composite"

class K:
    def used(self):
        return [classify(i) for i in range(2, 40)]
    def unused(self):
        return None

def run():
    return K().used()
'''
with open("measured.py", "w") as f:
    f.write(source)
sys.path.insert(0, os.getcwd())
import measured

for _ in range(60):
    measured.run()
for branch in (False, True):
    cov = coverage.Coverage(branch=branch, data_file=None, include=["*measured.py"], config_file=False)
    cov.start()
    measured.run()
    cov.stop()
    data = cov.get_data()
    name = [f for f in data.measured_files() if f.endswith("measured.py")][0]
    print(sorted(data.lines(name)))
    if branch:
        print(sorted(data.arcs(name)))
print(len(measured.run()))
