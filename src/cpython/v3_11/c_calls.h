// Calls of builtins as the interpreter makes them once it has specialized the call. It then calls
// the C function by its own signature, which counts no level of recursion where the general call
// does: programs see that in the depth and the message of a RecursionError.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Stands for no result at all. (An optional pointer is returned through memory, in parts that the
// caller reads as one: it took longer than the rest of the call.)
inline PyObject* notCalled() {
    return reinterpret_cast<PyObject*>(uintptr_t{1});
}

// notCalled() if `callable` is not such a builtin, not called in such a way, or if the running code
// is too cold to have been specialized (it was compiled on request). `args` are borrowed.
PyObject* callBuiltinDirectly(PyThreadState* tstate, PyObject* callable, PyObject* const* args,
                              Py_ssize_t positional, PyObject* kwnames);

} // namespace pyston::host
