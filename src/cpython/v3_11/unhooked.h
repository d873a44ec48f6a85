// Running frames in the interpreter without the frame evaluation hook.
//
// With a hook the interpreter makes each call of a Python function a call in C, and does not
// specialize calls. A program that calls much, and little of it often enough to be compiled, pays
// for that and gains nothing. So a call that the hook has no use for (isIdle()), of a function that
// was called some times already, runs with the hook taken away, with all that it calls: at the
// interpreter's own speed. Compiled code is entered from there nevertheless (entry_patch.h). One of
// some such calls runs with the hook, to see what has become hot; what it counts weighs as much
// more.
//
// Contract: while there is no hook no loop edge is patched (osr.h), since nobody would see the
// interpreter stop; and when the hook is back no frame is left that began without it, but
// generators' (whose resumes we see). Where other threads have some, or a switch to another
// greenlet leaves some, their code's loops are never patched again.
#pragma once

#include "cpython/v3_11/code_data.h"

namespace pyston::host {

// The interpreter whose hook is taken away for the moment, if any.
extern PyInterpreterState* unhookedInterpreter;

// Runs a call at its start (not linked), idle and counted, of a function that unhooks.
PyObject* runUnhooked(PyThreadState* tstate, Frame* frame);
// A switch to another greenlet: the hook comes back at once, while what began without it goes on
// later.
void endUnhooked();
// For want of C stack, where there is no other to go to; the interpreter alone needs none.
PyObject* runUnhookedForGood(PyThreadState* tstate, Frame* frame, int throwflag);

} // namespace pyston::host
