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

// What then lies on the stack instead, as often as it has references. Nobody looks at it: the
// interpreter drops it after the call. (Programs can count the references to None.)
extern PyObject takenArgument;

// Compiled code gives its references away too. While this lives, `function`, when it is called with
// this array of owned references, may exchange each for one to `takenArgument`. Only the first
// frame that is made for the function does.
class OfferedArguments {
  public:
    OfferedArguments(PyObject* function, PyObject** first, int64_t count);
    ~OfferedArguments();
    OfferedArguments(const OfferedArguments&) = delete;
    OfferedArguments& operator=(const OfferedArguments&) = delete;
};
// Taken or withdrawn before anything but the offered call's own argument processing can run, so
// that one per native thread is enough.
struct Offer {
    PyObject* function = nullptr;
    CallerArguments arguments;
};
extern thread_local constinit Offer currentOffer [[gnu::tls_model("initial-exec")]];
// Takes up the offer, if this is what was offered. `args` may be null: any array.
[[gnu::always_inline]] inline CallerArguments takeOffer(PyObject* function, PyObject* const* args) {
    if (currentOffer.function != function ||
        (args != nullptr && args != currentOffer.arguments.first))
        return {};
    currentOffer.function = nullptr;
    return currentOffer.arguments;
}

// Calls a function with `count` arguments, the last of them by keyword, that are offered to it.
PyObject* callOffering(PyThreadState* tstate, PyObject* function, PyObject** args, int64_t count,
                       size_t nargsf, PyObject* kwnames);

// While such a call's arguments are being processed in a run without the hook (unhooked.h), this
// interpreter has a hook that only takes the offer. The usual one, put back meanwhile, takes it
// too.
bool hasHookForOffer(const PyInterpreterState* interp);

// `frame` (not linked) is at its start and owns its arguments: drops the caller's references to
// them.
void dropCallerArguments(PyThreadState* tstate, Frame* frame);

} // namespace pyston::host
