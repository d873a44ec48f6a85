#include "cpython/v3_11/taken_frame.h"

#include "cpython/v3_11/adoption.h"
#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/entry_patch.h"
#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/hidden_memory.h"

#include <algorithm>
#include <utility>

namespace pyston::host {
namespace {

// Of so many frames it is found out where they stand.
constexpr int kMostFrames = 1000;

// What is to be done when the frame that we come back to has returned. It lies in the frame's
// f_locals, which the interpreter drops right after RETURN_VALUE, with nothing else in between, or
// when it unwinds the frame.
struct AfterReturn {
    PyObject head;
    _Py_CODEUNIT* unit; // gets back what it was before it became RETURN_VALUE
    _Py_CODEUNIT original;
    PyThreadState* untraced; // is traced again
    PyObject* kept;          // until then
};

extern AfterReturn spareAfterReturn;

void endReturn(PyObject* object) {
    auto* after = reinterpret_cast<AfterReturn*>(object);
    if (after->unit != nullptr)
        *after->unit = after->original;
    if (after->untraced != nullptr)
        --after->untraced->tracing;
    PyObject* kept = after->kept;
    if (after != &spareAfterReturn)
        PyObject_Free(after);
    Py_XDECREF(kept);
}

PyTypeObject afterReturnType = [] {
    PyTypeObject type{};
    type.tp_name = "pyston.after_return";
    type.tp_dealloc = endReturn;
    return type;
}();
AfterReturn spareAfterReturn; // for want of memory

AfterReturn* prepareAfterReturn(Frame* frame) {
    auto* after =
        static_cast<AfterReturn*>(hideFromTracemalloc(PyObject_Malloc(sizeof(AfterReturn))));
    if (after == nullptr)
        after = &spareAfterReturn;
    *after = {{1, &afterReturnType}, nullptr, 0, nullptr, frame->f_locals};
    frame->f_locals = &after->head;
    return after;
}

// Without exception handlers: the frame's have been looked at when we come back with an exception.
PyCodeObject* codeWithoutHandlers = nullptr;

// The interpreter executes UNARY_POSITIVE with a class.
PyObject* positiveOfType(PyObject* operand) {
    PyThreadState* tstate = _PyThreadState_GET();
    Frame* frame = tstate->cframe->current_frame;
    HostCode* data =
        frame != nullptr && frame->stacktop == -1 ? findHostCode(frame->f_code) : nullptr;
    if (data != nullptr && operand == PyExc_AssertionError) {
        const int unit = _PyInterpreterFrame_LASTI(frame);
        if (data->entryPatch.patch.callsFrom(unit))
            return enterTaken(tstate, data);
        if (data->adoption.patch.callsFrom(unit))
            return adoptTaken(tstate, data);
    }
    PyErr_Format(PyExc_TypeError, "bad operand type for unary +: '%.200s'",
                 Py_TYPE(operand)->tp_name);
    return nullptr;
}

} // namespace

bool prepareTakenFrames() {
    if (codeWithoutHandlers != nullptr)
        return true;
    PyNumberMethods* numbers = PyType_Type.tp_as_number;
    if (numbers == nullptr || numbers->nb_positive != nullptr)
        return false;
    codeWithoutHandlers = PyCode_NewEmpty("", "", 0);
    if (codeWithoutHandlers == nullptr) {
        PyErr_Clear();
        return false;
    }
    numbers->nb_positive = positiveOfType; // metaclasses made from now on inherit it
    return true;
}

bool cacheBytes(PyCodeObject* code) {
    PyObject* visible = PyCode_GetCode(code);
    if (hideFromTracemalloc(visible) == nullptr)
        PyErr_Clear();
    Py_XDECREF(visible);
    return visible != nullptr;
}

bool isStoodOn(const PyCodeObject* code, int first, int last) {
    int left = kMostFrames;
    for (PyThreadState* thread = PyInterpreterState_ThreadHead(PyInterpreterState_Get());
         thread != nullptr; thread = PyThreadState_Next(thread)) {
        for (Frame* frame = thread->cframe->current_frame; frame; frame = frame->previous) {
            if (--left == 0)
                return true;
            if (frame->f_code != code || frame->stacktop == kInNative)
                continue;
            const int unit = _PyInterpreterFrame_LASTI(frame);
            if (first <= unit && unit <= last)
                return true;
        }
    }
    return false;
}

void TakePatch::put(PyCodeObject* code, int unit) {
    _Py_CODEUNIT* units = _PyCode_CODE(code) + unit;
    std::copy_n(units, kUnits, original_);
    units[0] = _Py_MAKECODEUNIT(LOAD_ASSERTION_ERROR, 0);
    units[1] = _Py_MAKECODEUNIT(UNARY_POSITIVE, 0);
    units[2] = _Py_MAKECODEUNIT(RETURN_VALUE, 0);
    firstUnit_ = unit;
    stands_ = true;
}

void TakePatch::takeAway(PyCodeObject* code) {
    if (std::exchange(stands_, false))
        std::copy_n(original_, kUnits, _PyCode_CODE(code) + firstUnit_);
}

TakenFrame::TakenFrame(PyThreadState* tstate, int next, int depth)
    : tstate_(tstate), frame_(tstate->cframe->current_frame), previous_(frame_->previous),
      function_(frame_->f_func), code_(frame_->f_code), slots_(code_->co_nlocalsplus + depth),
      isEntry_(frame_->is_entry) {
    frame_->prev_instr = _PyCode_CODE(code_) + next - 1;
    frame_->stacktop = slots_;
    tstate->cframe->current_frame = previous_;
    ++tstate->recursion_remaining;
}

PyObject* TakenFrame::giveBack(PyObject* result, _Py_CODEUNIT* returns) {
    --tstate_->recursion_remaining;
    // Whatever the frame held is dropped as its caller would do it. What is left for the
    // interpreter to return from is empty, and not begun: so an exception gets no second traceback
    // entry.
    Py_INCREF(function_);
    Py_INCREF(code_);
    clearFrame(tstate_, frame_);
    frame_->f_func = function_;
    frame_->f_code = code_;
    frame_->f_locals = nullptr;
    if (result == nullptr) { // the code stays alive for as long as the frame is there
        frame_->f_locals = reinterpret_cast<PyObject*>(code_);
        frame_->f_code = reinterpret_cast<PyCodeObject*>(Py_NewRef(codeWithoutHandlers));
    }
    frame_->frame_obj = nullptr;
    std::fill_n(frame_->localsplus, slots_, nullptr);
    frame_->prev_instr = _PyCode_CODE(frame_->f_code) - 1;
    frame_->stacktop = -1;
    frame_->owner = FRAME_OWNED_BY_THREAD;
    frame_->is_entry = isEntry_;
    frame_->previous = previous_;
    tstate_->cframe->current_frame = frame_;

    const bool isUnpatched = result != nullptr && _Py_OPCODE(*returns) != RETURN_VALUE;
    const bool isTraced = tstate_->cframe->use_tracing != 0;
    if (!isUnpatched && !isTraced) [[likely]]
        return result;
    AfterReturn* after = prepareAfterReturn(frame_);
    if (isUnpatched) {
        after->unit = returns;
        after->original = *returns;
        _Py_SET_OPCODE(*returns, RETURN_VALUE);
    }
    if (isTraced) { // who traces was told of the return already
        ++tstate_->tracing;
        after->untraced = tstate_;
    }
    return result;
}

} // namespace pyston::host
