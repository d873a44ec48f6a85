#include "cpython/v3_11/unwind.h"

namespace pyston::host {
namespace {

struct HandlerEntry {
    int target; // code unit
    int depth;
    bool pushLasti;
};

bool findHandler(PyCodeObject* code, int unit, HandlerEntry* out) {
    PyObject* table = code->co_exceptiontable;
    auto* position = reinterpret_cast<unsigned char*>(PyBytes_AS_STRING(table));
    auto* end = position + PyBytes_GET_SIZE(table);
    while (position < end) {
        int start = 0, length = 0, target = 0, depthAndLasti = 0;
        position = parse_varint(position, &start);
        position = parse_varint(position, &length);
        position = parse_varint(position, &target);
        position = parse_varint(position, &depthAndLasti);
        if (start > unit)
            return false; // sorted
        if (unit < start + length) {
            *out = {target, depthAndLasti >> 1, (depthAndLasti & 1) != 0};
            return true;
        }
    }
    return false;
}

void addTraceback(PyThreadState* tstate, Frame* frame) {
    if (_PyFrame_IsIncomplete(frame))
        return;
    if (PyFrameObject* object = PyThreadState_GetFrame(tstate)) {
        PyTraceBack_Here(object);
        Py_DECREF(object);
    }
}

// The exception instance, with its traceback; the thread's exception is cleared.
PyObject* takeException() {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyException_SetTraceback(value, traceback != nullptr ? traceback : Py_None);
    Py_XDECREF(traceback);
    Py_XDECREF(type);
    return value;
}

} // namespace

Unwound unwindFrame(PyThreadState* tstate, Frame* frame, int lookupOffset, bool traceback) {
    if (tstate->c_tracefunc != nullptr || tstate->c_profilefunc != nullptr)
        return Unwound::kThrow;
    int lookupUnit = lookupOffset / static_cast<int>(sizeof(_Py_CODEUNIT));
    LinkedFrame linked(tstate, frame);
    if (traceback)
        addTraceback(tstate, frame);

    PyCodeObject* code = frame->f_code;
    for (;;) {
        HandlerEntry handler{};
        bool found = findHandler(code, lookupUnit, &handler);
        int depth = code->co_nlocalsplus + (found ? handler.depth : 0);
        while (linked.stacktop > depth)
            Py_XDECREF(frame->localsplus[--linked.stacktop]);
        if (!found)
            return Unwound::kReturn;
        if (handler.pushLasti) {
            PyObject* lasti = PyLong_FromLong(_PyInterpreterFrame_LASTI(frame));
            if (lasti == nullptr)
                continue; // the MemoryError is handled instead
            frame->localsplus[linked.stacktop++] = lasti;
        }
        frame->localsplus[linked.stacktop++] = takeException();
        frame->prev_instr = _PyCode_CODE(code) + handler.target - 1;
        return Unwound::kHandled;
    }
}

} // namespace pyston::host
