// What launcher.c and preload.c agree on.
#pragma once

// Environment variable from launcher.c to preload.c, taken away before Python reads the
// environment:
//   ('=' | '-') DESCRIPTOR '\n' EXECUTABLE '\n' LIBRARY '\n' LD_PRELOAD
#define PYSTON_HANDOVER "PYSTON_LAUNCHER_HANDOVER"

#ifndef PYSTON_PYTHON
#define PYSTON_PYTHON "/usr/bin/python3.11"
#endif
#ifndef PYSTON_EXTENSION
#define PYSTON_EXTENSION "_pyston.cpython-311-x86_64-linux-gnu.so"
#endif
