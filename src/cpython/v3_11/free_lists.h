// The memory of functions and generators that died, for new ones: a comprehension, a generator
// expression or a coroutine needs one each time it is run.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// From now on they are freed by our own tp_dealloc / by the interpreter's again.
void takeDeallocs();
void giveBackDeallocs();

// What PyFunction_New() does.
PyFunctionObject* makeFunction(PyThreadState* tstate, PyObject* code, PyObject* globals);

// New and untracked, its fields not set. NULL with an exception set when out of memory.
PyGenObject* newGeneratorObject(PyThreadState* tstate, PyTypeObject* type, Py_ssize_t slots);

} // namespace pyston::host
