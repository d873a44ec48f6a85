// The interpreter's static rows of builtin functions, through which all their objects call: what is
// overwritten there is noticed whoever calls.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// The row of a module's function that is built in, with these flags; else null. (The module must be
// loaded.)
PyMethodDef* builtinRow(const char* module, const char* name, int flags);

} // namespace pyston::host
