// What the interpreter serves at loop edges and after calls.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

inline bool evalBreakerIsSet(PyThreadState* tstate) {
    return _Py_atomic_load_relaxed(&tstate->interp->ceval.eval_breaker) != 0;
}

// Before the first callSoon(), and before any thread forks.
void preparePendingCalls();

// Signals, pending calls, GIL drop requests, asynchronous exceptions, in this order. The frame on
// whose behalf it is done must be linked. 0, or -1 with an exception set.
int handlePending(ThreadState* tstate);

} // namespace pyston::host
