// The interpreter's headers, in the order in which C++ can take them.
#pragma once

#ifndef Py_BUILD_CORE_MODULE
#define Py_BUILD_CORE_MODULE 1
#endif
#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>
#undef HAVE_STD_ATOMIC
#include "frameobject.h"
#include "opcode.h"
#include "pycore_ceval.h"
#include "pycore_code.h"
#include "pycore_dict.h"
#include "pycore_frame.h"
#include "pycore_interp.h"
#include "pycore_object.h"
#include "pycore_opcode.h"
#include "pycore_pystate.h"
#include "pycore_runtime.h"

#include "support/fwd.h"

namespace pyston::host {

// What a frame executes next, as a byte offset.
inline int nextOffset(const Frame* frame) {
    return (_PyInterpreterFrame_LASTI(frame) + 1) * static_cast<int>(sizeof(_Py_CODEUNIT));
}
inline _Py_CODEUNIT* unitAt(PyCodeObject* code, int byteOffset) {
    return _PyCode_CODE(code) + byteOffset / static_cast<int>(sizeof(_Py_CODEUNIT));
}
// Makes the interpreter continue `frame` with the instruction at `byteOffset`.
inline void setNextOffset(Frame* frame, int byteOffset) {
    frame->prev_instr = unitAt(frame->f_code, byteOffset) - 1;
}
inline bool isGeneratorCode(const PyCodeObject* code) {
    return (code->co_flags & (CO_GENERATOR | CO_COROUTINE | CO_ASYNC_GENERATOR)) != 0;
}

// While C++ code acts for a frame that the interpreter has left for a moment, the frame must be the
// current one and count as a level of recursion: signal handlers, tracebacks and sys._getframe look
// at it.
class LinkedFrame {
  public:
    LinkedFrame(PyThreadState* tstate, Frame* frame)
        : stacktop(frame->stacktop), tstate_(tstate), frame_(frame) {
        frame->previous = tstate->cframe->current_frame;
        frame->stacktop = -1;
        tstate->cframe->current_frame = frame;
        --tstate->recursion_remaining;
    }
    ~LinkedFrame() {
        ++tstate_->recursion_remaining;
        tstate_->cframe->current_frame = frame_->previous;
        frame_->stacktop = stacktop;
    }
    LinkedFrame(const LinkedFrame&) = delete;
    LinkedFrame& operator=(const LinkedFrame&) = delete;

    int stacktop; // what the frame gets when it is unlinked

  private:
    PyThreadState* tstate_;
    Frame* frame_;
};

} // namespace pyston::host
