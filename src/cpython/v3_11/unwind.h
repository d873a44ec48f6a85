// Finding the handler of an exception in a frame that the interpreter is not running.
#pragma once

#include "cpython/v3_11/interpreter.h"
#include "exits/exit_table.h"

namespace pyston::host {

// An exception is set; the frame (not linked, its stacktop valid) stands at the raising
// instruction. True: the frame is set to its handler, the exception is on its stack. False: it has
// none, its stack is empty, the exception is still set.
//
// `lookupOffset` is the byte offset that decides on the handler: not always the instruction's,
// since the interpreter looks before the target when a loop edge raises. `raisedHere`: the frame
// gets an entry in the traceback, and trace functions are told; not so for exceptions that are
// raised again.
//
// Why not let the interpreter do it (throwflag)? It takes that for generator.throw(). Where the
// thread is traced it does (traced_positions.h).
bool unwindFrame(PyThreadState* tstate, Frame* frame, int lookupOffset, bool raisedHere);

// The same in two steps: finds the handler only once for an instruction that raises often.
exits::Unwinding findUnwinding(PyCodeObject* code, int lookupOffset);
bool unwindFrame(PyThreadState* tstate, Frame* frame, const exits::Unwinding& unwinding,
                 bool raisedHere);

// Tells the trace function, if there is one, of the exception that is set. One that it raises
// replaces that.
void traceException(PyThreadState* tstate);

} // namespace pyston::host
