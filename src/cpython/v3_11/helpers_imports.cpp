// The import statement.
#include "cpython/v3_11/helpers_functions.h"

namespace pyston::rt {
namespace {

// ImportError for a name that a module has not. `moduleName` may be null.
void raiseCannotImport(PyThreadState* tstate, PyObject* module, PyObject* name,
                       PyObject* moduleName) {
    Ref path(PyModule_GetFilenameObject(module));
    Ref shownName = moduleName != nullptr ? Ref::borrow(moduleName)
                                          : Ref(PyUnicode_FromString("<unknown module name>"));
    if (!shownName) {
        return;
    }
    Ref message;
    if (!path || !PyUnicode_Check(path.get())) {
        path.reset();
        _PyErr_Clear(tstate);
        message.reset(PyUnicode_FromFormat("cannot import name %R from %R (unknown location)", name,
                                           shownName.get()));
    } else {
        Ref spec(PyObject_GetAttr(module, &_Py_ID(__spec__)));
        const char* format = _PyModuleSpec_IsInitializing(spec.get())
                                 ? "cannot import name %R from partially initialized module %R "
                                   "(most likely due to a circular import) (%S)"
                                 : "cannot import name %R from %R (%S)";
        message.reset(PyUnicode_FromFormat(format, name, shownName.get(), path.get()));
    }
    PyErr_SetImportError(message.get(), moduleName, path.get()); // copes with a null message
}

// TypeError for a name of `from m import *` that is not a str.
void raiseBadExport(PyThreadState* tstate, PyObject* module, PyObject* name, bool fromDict) {
    Ref moduleName(PyObject_GetAttr(module, &_Py_ID(__name__)));
    if (!moduleName) {
        return;
    }
    if (!PyUnicode_Check(moduleName.get())) {
        _PyErr_Format(tstate, PyExc_TypeError, "module __name__ must be a string, not %.100s",
                      Py_TYPE(moduleName.get())->tp_name);
        return;
    }
    _PyErr_Format(tstate, PyExc_TypeError, "%s in %U.%s must be str, not %.100s",
                  fromDict ? "Key" : "Item", moduleName.get(), fromDict ? "__dict__" : "__all__",
                  Py_TYPE(name)->tp_name);
}

// The names that `from module import *` binds; null with an exception set.
Ref exportedNames(PyThreadState* tstate, PyObject* module, bool* fromDict) {
    *fromDict = false;
    PyObject* all;
    if (_PyObject_LookupAttr(module, &_Py_ID(__all__), &all) < 0) {
        return Ref();
    }
    if (all != nullptr) {
        return Ref(all);
    }
    *fromDict = true;
    PyObject* dict;
    if (_PyObject_LookupAttr(module, &_Py_ID(__dict__), &dict) < 0) {
        return Ref();
    }
    if (dict == nullptr) {
        _PyErr_SetString(tstate, PyExc_ImportError,
                         "from-import-* object has no __dict__ and no __all__");
        return Ref();
    }
    Ref owner(dict);
    return Ref(PyMapping_Keys(dict));
}

// 1 when the name was bound, 0 when it is private, -1 with an exception set.
int exportName(PyThreadState* tstate, PyObject* locals, PyObject* module, PyObject* name,
               bool fromDict) {
    if (!PyUnicode_Check(name)) {
        raiseBadExport(tstate, module, name, fromDict);
        return -1;
    }
    if (fromDict) {
        if (PyUnicode_READY(name) == -1) {
            return -1;
        }
        if (PyUnicode_READ_CHAR(name, 0) == '_') {
            return 0;
        }
    }
    Ref value(PyObject_GetAttr(module, name));
    if (!value) {
        return -1;
    }
    int status = PyDict_CheckExact(locals) ? PyDict_SetItem(locals, name, value.get())
                                           : PyObject_SetItem(locals, name, value.get());
    return status != 0 ? -1 : 1;
}

} // namespace

PyObject* ImportName(PyThreadState* tstate, _PyInterpreterFrame* frame, PyObject* name,
                     PyObject* fromlist, PyObject* level) {
    PyObject* function = _PyDict_GetItemWithError(frame->f_builtins, &_Py_ID(__import__));
    if (function == nullptr) {
        if (!_PyErr_Occurred(tstate)) {
            _PyErr_SetString(tstate, PyExc_ImportError, "__import__ not found");
        }
        return nullptr;
    }
    PyObject* locals = frame->f_locals == nullptr ? Py_None : frame->f_locals;
    if (function == tstate->interp->import_func) {
        int levelValue = _PyLong_AsInt(level);
        if (levelValue == -1 && _PyErr_Occurred(tstate)) {
            return nullptr;
        }
        return PyImport_ImportModuleLevelObject(name, frame->f_globals, locals, fromlist,
                                                levelValue);
    }
    Ref owner = Ref::borrow(function);
    PyObject* arguments[] = {name, frame->f_globals, locals, fromlist, level};
    return _PyObject_VectorcallTstate(tstate, function, arguments, 5, nullptr);
}

PyObject* ImportFrom(PyThreadState* tstate, PyObject* module, PyObject* name) {
    PyObject* value;
    if (_PyObject_LookupAttr(module, name, &value) != 0) {
        return value;
    }
    // In a circular import a submodule may be in sys.modules before it is an attribute.
    Ref moduleName(PyObject_GetAttr(module, &_Py_ID(__name__)));
    if (moduleName && !PyUnicode_Check(moduleName.get())) {
        moduleName.reset();
    }
    if (moduleName) {
        Ref fullName(PyUnicode_FromFormat("%U.%U", moduleName.get(), name));
        if (!fullName) {
            return nullptr;
        }
        value = PyImport_GetModule(fullName.get());
        if (value != nullptr || _PyErr_Occurred(tstate)) {
            return value;
        }
    }
    raiseCannotImport(tstate, module, name, moduleName.get());
    return nullptr;
}

// The compiler allows `import *` at module level only. Such a frame has its namespace in f_locals
// and no fast locals, so that the copying to and fro that the interpreter does around it has
// nothing to copy.
int64_t ImportStar(PyThreadState* tstate, _PyInterpreterFrame* frame, PyObject* module) {
    PyObject* locals = frame->f_locals;
    if (locals == nullptr) {
        _PyErr_SetString(tstate, PyExc_SystemError, "no locals found during 'import *'");
        return -1;
    }
    bool fromDict;
    Ref names = exportedNames(tstate, module, &fromDict);
    if (!names) {
        return -1;
    }
    for (Py_ssize_t i = 0;; i++) {
        Ref name(PySequence_GetItem(names.get(), i));
        if (!name) {
            if (!_PyErr_ExceptionMatches(tstate, PyExc_IndexError)) {
                return -1;
            }
            _PyErr_Clear(tstate);
            return 0;
        }
        if (exportName(tstate, locals, module, name.get(), fromDict) < 0) {
            return -1;
        }
    }
}

} // namespace pyston::rt
