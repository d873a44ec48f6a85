#include "cpython/v3_11/pending.h"

#include "cpython/api.h"

#include <algorithm>
#include <atomic>
#include <pthread.h>
#include <utility>
#include <vector>

namespace pyston::host {
namespace {

// The interpreter reads and writes it with the GIL; a thread of ours, without.
std::atomic_ref<int> asyncException(_ceval_state& state) {
    return std::atomic_ref<int>(state.pending.async_exc);
}

// Is anything asked of the thread that holds the GIL? (As ceval.c computes it.)
bool isAsked(PyInterpreterState* interp, bool isMainThread) {
    _ceval_state& state = interp->ceval;
    const bool signals = _Py_atomic_load_relaxed(&_PyRuntime.ceval.signals_pending) != 0 &&
                         interp == _PyInterpreterState_Main();
    const bool calls = _Py_atomic_load_relaxed(&state.pending.calls_to_do) != 0;
    return _Py_atomic_load_relaxed(&state.gil_drop_request) != 0 ||
           (isMainThread && (signals || calls)) ||
           asyncException(state).load(std::memory_order_relaxed) != 0;
}

// Of a child that was forked by another thread than the main one.
std::atomic<uintptr_t> forkingThread{0};

bool mainThreadHoldsGil(PyInterpreterState* interp) {
    const uintptr_t holder = _Py_atomic_load(&_PyRuntime.ceval.gil.last_holder);
    const uintptr_t forked = forkingThread.load(std::memory_order_relaxed);
    return holder == (forked != 0 ? forked : reinterpret_cast<uintptr_t>(&interp->_initial_thread));
}

void afterForkInChild() {
    forkingThread = reinterpret_cast<uintptr_t>(_PyThreadState_GET());
}

// Has the main thread look for pending calls, if it runs; if it does not, it looks when it next
// takes the GIL. The eval breaker of a thread that cannot serve it must not stay set: traced code
// of 3.11 looks again at each RESUME, without end. Since nothing keeps the GIL where it is, what
// was stored is looked at again: who takes the GIL says so before the eval breaker is computed.
void noticePendingCalls(PyInterpreterState* interp) {
    constexpr int kTries = 100;
    for (int tries = 0; tries < kTries; ++tries) {
        const bool asked = isAsked(interp, mainThreadHoldsGil(interp));
        _Py_atomic_store(&interp->ceval.eval_breaker, asked ? 1 : 0);
        if (isAsked(interp, mainThreadHoldsGil(interp)) == asked)
            return;
    }
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

void preparePendingCalls() {
    static bool prepared = false;
    if (!std::exchange(prepared, true))
        pthread_atfork(nullptr, nullptr, afterForkInChild);
}

void callAtExit(void (*function)()) {
    if (std::ranges::find(atExitFunctions, function) == atExitFunctions.end())
        atExitFunctions.push_back(function);
    registerAtExit(_PyInterpreterState_Main()->atexit);
}

void callSoon(int (*function)(void*), void* argument) {
    Py_AddPendingCall(function, argument);
    // (Which looks at the thread that asks instead.)
    noticePendingCalls(_PyInterpreterState_Main());
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
        asyncException(state).store(0, std::memory_order_relaxed);
        const bool asked = isAsked(tstate->interp, _Py_ThreadCanHandlePendingCalls() != 0);
        _Py_atomic_store_relaxed(&tstate->interp->ceval.eval_breaker, asked ? 1 : 0);
        PyErr_SetNone(exception);
        Py_DECREF(exception);
        return -1;
    }
    return 0;
}

} // namespace pyston::host
