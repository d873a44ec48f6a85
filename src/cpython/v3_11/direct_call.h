// Calls of Python functions that need no argument processing.
#pragma once

#include "cpython/v3_11/interpreter.h"
#include "runtime/code_data.h"
#include "support/fwd.h"

#include <cstdint>

namespace pyston::host {

// Calls `function`, whose code is that of `data`, with exactly co_argcount positional arguments,
// which it steals; the code has no *args, no **kwargs, no keyword-only arguments. Runs compiled
// code if there is any that may be entered, else the interpreter; a generator function's call makes
// the generator. Returns a new reference or NULL with an exception set.
Object* callDirect(ThreadState* tstate, runtime::CodeData* data, Object* function,
                   Object** stolenArgs, int64_t count);

// The vectorcall of functions that have been called under the hook: those with simple parameters
// (hasSimpleParameters()), and the others.
PyObject* vectorcallFunction(PyObject* callable, PyObject* const* args, size_t nargsf,
                             PyObject* kwnames);
PyObject* vectorcallAny(PyObject* callable, PyObject* const* args, size_t nargsf,
                        PyObject* kwnames);

// Calls an instance of exactly PyFunction_Type whose vectorcall is the first of these, with
// arguments that it steals, the last of them by keyword. False, and nothing has happened, when the
// arguments need more than moving them to their places.
bool tryCallStealing(PyThreadState* tstate, PyObject* callable, PyObject** args, int64_t count,
                     PyObject* kwnames, PyObject** result);

} // namespace pyston::host
