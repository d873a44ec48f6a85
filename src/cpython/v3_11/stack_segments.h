// C stack for deep recursion. The interpreter alone runs Python calls without C stack, so a program
// may recurse as deep as the limit that it set allows; with the hook and with compiled code every
// call takes some. When a thread's stack runs low, the call continues on a fresh segment.
#pragma once

#include "cpython/v3_11/interpreter.h"

#include <cstdint>

namespace pyston::host {

struct ThreadStack {
    uintptr_t limit; // below it the stack is low; the highest address until the thread is known
    uintptr_t low;
    uintptr_t high;
};
// initial-exec: one instruction to reach, and small enough for the space that dlopen has left.
extern thread_local constinit ThreadStack threadStack __attribute__((tls_model("initial-exec")));

inline bool stackMayBeLow() {
    return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) < threadStack.limit;
}

enum class LowStack : uint8_t {
    kFine,      // after all
    kSegment,   // continue with callOnSegment, at once
    kNoSegment, // segments are not possible, or no memory: run in the interpreter without the hook
};
// To be asked when stackMayBeLow().
LowStack examineStack();

using FrameFunction = PyObject* (*)(PyThreadState*, Frame*, int);
// Calls `function` on a fresh segment.
PyObject* callOnSegment(FrameFunction function, PyThreadState* tstate, Frame* frame, int argument);

} // namespace pyston::host
