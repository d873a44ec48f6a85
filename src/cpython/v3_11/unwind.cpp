#include "cpython/v3_11/unwind.h"

#include "cpython/v3_11/exception_table.h"

#include <utility>

namespace pyston::host {
namespace {

constexpr int kUnit = sizeof(_Py_CODEUNIT);

void findHandler(PyCodeObject* code, int unit, exits::Unwinding* out) {
    forEachExceptionEntry(code->co_exceptiontable, [&](const ExceptionEntry& entry) {
        const bool covers = entry.start <= unit && unit < entry.start + entry.length;
        if (covers) {
            out->handler = entry.target * kUnit;
            out->depth = entry.depth;
            out->pushesLasti = entry.pushesLasti;
        }
        return !covers && entry.start <= unit; // sorted
    });
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

// PyTraceBack_Here() with the line known: to find it takes time by the length of the code.
void addTracebackAt(PyThreadState* tstate, PyFrameObject* object, int line) {
    PyObject* type = std::exchange(tstate->curexc_type, nullptr);
    PyObject* value = std::exchange(tstate->curexc_value, nullptr);
    PyObject* traceback = std::exchange(tstate->curexc_traceback, nullptr);
    auto* entry = PyObject_GC_New(PyTracebackObject, &PyTraceBack_Type);
    if (entry == nullptr) {
        _PyErr_ChainExceptions(type, value, traceback);
        return;
    }
    entry->tb_next = reinterpret_cast<PyTracebackObject*>(traceback);
    entry->tb_frame = reinterpret_cast<PyFrameObject*>(Py_NewRef(object));
    entry->tb_lasti = _PyInterpreterFrame_LASTI(object->f_frame) * kUnit;
    entry->tb_lineno = line;
    PyObject_GC_Track(entry);
    PyErr_Restore(type, value, reinterpret_cast<PyObject*>(entry));
}

void addTraceback(PyThreadState* tstate, Frame* frame, int line) {
    if (_PyFrame_IsIncomplete(frame))
        return;
    PyFrameObject* known = frame->frame_obj;
    if (PyFrameObject* object = known != nullptr
                                    ? reinterpret_cast<PyFrameObject*>(Py_NewRef(known))
                                    : currentFrameObject(tstate)) {
        if (line < 0 || object->f_lineno != 0)
            PyTraceBack_Here(object);
        else
            addTracebackAt(tstate, object, line);
        Py_DECREF(object);
    }
}

// The exception instance, with its traceback; the thread's exception is cleared.
PyObject* takeException(PyThreadState* tstate) {
    PyObject* type = std::exchange(tstate->curexc_type, nullptr);
    PyObject* value = std::exchange(tstate->curexc_value, nullptr);
    PyObject* traceback = std::exchange(tstate->curexc_traceback, nullptr);
    if (value == nullptr || type != reinterpret_cast<PyObject*>(Py_TYPE(value)))
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

} // namespace

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

namespace {

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
    return unwindFrame(tstate, frame, findUnwinding(frame->f_code, lookupOffset), raisedHere);
}

exits::Unwinding findUnwinding(PyCodeObject* code, int lookupOffset) {
    exits::Unwinding unwinding;
    findHandler(code, lookupOffset / kUnit, &unwinding);
    return unwinding;
}

bool unwindFrame(PyThreadState* tstate, Frame* frame, const exits::Unwinding& unwinding,
                 bool raisedHere) {
    LinkedFrame linked(tstate, frame);
    if (tstate->curexc_type == nullptr) // a builtin that broke the rules; as the interpreter does
        PyErr_SetString(PyExc_SystemError, "error return without exception set");
    if (raisedHere) {
        addTraceback(tstate, frame, unwinding.line);
        traceException(tstate);
    }

    PyCodeObject* code = frame->f_code;
    int depth = code->co_nlocalsplus + unwinding.depth;
    for (;;) {
        while (linked.stacktop > depth)
            Py_XDECREF(frame->localsplus[--linked.stacktop]);
        if (unwinding.handler < 0) {
            traceUnwinding(tstate);
            return false;
        }
        if (unwinding.pushesLasti) {
            PyObject* lasti = PyLong_FromLong(_PyInterpreterFrame_LASTI(frame));
            if (lasti == nullptr)
                continue; // the MemoryError is handled instead
            frame->localsplus[linked.stacktop++] = lasti;
        }
        frame->localsplus[linked.stacktop++] = takeException(tstate);
        setNextOffset(frame, unwinding.handler);
        return true;
    }
}

} // namespace pyston::host
