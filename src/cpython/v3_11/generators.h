// Generators, coroutines and asynchronous generators without the interpreter: made by the call of
// their function, and resumed in compiled code.
#pragma once

#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/delegation.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/stack_segments.h"
#include "runtime/resume_points.h"

namespace pyston::host {

// Can calls make the generator themselves? Fills in data->generatorStart (code_data.h).
void findGeneratorStart(HostCode* data);

// What calling `function`, whose code is that of `data`, returns. `args` are all arguments, whose
// references it takes when it succeeds. NULL without an exception: the interpreter has to do it.
PyObject* makeGenerator(PyThreadState* tstate, const HostCode* data, PyFunctionObject* function,
                        PyObject* const* args, Py_ssize_t count);

// Where compiled code resumes the suspended (or new) frame; null when there is no such code or it
// may not be entered now.
inline const void* resumeEntry(PyThreadState* tstate, const HostCode* data, const Frame* frame) {
    if (data == nullptr || data->nativeResume == nullptr || tstate->cframe->use_tracing)
        return nullptr;
    return data->current->indexedEntryAt(nextOffset(frame));
}
// The same for runtime::resumePoints; false when there is none.
bool findResumePoint(PyThreadState* tstate, const Frame* frame, runtime::ResumePoint* point);
// As after RESUME: gi_yieldfrom and throw() look whether the frame stands at a yield.
inline void passResume(Frame* frame) {
    ++frame->prev_instr;
}
// Resumes there.
PyObject* resumeNative(PyThreadState* tstate, const HostCode* data, Frame* frame,
                       const void* entry);

// genobject.c's PyAsyncGenASend, which has no header.
struct AsyncSend {
    enum State : int { kInit, kIterating, kClosed };
    PyObject_HEAD PyAsyncGenObject* generator;
    PyObject* value; // null for anext()
    State state;
    static bool isKnown() { return _PyAsyncGenASend_Type.tp_basicsize == sizeof(AsyncSend); }
};

enum class Sent {
    kNot, // nothing has happened: it has to be done in another way
    kYielded,
    kReturned,
    kRaised,
};
// What PyIter_Send() does, in compiled code: sends a value to an instance of exactly one of the
// generator classes.
Sent sendNative(PyThreadState* tstate, PyGenObject* generator, PyObject* value, PyObject** result);
// The same to any object, in whatever way; never kNot.
Sent sendAny(PyThreadState* tstate, PyObject* receiver, PyObject* value, PyObject** result);

// A generator becomes the running one, and ceases to be it.
inline void beginRunning(PyThreadState* tstate, PyGenObject* generator) {
    generator->gi_exc_state.previous_item = tstate->exc_info;
    tstate->exc_info = &generator->gi_exc_state;
    generator->gi_frame_state = FRAME_EXECUTING;
}
inline void endRunning(PyThreadState* tstate, PyGenObject* generator) {
    tstate->exc_info = generator->gi_exc_state.previous_item;
    generator->gi_exc_state.previous_item = nullptr;
    reinterpret_cast<Frame*>(generator->gi_iframe)->previous = nullptr;
}
// The stacktop of a linked frame that waits for a generator, and has `depth` entries in localsplus.
inline int waitingStackTop(int depth) {
    return kInNative - depth;
}
// Suspended, or new and sent None.
inline bool isResumable(const PyGenObject* generator, const PyObject* value) {
    return generator->gi_frame_state < FRAME_EXECUTING &&
           (generator->gi_frame_state != FRAME_CREATED || value == Py_None);
}
// In parts. First the generator becomes the running one and gets the value; what has to be called
// then, valid until something else runs. Null: kNot.
inline const runtime::NativeEntry* prepareResume(PyThreadState* tstate, PyGenObject* generator,
                                                 PyObject* value) {
    if (!isResumable(generator, value) || stackMayBeLow() || tstate->cframe->use_tracing)
        return nullptr;
    auto* frame = reinterpret_cast<Frame*>(generator->gi_iframe);
    runtime::ResumePoint& point = runtime::resumePointFor(frame->prev_instr);
    if (point.at != frame->prev_instr && !findResumePoint(tstate, frame, &point)) [[unlikely]]
        return nullptr;
    const int depth = frame->stacktop;
    frame->localsplus[depth] = Py_NewRef(value);
    beginRunning(tstate, generator);
    passResume(frame);
    linkNativeFrame(tstate, frame);
    if (value != Py_None)
        return &point.native;
    if (point.withNone.function != point.native.function)
        frame->stacktop = waitingStackTop(depth);
    return &point.withNone;
}
// After the call, if it does not stand at a yield: `result` is the call's.
Sent finishGenerator(PyThreadState* tstate, PyGenObject* generator, PyObject* result);

// What C code resumes generators and coroutines by (tp_iternext, am_send of their classes): goes to
// compiled code, now that there is some, without the frame evaluation hook / as it was.
void takeGeneratorSlots();
void giveBackGeneratorSlots();

} // namespace pyston::host
