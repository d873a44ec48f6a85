#include "cpython/v3_11/call_arguments.h"

#include "cpython/v3_11/frame_eval.h"
#include "cpython/v3_11/stack_depths.h"

#include <utility>

namespace pyston::host {

thread_local constinit Offer currentOffer;

static PyTypeObject takenType = [] {
    PyTypeObject type{};
    type.tp_name = "pyston.taken";
    return type;
}();
PyObject takenArgument = {PY_SSIZE_T_MAX / 2, &takenType}; // never dies

OfferedArguments::OfferedArguments(PyObject* function, PyObject** first, int64_t count) {
    currentOffer = {function, {first, static_cast<int>(count)}};
}

OfferedArguments::~OfferedArguments() {
    currentOffer.function = nullptr;
}

// The hook for one call, while there is none (unhooked.h).
static PyObject* takeOfferUnhooked(PyThreadState* tstate, Frame* frame, int throwflag) {
    // (Else it is a finalizer, in the call's argument processing.)
    if (currentOffer.function == reinterpret_cast<PyObject*>(frame->f_func)) {
        tstate->interp->eval_frame = nullptr;
        dropCallerArguments(tstate, frame);
    }
    return _PyEval_EvalFrameDefault(tstate, frame, throwflag);
}

bool hasHookForOffer(const PyInterpreterState* interp) {
    return interp->eval_frame == takeOfferUnhooked;
}

PyObject* callOffering(PyThreadState* tstate, PyObject* function, PyObject** args, int64_t count,
                       size_t nargsf, PyObject* kwnames) {
    const OfferedArguments offer(function, args, count);
    PyInterpreterState* interp = tstate->interp;
    if (interp != unhookedInterpreter)
        return PyObject_Vectorcall(function, args, nargsf, kwnames);
    interp->eval_frame = takeOfferUnhooked;
    PyObject* result = PyObject_Vectorcall(function, args, nargsf, kwnames);
    if (hasHookForOffer(interp)) // it was not needed
        interp->eval_frame = interp == unhookedInterpreter ? nullptr : evalFrame;
    return result;
}

CallerArguments callerArguments(PyThreadState* tstate, PyObject* function) {
    if (CallerArguments offered = takeOffer(function, nullptr); offered.first != nullptr)
        return offered;
    Frame* caller = tstate->cframe->current_frame;
    // Only a frame that the interpreter runs has its stack in memory (see kInNative).
    if (caller == nullptr || caller->stacktop != -1)
        return {};
    PyCodeObject* code = caller->f_code;
    int unit = _PyInterpreterFrame_LASTI(caller);
    if (unit < 0 || _PyOpcode_Deopt[_Py_OPCODE(*caller->prev_instr)] != CALL)
        return {};
    HostCode* data = hostCode(code);
    if (data == nullptr)
        return {};
    int depth = stackDepthAt(data, unit);
    int count = _Py_OPARG(*caller->prev_instr);
    if (depth < count + 2 || depth > code->co_stacksize)
        return {};
    PyObject** top = caller->localsplus + code->co_nlocalsplus + depth;
    PyObject** callable = top - count - 1;
    if (callable[-1] != nullptr) { // a method: its object is an argument
        --callable;
        ++count;
    }
    if (*callable != function)
        return {};
    return {callable + 1, count};
}

void dropCallerArguments(PyThreadState* tstate, Frame* frame) {
    CallerArguments arguments = callerArguments(tstate, reinterpret_cast<PyObject*>(frame->f_func));
    for (int i = 0; i < arguments.count; ++i)
        Py_DECREF(std::exchange(arguments.first[i], Py_NewRef(&takenArgument)));
}

} // namespace pyston::host
