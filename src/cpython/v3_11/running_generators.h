// Questions about generators that run.
//
// For what a generator waits the interpreter finds out (_PyGen_yf() in genobject.c) by the unit
// after the instruction at which its frame stands: a RESUME of a `yield from` or `await`. It does
// not ask whether the generator runs. One that does stands at a call, nearly always; what comes
// after that is the counter of the instruction's inline cache, which may look like such a RESUME,
// and then something is taken for an object that is none. Calls that cannot be specialized have
// counters that do at times, and under the hook those are all calls of Python functions.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Lets the functions that ask (`gi_yieldfrom`, `cr_await`, `ag_await`, `close()`, `throw()`) ask
// here first.
void prepareRunningGenerators();

} // namespace pyston::host
