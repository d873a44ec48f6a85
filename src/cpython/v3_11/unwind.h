// Finding the handler of an exception in a frame that the interpreter is not running.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

enum class Unwound : uint8_t {
    kHandled, // the frame is set to its handler, the exception is on its stack
    kThrow,   // the thread is traced: the interpreter must do it (throwflag)
    kReturn,  // no handler: the stack is empty, the exception still set
};

// An exception is set; the frame (not linked, its stacktop valid) stands at the raising
// instruction. `lookupOffset` is the byte offset that decides on the handler: not always the
// instruction's, since the interpreter looks before the target when a loop edge raises.
// `traceback`: whether the frame gets an entry in the traceback.
Unwound unwindFrame(PyThreadState* tstate, Frame* frame, int lookupOffset, bool traceback);

} // namespace pyston::host
