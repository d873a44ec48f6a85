// Frames on the thread's data stack: what ceval.c, frame.c and pystate.c do in functions that they
// do not export.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// Room for a frame in a new chunk; NULL when out of memory.
Frame* pushFrameInNewChunk(PyThreadState* tstate, size_t words);

// A frame at the start of `function` (a new reference is taken), not linked, its slots not
// initialized. NULL without an exception when out of memory.
// (`ofFrame`: the code that it runs, if that may not be the function's any more.)
inline Frame* pushFrame(PyThreadState* tstate, PyFunctionObject* function,
                        PyCodeObject* ofFrame = nullptr) {
    auto* code = reinterpret_cast<PyCodeObject*>(function->func_code);
    if (ofFrame != nullptr)
        code = ofFrame;
    size_t words =
        static_cast<size_t>(code->co_nlocalsplus + code->co_stacksize) + FRAME_SPECIALS_SIZE;
    Frame* frame;
    if (_PyThreadState_HasStackSpace(tstate, words)) {
        frame = reinterpret_cast<Frame*>(tstate->datastack_top);
        tstate->datastack_top += words;
    } else {
        frame = pushFrameInNewChunk(tstate, words);
        if (frame == nullptr)
            return nullptr;
    }
    Py_INCREF(function);
    _PyFrame_InitializeSpecials(frame, function, nullptr, code->co_nlocalsplus);
    if (ofFrame != nullptr && frame->f_code != code) [[unlikely]] {
        Py_INCREF(code);
        Py_SETREF(frame->f_code, code);
    }
    return frame;
}

// Drops what a finished frame (not linked) holds, or leaves it to its frame object if that
// survives.
void clearFrame(PyThreadState* tstate, Frame* frame);
// The same, and pops it off the data stack.
void clearAndPopFrameSlowly(PyThreadState* tstate, Frame* frame);
[[gnu::always_inline]] inline void clearAndPopFrame(PyThreadState* tstate, Frame* frame) {
    auto** base = reinterpret_cast<PyObject**>(frame);
    const bool isPlain = frame->frame_obj == nullptr && frame->f_locals == nullptr &&
                         base != &tstate->datastack_chunk->data[0];
    if (!isPlain) [[unlikely]]
        return clearAndPopFrameSlowly(tstate, frame);
    --tstate->recursion_remaining;
    for (int i = 0; i < frame->stacktop; ++i)
        Py_XDECREF(frame->localsplus[i]);
    Py_DECREF(frame->f_func);
    Py_DECREF(frame->f_code);
    ++tstate->recursion_remaining;
    tstate->datastack_top = base;
}

} // namespace pyston::host
