// Stopping the interpreter at loop edges, so that a loop can continue in compiled code.
//
// The interpreter has no hook for that. While a code object's loops are watched, the instruction at
// each loop edge is overwritten with RETURN_VALUE: the interpreter then returns to us with the
// frame intact, except that the top of its stack was popped as the return value. We do what the
// overwritten instruction does, and continue the frame in compiled code or in the interpreter.
//
// An edge is a backward jump that serves the eval breaker. Where a comparison comes right before a
// conditional jump, the comparison is overwritten instead: the interpreter fuses the two when it
// specializes, and gives up specializing when it sees no jump after the comparison.
//
// Contract: every activation of a patched code object runs under continueFrame() (frame_eval.h),
// since anyone else would take the stop for a return. Activations that we cannot see (running since
// before the hook was installed) are found by markUnseenFrames(). While any thread is traced
// nothing is patched.
#pragma once

#include "cpython/v3_11/code_data.h"

namespace pyston::host {

void findLoopEdges(HostCode* data);

// Looks through patches: the opcode that stands, or stood, at `offset`.
int opcodeAt(const HostCode* data, PyCodeObject* code, int offset);
// The patched edge at `offset`, or null.
LoopEdge* patchedEdge(HostCode* data, int offset);
inline const LoopEdge* patchedEdge(const HostCode* data, int offset) {
    return patchedEdge(const_cast<HostCode*>(data), offset);
}

// Patches if it is allowed and useful.
void watchLoops(HostCode* data);
void unwatchLoops(HostCode* data);
void unwatchAllLoops();
// Watches them for a few iterations, which stand for so many nanoseconds, if they are not watched
// already. False if they cannot be.
bool sampleLoops(HostCode* data, uint64_t nanoseconds);
// Those that were not enough are given up.
void endLoopSamples();
// Nested.
void forbidWatching();
void allowWatching();
bool watchingIsForbidden();

// Before the hook is installed: all frames that run now, in whatever thread, are out of our sight.
void markUnseenFrames();
// The same for frames that the interpreter has inlined into others.
void markInlinedFrames();
// The same for all frames of other threads; of this one, those above `base` (all if that is null).
void markFramesOfOthers(const PyThreadState* tstate);
void markFramesOf(const PyThreadState* tstate, const Frame* base);

// While the hook is taken away for a run (unhooked.h) the loops of code whose activations we would
// not see are not patched: takes these patches away, and puts them back.
void liftLoopPatches(PyThreadState* tstate);
// Before a run that lasts: gives up watching loops that compiled code does not wait to be entered
// at. Then is there nothing to be taken away?
bool watchesNothingElse(PyThreadState* tstate);
void putLoopPatches();

// The edge that the interpreter stopped at when it returned `result` for this frame, or null if it
// really returned, raised or yielded.
LoopEdge* edgeStoppedAt(PyThreadState* tstate, Frame* frame);

// What to do with a frame after an edge.
//
// (Small enough for registers, and without member functions, which would need it in memory: what it
// is returned to goes on by a tail call, or a loop that is left and entered again and again would
// take more and more stack.)
struct EdgeOutcome {
    const runtime::CodeBlob* blob; // set: continue in compiled code, at `entry`
    const void* entry;             // without a blob: null, to go on with the next instruction;
                                   // else an exception is set; &PyExc_BaseException: the frame is
                                   // unwound, return NULL; &PyExc_Exception: raise it
};
inline EdgeOutcome interpretAfterEdge() {
    return {nullptr, nullptr};
}
inline EdgeOutcome raisedAtEdge() {
    return {nullptr, &PyExc_BaseException};
}
inline EdgeOutcome raisingAtEdge() {
    return {nullptr, &PyExc_Exception};
}
EdgeOutcome passEdge(PyThreadState* tstate, Frame* frame, HostCode* data, LoopEdge* edge);

} // namespace pyston::host
