#include "cpython/v3_11/unhooked.h"

#include "cpython/v3_11/entry_patch.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/greenlets.h"
#include "cpython/v3_11/osr.h"
#include "runtime/policy.h"

#include <utility>

namespace pyston::host {

PyInterpreterState* unhookedInterpreter = nullptr;

namespace {

// One call of so many on average runs with the hook, and weighs as many.
constexpr uint32_t kSampled = 16;

bool sampling = false;

bool isOnlyThread(PyThreadState* tstate) {
    return tstate->next == nullptr && tstate->interp->threads.head == tstate;
}

// At random, so that it does not go in step with the program.
bool isSampled() {
    static uint32_t left = kSampled;
    static uint32_t random = 1;
    if (--left != 0)
        return false;
    random = random * 1664525 + 1013904223; // Numerical Recipes
    left = 1 + (random >> 16) % (2 * kSampled - 1);
    return true;
}

PyObject* runSample(PyThreadState* tstate, Frame* frame) {
    sampling = true;
    runtime::callWeight = kSampled;
    PyObject* result = continueFrame(tstate, frame, 0);
    runtime::callWeight = 1;
    sampling = false;
    return result;
}

Frame* outermost = nullptr; // of the frames that run without the hook

void takeHookAway(PyThreadState* tstate, Frame* frame) {
    ++runtime::statistics().unhookedCalls;
    liftLoopPatches(tstate);
    outermost = frame;
    unhookedInterpreter = tstate->interp;
    tstate->interp->eval_frame = nullptr;
}

// Unless it was uninstalled, or someone else came.
void putHookBack(PyThreadState* tstate) {
    if (!isOnlyThread(tstate))
        markFramesOfOthers(tstate);
    if (std::exchange(unhookedInterpreter, nullptr) != tstate->interp ||
        tstate->interp->eval_frame != nullptr)
        return;
    tstate->interp->eval_frame = evalFrame;
    putLoopPatches();
}

bool isOnStack(const PyThreadState* tstate, const Frame* wanted) {
    const Frame* frame = tstate->cframe->current_frame;
    while (frame != nullptr && frame != wanted)
        frame = frame->previous;
    return frame != nullptr;
}

} // namespace

PyObject* runUnhooked(PyThreadState* tstate, Frame* frame) {
    if (sampling || tstate->interp->eval_frame != evalFrame || !isOnlyThread(tstate) ||
        !noticesSwitches(tstate))
        return continueFrame(tstate, frame, 0);
    if (isSampled())
        return runSample(tstate, frame);
    takeHookAway(tstate, frame);
    PyObject* result = interpretFrame(tstate, frame, 0);
    if (unhookedInterpreter != nullptr) {
        // The greenlet package may have come, and have switched unnoticed.
        if (!noticesSwitches(tstate))
            forbidWatching();
        putHookBack(tstate);
    }
    return result;
}

void endUnhooked() {
    PyThreadState* tstate = _PyThreadState_GET();
    if (unhookedInterpreter != tstate->interp)
        return;
    markFramesOf(tstate);
    // A greenlet that dies is switched to, and we are not told.
    if (!isOnStack(tstate, outermost))
        forbidWatching();
    putHookBack(tstate);
}

// With greenlets about. Loops are not watched from then on, since frames now exist that we cannot
// see; and no compiled code is entered, for which there is no stack.
PyObject* runUnhookedForGood(PyThreadState* tstate, Frame* frame, int throwflag) {
    PyInterpreterState* interp = tstate->interp;
    const bool wasHooked = interp->eval_frame == evalFrame;
    static bool isFirst = true;
    if (std::exchange(isFirst, false)) {
        forbidWatching();
        forbidEntryPatches();
    }
    interp->eval_frame = nullptr;
    PyObject* result = _PyEval_EvalFrameDefault(tstate, frame, throwflag);
    if (wasHooked)
        interp->eval_frame = evalFrame;
    return result;
}

} // namespace pyston::host
