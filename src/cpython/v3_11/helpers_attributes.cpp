// Attributes, and variables looked up by name.
#include "cpython/v3_11/helpers_functions.h"

namespace pyston::rt {
namespace {

constexpr const char* kUnboundLocal =
    "cannot access local variable '%s' where it is not associated with a value";
constexpr const char* kUnboundFree =
    "cannot access free variable '%s' where it is not associated with a value in enclosing scope";

// Set by a helper with two results, taken by compiled code right after it. (The initial-exec model
// keeps the access to one instruction; the module's thread-local storage is this word only.)
[[gnu::tls_model("initial-exec")]] thread_local PyObject* secondResult = nullptr;

// A new reference; null without an exception when the namespace has no such name.
PyObject* findInNamespace(PyThreadState* tstate, PyObject* ns, PyObject* name) {
    if (PyDict_CheckExact(ns)) {
        return Py_XNewRef(PyDict_GetItemWithError(ns, name));
    }
    PyObject* value = PyObject_GetItem(ns, name);
    if (value == nullptr && _PyErr_ExceptionMatches(tstate, PyExc_KeyError)) {
        _PyErr_Clear(tstate);
    }
    return value;
}

PyObject* findInBuiltins(PyThreadState* tstate, PyObject* builtins, PyObject* name) {
    if (PyDict_CheckExact(builtins)) {
        PyObject* value = PyDict_GetItemWithError(builtins, name);
        if (value == nullptr && !_PyErr_Occurred(tstate)) {
            raiseNameError(tstate, PyExc_NameError, kNameNotDefined, name);
        }
        return Py_XNewRef(value);
    }
    PyObject* value = PyObject_GetItem(builtins, name);
    // The KeyError stays until the message is made, so that a name that cannot be encoded leaves
    // the encoding error, as in the interpreter.
    if (value == nullptr && _PyErr_ExceptionMatches(tstate, PyExc_KeyError)) {
        raiseNameError(tstate, PyExc_NameError, kNameNotDefined, name);
    }
    return value;
}

} // namespace

void keepSecond(PyObject* owned) {
    secondResult = owned;
}

PyObject* TakeSecondOrNull(PyThreadState* tstate, PyObject* first, PyObject* second) {
    return TakeSecond(tstate, first, second);
}

PyObject* TakeSecond(PyThreadState*, PyObject*, PyObject*) {
    return std::exchange(secondResult, nullptr);
}

void raiseNameError(PyThreadState* tstate, PyObject* type, const char* format, PyObject* name) {
    const char* text = PyUnicode_AsUTF8(name);
    if (text == nullptr) {
        return;
    }
    _PyErr_Format(tstate, type, format, text);
    if (type != PyExc_NameError) {
        return;
    }
    // The name is recorded for the suggestions that an uncaught error is printed with.
    PyObject *raisedType, *value, *traceback;
    PyErr_Fetch(&raisedType, &value, &traceback);
    PyErr_NormalizeException(&raisedType, &value, &traceback);
    if (PyErr_GivenExceptionMatches(value, PyExc_NameError) &&
        reinterpret_cast<PyNameErrorObject*>(value)->name == nullptr) {
        PyObject_SetAttr(value, &_Py_ID(name), name); // a failure is overwritten by the restore
    }
    PyErr_Restore(raisedType, value, traceback);
}

PyObject* LoadAttr(PyObject* object, PyObject* name) {
    return PyObject_GetAttr(object, name);
}

int64_t StoreAttr(PyObject* value, PyObject* object, PyObject* name) {
    return PyObject_SetAttr(object, name, value);
}

int64_t StoreInstanceValue(int64_t index, PyObject* value, PyObject* object, PyObject* name) {
    PyDictValues* values = *_PyObject_ValuesPointer(object);
    if (values == nullptr) {
        PyObject* dict = *_PyObject_ManagedDictPointer(object);
        if (dict == nullptr) {
            return PyObject_SetAttr(object, name, value);
        }
        Ref keep = Ref::borrow(dict);
        return PyDict_SetItem(dict, name, value);
    }
    PyObject* old = std::exchange(values->values[index], Py_NewRef(value));
    if (old == nullptr) {
        _PyDictValues_AddToInsertionOrder(values, index);
    } else {
        Py_DECREF(old);
    }
    return 0;
}

PyObject* BindMethod(PyObject* function, PyObject* self) {
    if (Py_IS_TYPE(function, &PyFunction_Type)) {
        return PyMethod_New(function, self);
    }
    return Py_TYPE(function)->tp_descr_get(function, self,
                                           reinterpret_cast<PyObject*>(Py_TYPE(self)));
}

int64_t DeleteAttr(PyObject* object, PyObject* name) {
    return PyObject_SetAttr(object, name, nullptr);
}

PyObject* LoadMethodFunction(PyObject* object, PyObject* name) {
    PyObject* found = nullptr;
    int isMethod = _PyObject_GetMethod(object, name, &found);
    if (found == nullptr) {
        return errorSentinel();
    }
    if (isMethod) {
        keepSecond(Py_NewRef(object));
        return found;
    }
    keepSecond(found);
    return nullptr;
}

PyObject* LoadGlobal(_PyInterpreterFrame* frame, PyObject* name) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* globals = frame->f_globals;
    PyObject* builtins = frame->f_builtins;
    if (PyDict_CheckExact(globals) && PyDict_CheckExact(builtins)) {
        PyObject* value = PyDict_GetItemWithError(globals, name);
        if (value != nullptr) {
            return Py_NewRef(value);
        }
        return _PyErr_Occurred(tstate) ? nullptr : findInBuiltins(tstate, builtins, name);
    }
    // If either is not exactly a dict, the interpreter subscripts both.
    PyObject* value = PyObject_GetItem(globals, name);
    if (value != nullptr) {
        return value;
    }
    if (!_PyErr_ExceptionMatches(tstate, PyExc_KeyError)) {
        return nullptr;
    }
    _PyErr_Clear(tstate);
    return findInBuiltins(tstate, builtins, name);
}

int64_t StoreGlobal(_PyInterpreterFrame* frame, PyObject* value, PyObject* name) {
    return PyDict_SetItem(frame->f_globals, name, value);
}

int64_t DeleteGlobal(_PyInterpreterFrame* frame, PyObject* name) {
    PyThreadState* tstate = _PyThreadState_GET();
    int status = PyDict_DelItem(frame->f_globals, name);
    if (status != 0 && _PyErr_ExceptionMatches(tstate, PyExc_KeyError)) {
        raiseNameError(tstate, PyExc_NameError, kNameNotDefined, name);
    }
    return status;
}

PyObject* LoadName(_PyInterpreterFrame* frame, PyObject* name) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* locals = frame->f_locals;
    if (locals == nullptr) {
        _PyErr_Format(tstate, PyExc_SystemError, "no locals when loading %R", name);
        return nullptr;
    }
    PyObject* value = findInNamespace(tstate, locals, name);
    if (value != nullptr || _PyErr_Occurred(tstate)) {
        return value;
    }
    value = PyDict_GetItemWithError(frame->f_globals, name);
    if (value != nullptr) {
        return Py_NewRef(value);
    }
    return _PyErr_Occurred(tstate) ? nullptr : findInBuiltins(tstate, frame->f_builtins, name);
}

int64_t StoreName(_PyInterpreterFrame* frame, PyObject* value, PyObject* name) {
    PyObject* locals = frame->f_locals;
    if (locals == nullptr) {
        PyErr_Format(PyExc_SystemError, "no locals found when storing %R", name);
        return -1;
    }
    if (PyDict_CheckExact(locals)) {
        return PyDict_SetItem(locals, name, value);
    }
    return PyObject_SetItem(locals, name, value);
}

int64_t DeleteName(_PyInterpreterFrame* frame, PyObject* name) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* locals = frame->f_locals;
    if (locals == nullptr) {
        _PyErr_Format(tstate, PyExc_SystemError, "no locals when deleting %R", name);
        return -1;
    }
    int status = PyObject_DelItem(locals, name);
    if (status != 0) { // whatever went wrong: the interpreter reports them all so
        raiseNameError(tstate, PyExc_NameError, kNameNotDefined, name);
    }
    return status;
}

PyObject* LoadClassDeref(_PyInterpreterFrame* frame, int64_t index, PyObject* cell) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* name = PyTuple_GET_ITEM(frame->f_code->co_localsplusnames, index);
    PyObject* value = findInNamespace(tstate, frame->f_locals, name);
    if (value != nullptr || _PyErr_Occurred(tstate)) {
        return value;
    }
    value = PyCell_GET(cell);
    if (value == nullptr) {
        RaiseUnbound(tstate, frame, index);
    }
    return Py_XNewRef(value);
}

int64_t RaiseUnbound(PyThreadState* tstate, _PyInterpreterFrame* frame, int64_t index) {
    PyCodeObject* code = frame->f_code;
    PyObject* name = PyTuple_GET_ITEM(code->co_localsplusnames, index);
    bool isFree = index >= code->co_nplaincellvars + code->co_nlocals;
    raiseNameError(tstate, isFree ? PyExc_NameError : PyExc_UnboundLocalError,
                   isFree ? kUnboundFree : kUnboundLocal, name);
    return -1;
}

PyObject* LoadBuildClass(_PyInterpreterFrame* frame) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* builtins = frame->f_builtins;
    PyObject* found;
    bool missing;
    if (PyDict_CheckExact(builtins)) {
        found = Py_XNewRef(_PyDict_GetItemWithError(builtins, &_Py_ID(__build_class__)));
        missing = found == nullptr && !_PyErr_Occurred(tstate);
    } else {
        found = PyObject_GetItem(builtins, &_Py_ID(__build_class__));
        missing = found == nullptr && _PyErr_ExceptionMatches(tstate, PyExc_KeyError);
    }
    if (missing) {
        _PyErr_SetString(tstate, PyExc_NameError, "__build_class__ not found");
    }
    return found;
}

int64_t SetupAnnotations(_PyInterpreterFrame* frame) {
    PyThreadState* tstate = _PyThreadState_GET();
    PyObject* locals = frame->f_locals;
    if (locals == nullptr) {
        _PyErr_Format(tstate, PyExc_SystemError, "no locals found when setting up annotations");
        return -1;
    }
    PyObject* key = &_Py_ID(__annotations__);
    Ref found(findInNamespace(tstate, locals, key));
    if (found) {
        return 0;
    }
    if (_PyErr_Occurred(tstate)) {
        return -1;
    }
    Ref annotations(PyDict_New());
    if (!annotations) {
        return -1;
    }
    return PyDict_CheckExact(locals) ? PyDict_SetItem(locals, key, annotations.get())
                                     : PyObject_SetItem(locals, key, annotations.get());
}

} // namespace pyston::rt
