// with statements, raising, catching.
#include "cpython/v3_11/helpers_functions.h"

namespace pyston::rt {
namespace {

constexpr const char* kCannotCatch =
    "catching classes that do not inherit from BaseException is not allowed";

// What a context manager's enter method gives; keeps the bound exit method. As in the interpreter
// the methods alone hold the manager while it is entered.
PyObject* enterContext(PyThreadState* tstate, PyObject* stolenManager, PyObject* enterName,
                       PyObject* exitName, const char* noEnter, const char* noExit) {
    Ref owned(stolenManager);
    PyObject* manager = stolenManager;
    const char* className = Py_TYPE(manager)->tp_name;
    Ref enter(_PyObject_LookupSpecial(manager, enterName));
    if (!enter) {
        if (!_PyErr_Occurred(tstate)) {
            _PyErr_Format(tstate, PyExc_TypeError, noEnter, className);
        }
        return nullptr;
    }
    Ref exit(_PyObject_LookupSpecial(manager, exitName));
    if (!exit) {
        if (!_PyErr_Occurred(tstate)) {
            _PyErr_Format(tstate, PyExc_TypeError, noExit, className);
        }
        return nullptr;
    }
    owned.reset();
    PyObject* result = _PyObject_CallNoArgsTstate(tstate, enter.get());
    enter.reset(); // may run code, and so comes before there is something to keep
    if (result != nullptr) {
        keepSecond(exit.release());
    }
    return result;
}

// Sets `exception` to be raised with the traceback that it has.
void restoreException(PyThreadState* tstate, PyObject* exception) {
    _PyErr_Restore(tstate, Py_NewRef(PyExceptionInstance_Class(exception)), Py_NewRef(exception),
                   PyException_GetTraceback(exception));
}

void raiseAgain(PyThreadState* tstate) {
    PyObject* handled = _PyErr_GetTopmostException(tstate)->exc_value;
    if (handled == nullptr || handled == Py_None) {
        _PyErr_SetString(tstate, PyExc_RuntimeError, "No active exception to reraise");
        return;
    }
    restoreException(tstate, handled);
}

// The instance that `raise exception` raises; sets its class too. Null with an exception set.
Ref instanceToRaise(PyThreadState* tstate, PyObject* exception, Ref* type) {
    if (PyExceptionClass_Check(exception)) {
        *type = Ref::borrow(exception);
        Ref value(_PyObject_CallNoArgsTstate(tstate, exception));
        if (value && !PyExceptionInstance_Check(value.get())) {
            _PyErr_Format(tstate, PyExc_TypeError,
                          "calling %R should have returned an instance of BaseException, not %R",
                          exception, Py_TYPE(value.get()));
            value.reset();
        }
        return value;
    }
    if (PyExceptionInstance_Check(exception)) {
        *type = Ref::borrow(PyExceptionInstance_Class(exception));
        return Ref::borrow(exception);
    }
    _PyErr_SetString(tstate, PyExc_TypeError, "exceptions must derive from BaseException");
    return Ref();
}

// `raise ... from cause`. False with an exception set.
bool setCause(PyThreadState* tstate, PyObject* value, PyObject* cause) {
    Ref fixed;
    if (PyExceptionClass_Check(cause)) {
        fixed.reset(_PyObject_CallNoArgsTstate(tstate, cause));
        if (!fixed) {
            return false;
        }
    } else if (PyExceptionInstance_Check(cause)) {
        fixed = Ref::borrow(cause);
    } else if (cause != Py_None) {
        _PyErr_SetString(tstate, PyExc_TypeError,
                         "exception causes must derive from BaseException");
        return false;
    }
    PyException_SetCause(value, fixed.release());
    return true;
}

} // namespace

bool checkCatchable(PyThreadState* tstate, PyObject* type) {
    PyObject* const* classes = &type;
    Py_ssize_t count = 1;
    if (PyTuple_Check(type)) {
        classes = _PyTuple_ITEMS(type);
        count = PyTuple_GET_SIZE(type);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!PyExceptionClass_Check(classes[i])) {
            _PyErr_SetString(tstate, PyExc_TypeError, kCannotCatch);
            return false;
        }
    }
    return true;
}

PyObject* BeforeWith(PyThreadState* tstate, PyObject* manager) {
    return enterContext(tstate, manager, &_Py_ID(__enter__), &_Py_ID(__exit__),
                        "'%.200s' object does not support the context manager protocol",
                        "'%.200s' object does not support the context manager protocol "
                        "(missed __exit__ method)");
}

PyObject* BeforeAsyncWith(PyThreadState* tstate, PyObject* manager) {
    return enterContext(
        tstate, manager, &_Py_ID(__aenter__), &_Py_ID(__aexit__),
        "'%.200s' object does not support the asynchronous context manager protocol",
        "'%.200s' object does not support the asynchronous context manager protocol "
        "(missed __aexit__ method)");
}

PyObject* WithExceptStart(PyThreadState* tstate, PyObject* exit, PyObject* exception) {
    // Never null: an exception that was raised has one. The exception keeps it alive.
    PyObject* traceback = PyException_GetTraceback(exception);
    Py_XDECREF(traceback);
    PyObject* arguments[] = {nullptr, PyExceptionInstance_Class(exception), exception, traceback};
    return _PyObject_VectorcallTstate(tstate, exit, arguments + 1,
                                      3 | PY_VECTORCALL_ARGUMENTS_OFFSET, nullptr);
}

PyObject* PushExcInfo(PyThreadState* tstate, PyObject* exception) {
    PyObject* before = std::exchange(tstate->exc_info->exc_value, exception);
    return before != nullptr ? before : Py_NewRef(Py_None);
}

void PopExcept(PyThreadState* tstate, PyObject* before) {
    PyObject* handled = std::exchange(tstate->exc_info->exc_value, before);
    Py_XDECREF(handled);
}

int64_t CheckExcMatch(PyThreadState* tstate, PyObject* exception, PyObject* type) {
    if (!checkCatchable(tstate, type)) {
        return -1;
    }
    return PyErr_GivenExceptionMatches(exception, type) != 0;
}

int64_t Reraise(PyThreadState* tstate, _PyInterpreterFrame* frame, PyObject* exception,
                PyObject* lasti) {
    if (lasti != nullptr) {
        if (!PyLong_Check(lasti)) {
            _PyErr_SetString(tstate, PyExc_SystemError, "lasti is not an int");
            return -1;
        }
        frame->prev_instr = _PyCode_CODE(frame->f_code) + PyLong_AsLong(lasti);
    }
    restoreException(tstate, exception);
    return -1;
}

int64_t RaiseVarargs(PyThreadState* tstate, PyObject* exception, PyObject* cause) {
    if (exception == nullptr) {
        raiseAgain(tstate);
        return -1;
    }
    Ref type;
    Ref value = instanceToRaise(tstate, exception, &type);
    if (value && (cause == nullptr || setCause(tstate, value.get(), cause))) {
        _PyErr_SetObject(tstate, type.get(), value.get());
    }
    return -1;
}

PyObject* RaiseAssertionError(PyThreadState*) {
    return Py_NewRef(PyExc_AssertionError);
}

int64_t EndAsyncFor(PyThreadState* tstate, PyObject* exception, PyObject*) {
    if (PyErr_GivenExceptionMatches(exception, PyExc_StopAsyncIteration)) {
        return 0;
    }
    restoreException(tstate, exception);
    return -1;
}

int64_t PrintExpr(PyObject* value) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* hook =
        _PySys_GetAttr(tstate, &_Py_ID(displayhook)); // borrowed, as in the interpreter
    if (hook == nullptr) {
        _PyErr_SetString(tstate, PyExc_RuntimeError, "lost sys.displayhook");
        return -1;
    }
    Ref result(PyObject_CallOneArg(hook, value));
    return result ? 0 : -1;
}

} // namespace pyston::rt
