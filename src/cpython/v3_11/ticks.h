// What is looked after every few milliseconds, on the main thread, while a program runs in the
// interpreter: runs without the hook that last (unhooked.h), and loops that are hot.
//
// A tick also interrupts a run that lasts, for a sample; not each tick where that is in vain.
//
// Whose loops run at a tick is likely to spend time in them. They are watched (osr.h) for a few
// iterations, which tell how often they run.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

void prepareTicks();
// False if there will be none.
bool wantTicks();
// Are the loops that this thread runs found at ticks, so that they need not be watched otherwise?
bool samplesLoopsOf(const PyThreadState* tstate);
// Loops were to be looked at, but while the hook is away nothing can be patched.
extern bool looksAtLoopsNext;
// Then does so, unless an exception is set.
void lookAtLoops(PyThreadState* tstate);
// For how many nanoseconds what is found now, in a run without the hook, stands.
uint64_t timeAdoptedFor();
// The interpreter ends.
void endTicks();

} // namespace pyston::host
