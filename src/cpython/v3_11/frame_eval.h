// The frame evaluation hook, and how frames enter compiled code.
#pragma once

#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/quicken.h"
#include "cpython/v3_11/stack_segments.h"
#include "cpython/v3_11/ticks.h"
#include "cpython/v3_11/tracing.h"
#include "cpython/v3_11/unhooked.h"

namespace pyston::host {

// Runs a frame (not linked) in the interpreter from where it stands until it returns, yields or
// raises; goes over to compiled code at loop edges. `throwflag`: an exception is set, to be raised
// there.
inline PyObject* continueFrame(PyThreadState* tstate, Frame* frame, int throwflag);
// The same after the interpreter was stopped at a loop edge.
PyObject* continueStopped(PyThreadState* tstate, Frame* frame, LoopEdge* edge);

// May a call of `code`, at its start, go to continueFrame() at once? (Count it then.)
inline bool mayRunIdle(const PyCodeObject* code) {
    return isIdle(code) && !tracingSeen && !stackMayBeLow();
}

// Most code of a program runs a few times only: of what the interpreter has not even specialized
// nothing is kept, if nothing is decided about it so early, and its loops are found when they run
// for long. Null then, too.
inline HostCode* hostCodeIfWarm(const PyThreadState* tstate, PyCodeObject* code) {
    HostCode* data = findHostCode(code);
    if (data != nullptr)
        return data;
    const bool canWait = !runtime::decidesAfter(kRunsUntilWarm) && samplesLoopsOf(tstate);
    return isWarm(code) || !canWait ? hostCode(code) : nullptr;
}

// Is a call or resume of this code all the interpreter's, while there is no hook? (Not counted.)
inline bool isInterpreters(const PyCodeObject* code) {
    return unhookedInterpreter != nullptr && isIdle(code) && !stackMayBeLow();
}

// A call comes by way of the hook: if the code could not be patched where it is entered, that is
// tried again after some of these.
inline void patchEntryLater(HostCode* data) {
    if (data->nativeFunction != nullptr && data->entryPatch.wasRefused()) [[unlikely]]
        countRefused(data);
}

// May a call of this code, at its start, go to its compiled code at once?
inline bool mayEnter(const PyThreadState* tstate, const HostCode* data) {
    return data->nativeFunction != nullptr && !tstate->cframe->use_tracing && !stackMayBeLow();
}

// The hook itself.
PyObject* evalFrame(PyThreadState* tstate, Frame* frame, int throwflag);
// Is it ours to decide how this interpreter's frames are run?
inline bool isInCharge(const PyThreadState* tstate) {
    return tstate->interp->eval_frame == evalFrame || tstate->interp == unhookedInterpreter;
}
// What the hook does with a frame whose arguments are its own: runs it, on another C stack if this
// one is low.
PyObject* evalWithStack(PyThreadState* tstate, Frame* frame, int throwflag);

[[gnu::always_inline]] inline PyObject* continueFrame(PyThreadState* tstate, Frame* frame,
                                                      int throwflag) {
    const auto [result, edge] = interpretSeen(tstate, frame, throwflag);
    if (edge == nullptr) [[likely]]
        return result;
    return continueStopped(tstate, frame, edge);
}

// Runs a call or resume for which mayRunIdle() holds, and counts it.
[[gnu::always_inline]] inline PyObject* runIdleCall(PyThreadState* tstate, Frame* frame) {
    PyCodeObject* code = frame->f_code;
    countIdleCall(code);
    return unhooks(code) ? runUnhooked(tstate, frame) : continueFrame(tstate, frame, 0);
}

// The stacktop of a frame that runs in compiled code. As with the interpreter's -1 nobody may look
// at its stack, which is not even in memory.
inline constexpr int kInNative = -2;

inline void linkNativeFrame(PyThreadState* tstate, Frame* frame) {
    frame->previous = tstate->cframe->current_frame;
    frame->stacktop = kInNative;
    frame->is_entry = true;
    tstate->cframe->current_frame = frame;
}

// The frame is linked.
inline PyObject* callNative(PyThreadState* tstate, Frame* frame, runtime::NativeEntry native) {
    using Native = PyObject* (*)(PyThreadState*, Frame*, const void*);
    return reinterpret_cast<Native>(reinterpret_cast<uintptr_t>(native.function))(tstate, frame,
                                                                                  native.entry);
}

// Links the frame and runs compiled code from `entry`.
inline PyObject* enterNative(PyThreadState* tstate, Frame* frame, const void* function,
                             const void* entry) {
    linkNativeFrame(tstate, frame);
    return callNative(tstate, frame, {function, entry});
}

// Where mayEnter() allows it.
inline PyObject* enterAtStart(PyThreadState* tstate, const HostCode* data, Frame* frame) {
    warmUp(frame->f_code);
    return enterNative(tstate, frame, data->nativeFunction, data->nativeEntry);
}

// Code whose calls make neither a tuple nor a dict.
inline bool mayCallDirectly(const PyCodeObject* code) {
    constexpr int kNeeded = CO_OPTIMIZED | CO_NEWLOCALS;
    constexpr int kRefused = CO_VARARGS | CO_VARKEYWORDS;
    return (code->co_flags & (kNeeded | kRefused)) == kNeeded;
}

// Code whose calls need no argument processing besides defaults: see direct_call.h.
inline bool hasSimpleParameters(const PyCodeObject* code) {
    return mayCallDirectly(code) && code->co_kwonlyargcount == 0;
}

} // namespace pyston::host
