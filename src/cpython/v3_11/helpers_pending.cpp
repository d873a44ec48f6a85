// What the interpreter serves between instructions when its eval breaker is set.
#include "cpython/v3_11/helpers_functions.h"

namespace pyston::rt {
namespace {

int load(const _Py_atomic_int& value) {
    return _Py_atomic_load_relaxed(&value);
}

void recomputeEvalBreaker(PyInterpreterState* interp) {
    _ceval_runtime_state& shared = interp->runtime->ceval;
    _ceval_state& own = interp->ceval;
    bool set = load(own.gil_drop_request) != 0 ||
               (load(shared.signals_pending) != 0 && _Py_ThreadCanHandleSignals(interp)) ||
               (load(own.pending.calls_to_do) != 0 && _Py_ThreadCanHandlePendingCalls()) ||
               own.pending.async_exc != 0;
    _Py_atomic_store_relaxed(&own.eval_breaker, set ? 1 : 0);
}

} // namespace

int64_t HandlePending(PyThreadState* tstate) {
    PyInterpreterState* interp = tstate->interp;
    // Both are no-ops on threads that may not serve them.
    if ((load(interp->runtime->ceval.signals_pending) != 0 ||
         load(interp->ceval.pending.calls_to_do) != 0) &&
        Py_MakePendingCalls() != 0) {
        return -1;
    }
    if (load(interp->ceval.gil_drop_request) != 0) {
        PyEval_SaveThread(); // hands the GIL over, since a request is set
        PyEval_RestoreThread(tstate);
    }
    if (tstate->async_exc != nullptr) { // PyThreadState_SetAsyncExc
        Ref exception(std::exchange(tstate->async_exc, nullptr));
        interp->ceval.pending.async_exc = 0;
        recomputeEvalBreaker(interp);
        _PyErr_SetNone(tstate, exception.get());
        return -1;
    }
    return 0;
}

} // namespace pyston::rt
