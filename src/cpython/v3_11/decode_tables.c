// The interpreter does not export these tables, and their header defines them as C only.
#define Py_BUILD_CORE_MODULE 1
#define NEED_OPCODE_TABLES
#include <Python.h>

#pragma GCC diagnostic ignored "-Wunused-variable"
#include "pycore_opcode.h"
