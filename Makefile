# Thin: CMake and Ninja build, this file says what to call. Each target installs what it needs from
# Debian's packages (as root or with sudo) when it is missing.
#
#   make           set-up, build, and .venv with Pyston in it
#   make run       a few programs under stock python3.11 and under Pyston, side by side
#   make test      everything but the whole of CPython's suite (make test-cpython)
#   make projects  other people's tests, from PyPI, under both (NAME=attrs: one of them)
#   make bench     the pyperformance programs (after `make bench-setup`, which downloads them)
#   make fuzz      random programs under both, for MINUTES (10) in JOBS processes, from where it ended
#   make lint      layering, formatting        make format    reformat
#   make asan      the tests with AddressSanitizer and UBSan in the core      make tsan    ThreadSanitizer
#   make fuzz-ir   the compiler's inputs under libFuzzer (needs clang)

PYTHON := /usr/bin/python3.11
CMAKE  := /usr/bin/cmake
NINJA  := /usr/bin/ninja
BUILD  := build
VENV   := .venv
JOBS   ?= $(shell nproc)
TYPE   ?= RelWithDebInfo

# What Python's own variables say in the caller's shell must not change what is built or measured.
unexport PYTHONHOME PYTHONPATH PYTHONSTARTUP DISABLE_PYSTON

.PHONY: all setup build venv run test test-cpython test-stress stress leaks projects compile-everything fuzz fuzz-ir lint format bench bench-setup asan tsan clean

all: venv

setup:
	@packaging/install-dependencies

build: setup
	@test -f $(BUILD)/build.ninja || $(CMAKE) -S . -B $(BUILD) -G Ninja \
	    -DCMAKE_MAKE_PROGRAM=$(NINJA) -DCMAKE_BUILD_TYPE=$(TYPE)
	@$(NINJA) -C $(BUILD) -j $(JOBS)

$(VENV)/bin/python:
	$(PYTHON) -m venv --system-site-packages $(VENV)

venv: build $(VENV)/bin/python
	@$(PYTHON) -I packaging/install_into_venv.py --build $(BUILD) $(VENV)

run: venv
	@$(PYTHON) benchmarks/run_programs.py

test: venv
	@$(PYTHON) tests/run.py --build $(BUILD)

test-cpython: venv
	@$(PYTHON) tests/cpython/run_suite.py --mode default

# Downloads from PyPI what is not in build/projects yet.
projects: venv
	@$(PYTHON) tests/projects/run.py --build $(BUILD) $(NAME)

# Every code object of the standard library and the installed packages.
compile-everything: venv
	@$(PYTHON) tests/compile_everything.py

fuzz: venv
	@$(PYTHON) tests/fuzz/run.py --resume --minutes $(or $(MINUTES),10) --jobs $(JOBS)

test-stress: venv
	@$(PYTHON) tests/cpython/run_suite.py --mode compile-all --mode stress --selection tests/cpython/core.txt

# The stress tests of `make test`, for as long as it takes: ten minutes of threads, all thresholds.
stress: venv
	@PYSTON_STRESS_LENGTH=75 $(PYTHON) -m pytest -q tests/stress

# `python -m test -R` over the core of CPython's suite.
leaks: venv
	@$(PYTHON) tests/cpython/run_leaks.py

lint: setup
	@$(PYTHON) tools/lint.py

format: setup
	@$(PYTHON) tools/lint.py --fix

bench: venv
	@$(PYTHON) benchmarks/run.py

# The suite is not a Debian package: this is the one target that downloads (from PyPI).
bench-setup: venv
	@$(PYTHON) -m venv --system-site-packages $(BUILD)/bench-venv
	@$(BUILD)/bench-venv/bin/pip install --quiet -r benchmarks/requirements.txt

asan: SANITIZERS := address,undefined
tsan: SANITIZERS := thread
# ThreadSanitizer has fixed places for its memory, where a random layout of the process may have put something else.
tsan: RUN := setarch -R
asan tsan: setup
	@test -f $(BUILD)-$@/build.ninja || $(CMAKE) -S . -B $(BUILD)-$@ -G Ninja \
	    -DCMAKE_MAKE_PROGRAM=$(NINJA) -DCMAKE_BUILD_TYPE=RelWithDebInfo \
	    -DPYSTON_SANITIZE=$(SANITIZERS)
	@$(RUN) $(NINJA) -C $(BUILD)-$@ -j $(JOBS)
	@test -x $(BUILD)-$@/venv/bin/python || $(PYTHON) -m venv --system-site-packages $(BUILD)-$@/venv
	@$(PYTHON) -I packaging/install_into_venv.py --build $(BUILD)-$@ $(BUILD)-$@/venv
	@$(RUN) $(PYTHON) tests/run.py --build $(BUILD)-$@ --venv $(BUILD)-$@/venv --sanitize

# Debian's clang 14 does not understand Debian's C++ library.
FUZZ_CXX ?= $(firstword $(wildcard $(foreach version,21 20 19 18 17 16,/usr/bin/clang++-$(version))))
FUZZ_SECONDS ?= 300

fuzz-ir: setup
ifeq ($(FUZZ_CXX),)
	@echo "make fuzz-ir needs clang 16 or newer with libFuzzer (Debian's clang-16 and libclang-rt-16-dev), which is not installed." >&2; exit 1
else
	@test -f $(BUILD)-fuzz/build.ninja || $(CMAKE) -S . -B $(BUILD)-fuzz -G Ninja \
	    -DCMAKE_MAKE_PROGRAM=$(NINJA) -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG="-O1 -g" \
	    -DCMAKE_CXX_COMPILER=$(FUZZ_CXX) -DCMAKE_C_COMPILER=$(subst ++,,$(FUZZ_CXX)) \
	    -DPYSTON_SANITIZE=address,undefined -DPYSTON_FUZZ=ON
	@$(NINJA) -C $(BUILD)-fuzz -j $(JOBS) pyston_fuzz_hir pyston_fuzz_lir
	@$(PYTHON) tests/fuzz_ir/run.py --build $(BUILD)-fuzz --seconds $(FUZZ_SECONDS)
endif

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-tsan $(BUILD)-fuzz $(VENV)
