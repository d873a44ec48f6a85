// The one call that the interpreter inlines even with a frame evaluation hook: `container[key]`
// where the class has a Python __getitem__ (BINARY_SUBSCR_GETITEM).
//
// Such activations are out of our sight, and must not exist for code whose loops are watched
// (osr.h). The interpreter specializes so only for functions whose version fits in 16 bits. So use
// up those versions, and take them away from the functions that have one. At the start there are
// hardly any: later the program's calls, which check versions too, would be specialized anew, which
// took 2 % of the time of a program that ends within half a second.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

inline bool mayBeInlinedAsGetItem(const PyCodeObject* code) {
    constexpr int kRefused = CO_VARARGS | CO_VARKEYWORDS;
    return code->co_argcount == 2 && code->co_kwonlyargcount == 0 &&
           (code->co_flags & CO_OPTIMIZED) != 0 && (code->co_flags & kRefused) == 0;
}

// Takes half a million instructions the first time, more where the program has run for long.
// False when it did not succeed. No exception may be set.
bool preventGetItemInlining();

} // namespace pyston::host
