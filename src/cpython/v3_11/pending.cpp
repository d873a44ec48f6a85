#include "cpython/v3_11/pending.h"

#include "cpython/api.h"

namespace pyston::host {
namespace {

// After one of the requests was served: is another one left? (As ceval.c computes it.)
void recomputeEvalBreaker(PyInterpreterState* interp) {
    _ceval_state& state = interp->ceval;
    int signals = _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending);
    int calls = _Py_atomic_load_relaxed(&state.pending.calls_to_do);
    int needed = _Py_atomic_load_relaxed(&state.gil_drop_request) |
                 (signals && _Py_ThreadCanHandleSignals(interp)) |
                 (calls && _Py_ThreadCanHandlePendingCalls()) | state.pending.async_exc;
    _Py_atomic_store_relaxed(&state.eval_breaker, needed);
}

PyObject* callFunction(PyObject* capsule, PyObject*) {
    reinterpret_cast<void (*)()>(PyCapsule_GetPointer(capsule, nullptr))();
    Py_RETURN_NONE;
}

} // namespace

// As atexit.register(), without importing that: programs can tell what is in sys.modules.
void callAtExit(void (*function)()) {
    static PyMethodDef method = {"pyston_at_exit", callFunction, METH_NOARGS, nullptr};
    atexit_state& state = _PyInterpreterState_Main()->atexit;
    if (state.callbacks == nullptr || state.ncallbacks >= state.callback_len)
        return;
    PyObject* capsule = PyCapsule_New(reinterpret_cast<void*>(function), nullptr, nullptr);
    PyObject* callable = capsule != nullptr ? PyCFunction_New(&method, capsule) : nullptr;
    Py_XDECREF(capsule);
    PyObject* args = PyTuple_New(0);
    auto* callback = static_cast<atexit_callback*>(PyMem_Malloc(sizeof(atexit_callback)));
    if (callable == nullptr || args == nullptr || callback == nullptr) {
        Py_XDECREF(callable);
        Py_XDECREF(args);
        PyMem_Free(callback);
        PyErr_Clear();
        return;
    }
    *callback = {callable, args, nullptr};
    state.callbacks[state.ncallbacks++] = callback;
}

void callSoon(int (*function)(void*), void* argument) {
    Py_AddPendingCall(function, argument);
    // (3.11 sees no need for that when it is not the main thread that asks.)
    _Py_atomic_store_relaxed(&_PyInterpreterState_Main()->ceval.eval_breaker, 1);
}

int handlePending(ThreadState* tstate) {
    _ceval_state& state = tstate->interp->ceval;
    if (_Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending) ||
        _Py_atomic_load_relaxed(&state.pending.calls_to_do)) {
        if (Py_MakePendingCalls() != 0)
            return -1;
    }
    if (_Py_atomic_load_relaxed(&state.gil_drop_request)) {
        PyThreadState* saved = PyEval_SaveThread();
        PyEval_RestoreThread(saved);
    }
    if (PyObject* exception = tstate->async_exc) {
        tstate->async_exc = nullptr;
        state.pending.async_exc = 0;
        recomputeEvalBreaker(tstate->interp);
        PyErr_SetNone(exception);
        Py_DECREF(exception);
        return -1;
    }
    return 0;
}

} // namespace pyston::host
