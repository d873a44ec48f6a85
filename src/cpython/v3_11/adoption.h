// Adopting frames that run out of our sight.
//
// What runs without the hook (unhooked.h) is inlined by the interpreter into frames of which we
// know nothing, and none of its loops could be entered in compiled code before its next call. A
// program whose main function is called once would never be. So a frame that a tick finds in a loop
// is taken out of the interpreter's hands when it comes by the head of that loop (taken_frame.h),
// and goes on under continueFrame(), where its loops can be watched and entered (osr.h).
//
// The patch stands until the next frame of that code comes by, whichever that is, or until the next
// tick.
#pragma once

#include "cpython/v3_11/taken_frame.h"

namespace pyston::host {

struct Adoption {
    TakePatch patch;
    int depth = 0; // of the stack at the head of that loop
};

// Has the frame adopted, or another of its code, when it next comes by the head of the loop in
// which it stands. False if it stands in none, or the loop cannot be patched there.
bool adoptAtLoopHead(const Frame* frame, HostCode* data);
void withdrawAdoption(HostCode* data);
void withdrawAllAdoptions();
// The interpreter executes the patch.
PyObject* adoptTaken(PyThreadState* tstate, HostCode* data);

} // namespace pyston::host
