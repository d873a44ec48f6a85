// Running frames in the interpreter without the frame evaluation hook.
//
// With a hook the interpreter makes each call of a Python function a call in C, and does not
// specialize calls. A program that calls much, and little of it often enough to be compiled, pays
// for that and gains nothing. So a call that the hook has no use for (isIdle()), of a function that
// was called some times already, is a run without it: the hook is taken away while the call lasts,
// with all that it calls, at the interpreter's own speed. Compiled code is entered from there
// nevertheless (entry_patch.h). One of some such calls is a sample: it runs with the hook, to see
// what has become hot, and what it counts weighs as much more.
//
// Nothing is seen of a run. So one that takes long is interrupted at a tick (ticks.h): the hook
// comes back, and the function does not begin another so soon.
//
// Where ticks find the hot loops, any call begins a run, which need not end with it: it goes on
// while the innermost frame of which we are told when it returns (Activation) is there. A tick
// interrupts it for a sample of some hundred calls, after which it is resumed, and has the frames
// that it finds in loops adopted (adoption.h). So a program of which nothing is compiled runs as
// without us nearly all of the time.
//
// Contract: no loop edge is patched (osr.h) of code that has activations which began without the
// hook, since nobody would see the interpreter stop. In a run, that is code whose start was not
// patched since before the run began. The frames of a run have ended when it ends, but generators'
// (whose resumes we see); where it is interrupted, their code's loops are left alone until then.
// Where other threads have some, or a switch to another greenlet leaves some, they are for ever.
#pragma once

#include "cpython/v3_11/code_data.h"

namespace pyston::host {

// The interpreter whose hook is taken away for a run, if any.
extern PyInterpreterState* unhookedInterpreter;

void prepareUnhookedRuns();
// Makes a call at its start (not linked), idle and counted, of a function that may unhook.
PyObject* runUnhooked(PyThreadState* tstate, Frame* frame);
// Makes a call at its start (not linked) that is in no sample. Where runs last it begins one: the
// next tick sees what it does, if it is still there.
PyObject* runUnseen(PyThreadState* tstate, Frame* frame);
// A switch to another greenlet: the hook comes back at once, while what began without it goes on
// later.
void noticeSwitch();
// The run that is underway without the hook, if any. The number stays a run's own for ever.
extern uint32_t currentRun;

// A frame that interpretSeen() runs, while it does.
struct Activation {
    const Frame* frame;
    Activation* outer; // of this thread
    uint32_t run = 0;  // that lasts while the frame is there, or did so until it was interrupted
};
struct Interpreted {
    PyObject* result;
    LoopEdge*
        edge; // at which the interpreter was stopped (osr.h); null: it returned, yielded or raised
};
// Runs a frame in the interpreter, up to the first loop edge at which it is stopped.
Interpreted interpretSeen(PyThreadState* tstate, Frame* frame, int throwflag);
// Do all activations of the code that are there, or will come for now, run under continueFrame()?
bool seesActivations(const HostCode* data);
// The hook is uninstalled: a run that is underway goes on without.
void forgetUnhookedRun();
// Has the run that is underway been so at the last call of this, too? Then it is interrupted.
bool interruptLongRun(PyThreadState* tstate);
// Interrupts the run that is underway, if it is one that lasts. The loops of the innermost
// functions are watched in their next iteration or call.
bool interruptLastingRun(PyThreadState* tstate);
// Does that only, and lets the run go on until then.
void awaitLoops(PyThreadState* tstate);
// A call of this function is about to be interpreted whose loops are to be watched.
void noticeAwaitedCall(PyThreadState* tstate, HostCode* data);

// The current frame is being adopted (adoption.h).
void noticeAdopted(PyThreadState* tstate, HostCode* data);

// For want of C stack, where there is no other to go to: without the hook the interpreter needs
// none. From the first time on no loops are watched, since frames exist that we cannot see, and no
// compiled code is entered by the interpreter, for which there is no stack.
PyObject* runOnLowStack(PyThreadState* tstate, Frame* frame, int throwflag);
// Is the hook taken away for that?
extern bool hookIsOffForStack;

} // namespace pyston::host
