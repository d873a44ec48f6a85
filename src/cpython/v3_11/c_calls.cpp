#include "cpython/v3_11/c_calls.h"

#include "cpython/v3_11/code_data.h"
#include "pycore_call.h"

namespace pyston::host {
namespace {

_PyCFunctionFast asFast(PyCFunction function) {
    return reinterpret_cast<_PyCFunctionFast>(reinterpret_cast<void (*)()>(function));
}
_PyCFunctionFastWithKeywords asFastWithKeywords(PyCFunction function) {
    return reinterpret_cast<_PyCFunctionFastWithKeywords>(reinterpret_cast<void (*)()>(function));
}

// A builtin that breaks the rules (a result and an exception, or neither) is found out.
PyObject* checked(PyThreadState* tstate, PyObject* callable, PyObject* result) {
    return _Py_CheckFunctionResult(tstate, callable, result, nullptr);
}

PyObject* callFunction(PyThreadState* tstate, PyObject* callable, PyObject* const* args,
                       Py_ssize_t positional, PyObject* kwnames) {
    PyCFunction function = PyCFunction_GET_FUNCTION(callable);
    PyObject* self = PyCFunction_GET_SELF(callable);
    switch (PyCFunction_GET_FLAGS(callable)) {
    case METH_FASTCALL:
        if (kwnames != nullptr)
            return notCalled();
        return checked(tstate, callable, asFast(function)(self, args, positional));
    case METH_FASTCALL | METH_KEYWORDS:
        return checked(tstate, callable,
                       asFastWithKeywords(function)(self, args, positional, kwnames));
    case METH_O:
        if (callable == tstate->interp->callable_cache.len && positional == 1 &&
            kwnames == nullptr) {
            Py_ssize_t length = PyObject_Length(args[0]);
            return length < 0 ? nullptr : PyLong_FromSsize_t(length);
        }
        return notCalled();
    default:
        return notCalled();
    }
}

PyObject* callMethod(PyThreadState* tstate, PyObject* callable, PyObject* const* args,
                     Py_ssize_t positional) {
    auto* descriptor = reinterpret_cast<PyMethodDescrObject*>(callable);
    if (positional < 1 || !Py_IS_TYPE(args[0], descriptor->d_common.d_type))
        return notCalled();
    PyMethodDef* method = descriptor->d_method;
    PyObject* self = args[0];
    switch (method->ml_flags) {
    case METH_FASTCALL:
        return checked(tstate, callable, asFast(method->ml_meth)(self, args + 1, positional - 1));
    case METH_FASTCALL | METH_KEYWORDS:
        return checked(
            tstate, callable,
            asFastWithKeywords(method->ml_meth)(self, args + 1, positional - 1, nullptr));
    case METH_O:
        if (callable == tstate->interp->callable_cache.list_append && positional == 2)
            return PyList_Append(self, args[1]) < 0 ? nullptr : Py_NewRef(Py_None);
        return notCalled();
    default:
        return notCalled();
    }
}

PyObject* callClass(PyObject* callable, PyObject* argument) {
    if (callable == reinterpret_cast<PyObject*>(&PyType_Type))
        return Py_NewRef(reinterpret_cast<PyObject*>(Py_TYPE(argument)));
    if (callable == reinterpret_cast<PyObject*>(&PyUnicode_Type))
        return PyObject_Str(argument);
    if (callable == reinterpret_cast<PyObject*>(&PyTuple_Type))
        return PySequence_Tuple(argument);
    return notCalled();
}

// Whether the interpreter would have specialized the instructions of the running code by now.
bool runsWarmCode(PyThreadState* tstate) {
    return isWarm(tstate->cframe->current_frame->f_code);
}

} // namespace

PyObject* callBuiltinDirectly(PyThreadState* tstate, PyObject* callable, PyObject* const* args,
                              Py_ssize_t positional, PyObject* kwnames) {
    if (!runsWarmCode(tstate))
        return notCalled();
    PyTypeObject* type = Py_TYPE(callable);
    if (type == &PyCFunction_Type)
        return callFunction(tstate, callable, args, positional, kwnames);
    if (kwnames != nullptr)
        return notCalled();
    if (type == &PyMethodDescr_Type)
        return callMethod(tstate, callable, args, positional);
    if (type == &PyType_Type && positional == 1)
        return callClass(callable, args[0]);
    return notCalled();
}

} // namespace pyston::host
