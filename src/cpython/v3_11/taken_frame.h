// Taking a frame out of the interpreter's hands while the interpreter runs it.
//
// The interpreter offers no way to leave a frame that it has inlined into another. So instructions
// of the code are overwritten:
//
//     LOAD_ASSERTION_ERROR  the one object that an instruction pushes whatever the frame holds
//     UNARY_POSITIVE        calls us, by way of the metaclass, with the frame as the current one
//     RETURN_VALUE          what we give back
//
// Whoever meets them comes to takeFrame(). We run the frame to its end, and leave the interpreter
// an empty one to return from. To all others `+AssertionError` is the TypeError that it always was.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

struct HostCode;

// Three code units that are overwritten so.
class TakePatch {
  public:
    static constexpr int kUnits = 3;

    bool stands() const { return stands_; }
    int firstUnit() const { return firstUnit_; }
    int lastUnit() const { return firstUnit_ + kUnits - 1; }
    bool covers(int unit) const {
        return stands_ && unit >= firstUnit_ && unit < firstUnit_ + kUnits;
    }
    bool callsFrom(int unit) const { return stands_ && unit == firstUnit_ + 1; }
    _Py_CODEUNIT original(int unit) const { return original_[unit - firstUnit_]; }

    void put(PyCodeObject* code, int unit);
    void takeAway(PyCodeObject* code);

  private:
    bool stands_ = false;
    int firstUnit_ = 0;
    _Py_CODEUNIT original_[kUnits] = {};
};

// Once, before the first patch. False without an exception when that cannot be.
bool prepareTakenFrames();

// The bytes that programs see as co_code are made and cached: before the code is changed. False
// without an exception for want of memory.
bool cacheBytes(PyCodeObject* code);

// Is the last instruction of a frame of that code, in whatever thread, between these units? True,
// too, where there are too many frames to find out.
bool isStoodOn(const PyCodeObject* code, int first, int last);

// The current frame, taken out of the interpreter's hands. It is not linked, and its level of
// recursion not counted, as with a frame at its start.
class TakenFrame {
  public:
    // Goes on with instruction `next`; `depth` values are on its stack.
    TakenFrame(PyThreadState* tstate, int next, int depth);
    Frame* frame() const { return frame_; }
    // It has run, and gave `result`: what the interpreter is to get, which will return from the
    // frame by `returns`, wherever a patch is gone by then. (The frame's own locals and values are
    // dropped: finalizers can run.)
    PyObject* giveBack(PyObject* result, _Py_CODEUNIT* returns);

  private:
    PyThreadState* tstate_;
    Frame* frame_;
    Frame* previous_;
    PyFunctionObject* function_;
    PyCodeObject* code_;
    int slots_;
    bool isEntry_;
};

} // namespace pyston::host
