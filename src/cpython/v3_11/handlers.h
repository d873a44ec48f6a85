// Where an exception is handled: in compiled code if the handler is an entry, else in the
// interpreter.
#pragma once

#include "cpython/v3_11/code_data.h"

namespace pyston::host {

// The frame (not linked) was unwound to the handler of `unwinding`: continues there, and returns
// what the frame returns.
PyObject* continueAtHandler(PyThreadState* tstate, Frame* frame, const exits::Unwinding& unwinding);

// Raises the exception that is set in a suspended generator's frame (not linked), as the
// interpreter does when it is given a throwflag.
bool mayThrowInto(PyThreadState* tstate, const HostCode* data, const Frame* frame);
PyObject* throwInto(PyThreadState* tstate, HostCode* data, Frame* frame);

} // namespace pyston::host
