#include "cpython/v3_11/pending.h"

#include "cpython/api.h"

#include <algorithm>
#include <vector>

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

std::vector<void (*)()> atExitFunctions;

// Programs can call what is registered, from a frame of theirs: that is no end yet.
PyObject* endBegins(PyObject*, PyObject*) {
    if (_PyThreadState_GET()->cframe->current_frame == nullptr)
        for (auto* function : atExitFunctions)
            function();
    Py_RETURN_NONE;
}

// As atexit.register(), without importing that: programs can tell what is in sys.modules.
void registerAtExit(atexit_state& state) {
    static PyMethodDef method = {"pyston_at_exit", endBegins, METH_NOARGS, nullptr};
    static PyObject* const callable = PyCFunction_New(&method, nullptr);
    static PyObject* const args = PyTuple_New(0);
    if (callable == nullptr || args == nullptr || state.callbacks == nullptr) {
        PyErr_Clear();
        return;
    }
    for (int i = 0; i < state.ncallbacks; ++i)
        if (state.callbacks[i] != nullptr && state.callbacks[i]->func == callable)
            return;
    auto* callback = static_cast<atexit_callback*>(PyMem_Malloc(sizeof(atexit_callback)));
    if (callback == nullptr || state.ncallbacks >= state.callback_len) {
        PyMem_Free(callback);
        return;
    }
    *callback = {Py_NewRef(callable), Py_NewRef(args), nullptr};
    state.callbacks[state.ncallbacks++] = callback;
}

} // namespace

void callAtExit(void (*function)()) {
    if (std::ranges::find(atExitFunctions, function) == atExitFunctions.end())
        atExitFunctions.push_back(function);
    registerAtExit(_PyInterpreterState_Main()->atexit);
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
