#include "cpython/v3_11/unwind.h"

#include <utility>

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

// The frame object of the current frame (new reference). A failure to make it replaces the
// exception that is set by MemoryError, as in the interpreter; PyThreadState_GetFrame alone would
// lose it.
PyFrameObject* currentFrameObject(PyThreadState* tstate) {
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyFrameObject* object = PyThreadState_GetFrame(tstate);
    if (object != nullptr) {
        PyErr_Restore(type, value, traceback);
        return object;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    PyErr_NoMemory();
    return nullptr;
}

void addTraceback(PyThreadState* tstate, Frame* frame) {
    if (_PyFrame_IsIncomplete(frame))
        return;
    if (PyFrameObject* object = currentFrameObject(tstate)) {
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

int callTraceFunction(PyThreadState* tstate, Py_tracefunc function, PyObject* self, int event,
                      PyObject* argument) {
    if (tstate->tracing)
        return 0;
    PyFrameObject* object = currentFrameObject(tstate);
    if (object == nullptr)
        return -1;
    int outerEvent = std::exchange(tstate->tracing_what, event);
    PyThreadState_EnterTracing(tstate);
    int result = function(self, object, event, argument);
    PyThreadState_LeaveTracing(tstate);
    tstate->tracing_what = outerEvent;
    Py_DECREF(object);
    return result;
}

// An exception that the trace function raises replaces the one that is told of.
void traceException(PyThreadState* tstate) {
    if (tstate->c_tracefunc == nullptr)
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject* argument = PyTuple_Pack(3, type, value, traceback != nullptr ? traceback : Py_None);
    int result = 0;
    if (argument != nullptr) {
        result = callTraceFunction(tstate, tstate->c_tracefunc, tstate->c_traceobj,
                                   PyTrace_EXCEPTION, argument);
        Py_DECREF(argument);
    }
    if (result == 0) {
        PyErr_Restore(type, value, traceback);
    } else {
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }
}

bool traceReturn(PyThreadState* tstate, Py_tracefunc function, PyObject* self) {
    if (function == nullptr)
        return true;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (callTraceFunction(tstate, function, self, PyTrace_RETURN, nullptr) == 0) {
        PyErr_Restore(type, value, traceback);
        return true;
    }
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return false;
}

void traceUnwinding(PyThreadState* tstate) {
    if (tstate->cframe->use_tracing &&
        traceReturn(tstate, tstate->c_tracefunc, tstate->c_traceobj)) {
        traceReturn(tstate, tstate->c_profilefunc, tstate->c_profileobj);
    }
}

} // namespace

bool unwindFrame(PyThreadState* tstate, Frame* frame, int lookupOffset, bool raisedHere) {
    int lookupUnit = lookupOffset / static_cast<int>(sizeof(_Py_CODEUNIT));
    LinkedFrame linked(tstate, frame);
    if (tstate->curexc_type == nullptr) // a builtin that broke the rules; as the interpreter does
        PyErr_SetString(PyExc_SystemError, "error return without exception set");
    if (raisedHere) {
        addTraceback(tstate, frame);
        traceException(tstate);
    }

    PyCodeObject* code = frame->f_code;
    for (;;) {
        HandlerEntry handler{};
        bool found = findHandler(code, lookupUnit, &handler);
        int depth = code->co_nlocalsplus + (found ? handler.depth : 0);
        while (linked.stacktop > depth)
            Py_XDECREF(frame->localsplus[--linked.stacktop]);
        if (!found) {
            traceUnwinding(tstate);
            return false;
        }
        if (handler.pushLasti) {
            PyObject* lasti = PyLong_FromLong(_PyInterpreterFrame_LASTI(frame));
            if (lasti == nullptr)
                continue; // the MemoryError is handled instead
            frame->localsplus[linked.stacktop++] = lasti;
        }
        frame->localsplus[linked.stacktop++] = takeException();
        frame->prev_instr = _PyCode_CODE(code) + handler.target - 1;
        return true;
    }
}

} // namespace pyston::host
