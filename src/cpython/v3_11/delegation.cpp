// A generator that waits for another one does nothing when it is resumed but to resume that one,
// and to hand on what it yields. All that can be seen of it meanwhile is that it is running: its
// frame is linked, its locals are in the frame's memory, and it stands at its SEND. So the waiting
// generators of a chain are linked one after the other, the innermost alone is run, and if it
// yields they are all suspended again. Only a generator whose own turn it is, because the one that
// it waited for has returned or raised, runs.
#include "cpython/v3_11/delegation.h"

#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/handlers.h"
#include "cpython/v3_11/helpers_support.h"
#include "cpython/v3_11/unwind.h"

#include <cstddef>
#include <utility>

namespace pyston::host {
namespace {

PyGenObject* generatorOf(Frame* frame) {
    return reinterpret_cast<PyGenObject*>(reinterpret_cast<char*>(frame) -
                                          offsetof(PyGenObject, gi_iframe));
}

// What a frame's stacktop says while it waits (see waitingStackTop) is how deep its stack is.
int stackDepth(const Frame* frame) {
    return kInNative - frame->stacktop;
}
PyObject*& receiverOf(Frame* frame) {
    return frame->localsplus[stackDepth(frame) - 1];
}

// The generator that `receiver` is, if it is waiting itself and can be linked.
PyGenObject* waitingGenerator(PyThreadState* tstate, PyObject* receiver) {
    if (!PyGen_CheckExact(receiver) && !PyCoro_CheckExact(receiver))
        return nullptr;
    auto* generator = reinterpret_cast<PyGenObject*>(receiver);
    bool waits = generator->gi_frame_state == FRAME_SUSPENDED &&
                 isDelegating(reinterpret_cast<Frame*>(generator->gi_iframe)) &&
                 tstate->recursion_remaining > 0;
    return waits ? generator : nullptr;
}

// Links the frames of all generators that wait, from `frame` inwards; the innermost.
Frame* linkWaiting(PyThreadState* tstate, Frame* frame) {
    for (;;) {
        --tstate->recursion_remaining;
        PyGenObject* generator = waitingGenerator(tstate, receiverOf(frame));
        if (generator == nullptr)
            return frame;
        frame = reinterpret_cast<Frame*>(generator->gi_iframe);
        const int depth = frame->stacktop;
        beginRunning(tstate, generator);
        linkNativeFrame(tstate, frame);
        frame->stacktop = waitingStackTop(depth);
        --frame->prev_instr; // from the yield to the SEND
    }
}

// `frame` is the innermost, all generators up to that of `top` wait: they are suspended again.
void suspendWaiting(PyThreadState* tstate, Frame* frame, const Frame* top) {
    for (;;) {
        PyGenObject* generator = generatorOf(frame);
        Frame* outer = frame->previous;
        frame->stacktop = stackDepth(frame);
        ++frame->prev_instr;
        generator->gi_frame_state = FRAME_SUSPENDED;
        ++tstate->recursion_remaining;
        if (frame == top) {
            tstate->cframe->current_frame = outer;
            return;
        }
        endRunning(tstate, generator);
        frame = outer;
    }
}

void unlink(PyThreadState* tstate, Frame* frame) {
    frame->stacktop = stackDepth(frame);
    tstate->cframe->current_frame = frame->previous;
    ++tstate->recursion_remaining;
}

// The frame (not linked) goes on where it stands.
PyObject* runOn(PyThreadState* tstate, Frame* frame) {
    const HostCode* data = findHostCode(frame->f_code);
    const void* entry = stackMayBeLow() ? nullptr : resumeEntry(tstate, data, frame);
    if (entry == nullptr)
        return continueFrame(tstate, frame, 0);
    return enterNative(tstate, frame, data->nativeResume, entry);
}

// What SEND does when its receiver has returned. Takes the reference.
PyObject* runAfterReturn(PyThreadState* tstate, Frame* frame, PyObject* returned) {
    Py_DECREF(std::exchange(receiverOf(frame), returned));
    frame->prev_instr += 3; // the jump back: the next instruction is SEND's target
    unlink(tstate, frame);
    return runOn(tstate, frame);
}

PyObject* runAfterRaise(PyThreadState* tstate, Frame* frame) {
    unlink(tstate, frame);
    if (HostCode* data = findHostCode(frame->f_code))
        return throwInto(tstate, data, frame);
    const exits::Unwinding unwinding =
        findUnwinding(frame->f_code, nextOffset(frame) - runtime::kCodeUnitBytes);
    if (!unwindFrame(tstate, frame, unwinding, true))
        return nullptr;
    return continueFrame(tstate, frame, 0);
}

// What the receiver yielded goes the way of all values, for a thread that is traced by now.
PyObject* runAtYield(PyThreadState* tstate, Frame* frame, PyObject* yielded) {
    unlink(tstate, frame);
    frame->localsplus[frame->stacktop++] = yielded;
    return continueFrame(tstate, frame, 0);
}

} // namespace

PyObject* resumeDelegating(PyThreadState* tstate, Frame* top, const void* entry) {
    if (tstate->recursion_remaining <= 0) { // raises there
        top->stacktop = kInNative;
        return callNative(tstate, top, {findHostCode(top->f_code)->nativeResume, entry});
    }
    Py_DECREF(top->localsplus[stackDepth(top)]); // the None that it was given
    top->prev_instr -= 2;                        // from RESUME to SEND
    Frame* frame = linkWaiting(tstate, top);
    PyObject* result;
    Sent sent = sendAny(tstate, receiverOf(frame), Py_None, &result);
    for (;;) {
        if (sent == Sent::kYielded && !tstate->cframe->use_tracing) [[likely]] {
            suspendWaiting(tstate, frame, top);
            return result;
        }
        if (sent == Sent::kYielded)
            result = runAtYield(tstate, frame, result);
        else if (sent == Sent::kReturned)
            result = runAfterReturn(tstate, frame, result);
        else
            result = runAfterRaise(tstate, frame);
        if (frame == top)
            return result;
        PyGenObject* generator = generatorOf(frame);
        frame = frame->previous;
        endRunning(tstate, generator);
        bool yielded = result != nullptr && generator->gi_frame_state == FRAME_SUSPENDED;
        sent = yielded ? Sent::kYielded : finishGenerator(tstate, generator, result);
    }
}

} // namespace pyston::host
