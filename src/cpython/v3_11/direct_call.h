// Calls of Python functions that need no argument processing.
#pragma once

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

} // namespace pyston::host
