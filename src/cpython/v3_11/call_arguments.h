// When arguments die.
//
// Without a hook the interpreter inlines a call of a Python function: it moves the arguments from
// its stack into the new frame, so that the callee can drop the last reference to one. With a hook
// its CALL makes a vectorcall, and keeps its references until the call is over. Programs see the
// difference (finalizers, weak references, memory), so we take the references off its stack.
#pragma once

#include "cpython/v3_11/code_data.h"

namespace pyston::host {

// The arguments of the CALL by which the interpreter, running the current frame, is calling
// `function` at this moment: first one and their number. Null when the call comes from anywhere
// else.
struct CallerArguments {
    PyObject** first = nullptr;
    int count = 0;
};
CallerArguments callerArguments(PyThreadState* tstate, PyObject* function);

// `frame` (not linked) is at its start and owns its arguments: drops the caller's references to
// them.
void dropCallerArguments(PyThreadState* tstate, Frame* frame);

} // namespace pyston::host
