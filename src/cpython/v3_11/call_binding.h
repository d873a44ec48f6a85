// Which argument of a call each parameter of a Python function gets.
#pragma once

#include "cpython/v3_11/interpreter.h"

#include <cstdint>

namespace pyston::host {

constexpr int64_t kMaxMatched = 32;
struct Matched {
    int8_t argument[kMaxMatched]; // by parameter; -1: the default
};

// Of `count` arguments, the last of them named by `kwnames` (may be null), for a function without
// *args and **kwargs. False if they do not fit, if only a comparison of names could tell, or if a
// default of a keyword-only parameter is wanted.
bool matchArguments(const PyFunctionObject* function, int64_t count, PyObject* kwnames,
                    Matched* out);

} // namespace pyston::host
