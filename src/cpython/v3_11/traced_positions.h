// Where a frame has to stand, when the interpreter goes on with it and tracing has begun meanwhile,
// so that the trace function is told what it is told under stock.
//
// The interpreter takes the instruction before the next one for the last that ran: it tells of a
// new line when the two differ in their lines, or when what ran last lies behind. That is not so
// after a jump, nor at a handler.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// The frame (not linked, its stacktop valid) has passed the jump at `jumpOffset`: stands at its
// target, or, if the trace function would be told something else then, before the jump, which is
// repeated without tracing, and begins it.
void standAtTarget(PyThreadState* tstate, Frame* frame, int jumpOffset, int target);
// Whether an instruction asks nothing but whether its operand is true, and may be repeated with the
// answer on the stack; lets the one on top begin tracing.
bool repeatsTest(int opcode);
void answerUntraced(PyThreadState* tstate, Frame* frame);

// An exception is set, and was not told of. Is it the interpreter's to unwind the frame, which
// stands at the instruction that raised? `handler` is that of ours, or -1.
bool isInterpretersToUnwind(PyThreadState* tstate, const Frame* frame, int handler);
// Does not tell of a call, as the interpreter does when an exception is thrown into a generator.
PyObject* continueRaising(PyThreadState* tstate, Frame* frame);

} // namespace pyston::host
