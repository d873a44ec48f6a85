// Structural pattern matching (PEP 634).
#include "cpython/v3_11/helpers_functions.h"

namespace pyston::rt {
namespace {

// Notes `key` as seen. 1 when it is new, 0 when it was seen before, -1 with an exception set.
int noteSeen(PyObject* seen, PyObject* key) {
    int contained = PySet_Contains(seen, key);
    if (contained != 0) {
        return contained < 0 ? -1 : 0;
    }
    return PySet_Add(seen, key) < 0 ? -1 : 1;
}

// Collects the attributes that a class pattern names.
class ClassMatch {
  public:
    ClassMatch(PyThreadState* tstate, PyObject* subject, PyObject* type)
        : tstate_(tstate), subject_(subject), type_(type), seen_(PySet_New(nullptr)),
          attributes_(PyList_New(0)) {}

    const char* typeName() const { return reinterpret_cast<PyTypeObject*>(type_)->tp_name; }

    // All these: false when there is no match, or with an exception set.
    bool matchPositional(Py_ssize_t count);
    bool matchKeywords(PyObject* names);

    PyObject* result() { return PyList_AsTuple(attributes_.get()); }
    bool isReady() const { return seen_ && attributes_; }

  private:
    bool addAttribute(PyObject* name);
    bool addSubject() { return PyList_Append(attributes_.get(), subject_) == 0; }
    // __match_args__, or an empty tuple when the class has none.
    Ref matchArgs(bool* matchesSelf);

    PyThreadState* tstate_;
    PyObject* subject_;
    PyObject* type_;
    Ref seen_;
    Ref attributes_;
};

bool ClassMatch::addAttribute(PyObject* name) {
    int isNew = noteSeen(seen_.get(), name);
    if (isNew <= 0) {
        if (isNew == 0) {
            _PyErr_Format(tstate_, PyExc_TypeError,
                          "%s() got multiple sub-patterns for attribute %R", typeName(), name);
        }
        return false;
    }
    Ref attribute(PyObject_GetAttr(subject_, name));
    if (!attribute) {
        if (_PyErr_ExceptionMatches(tstate_, PyExc_AttributeError)) {
            _PyErr_Clear(tstate_);
        }
        return false;
    }
    return PyList_Append(attributes_.get(), attribute.get()) == 0;
}

Ref ClassMatch::matchArgs(bool* matchesSelf) {
    *matchesSelf = false;
    Ref args(PyObject_GetAttrString(type_, "__match_args__"));
    if (args) {
        if (!PyTuple_CheckExact(args.get())) {
            _PyErr_Format(tstate_, PyExc_TypeError, "%s.__match_args__ must be a tuple (got %s)",
                          typeName(), Py_TYPE(args.get())->tp_name);
            args.reset();
        }
        return args;
    }
    if (!_PyErr_ExceptionMatches(tstate_, PyExc_AttributeError)) {
        return args;
    }
    _PyErr_Clear(tstate_);
    *matchesSelf =
        PyType_HasFeature(reinterpret_cast<PyTypeObject*>(type_), _Py_TPFLAGS_MATCH_SELF) != 0;
    return Ref(PyTuple_New(0));
}

bool ClassMatch::matchPositional(Py_ssize_t count) {
    if (count == 0) {
        return true;
    }
    bool matchesSelf;
    Ref args = matchArgs(&matchesSelf);
    if (!args) {
        return false;
    }
    Py_ssize_t allowed = matchesSelf ? 1 : PyTuple_GET_SIZE(args.get());
    if (allowed < count) {
        _PyErr_Format(tstate_, PyExc_TypeError,
                      "%s() accepts %zd positional sub-pattern%s (%zd given)", typeName(), allowed,
                      allowed == 1 ? "" : "s", count);
        return false;
    }
    if (matchesSelf) {
        return addSubject();
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject* name = PyTuple_GET_ITEM(args.get(), i);
        if (!PyUnicode_CheckExact(name)) {
            _PyErr_Format(tstate_, PyExc_TypeError,
                          "__match_args__ elements must be strings (got %s)",
                          Py_TYPE(name)->tp_name);
            return false;
        }
        if (!addAttribute(name)) {
            return false;
        }
    }
    return true;
}

bool ClassMatch::matchKeywords(PyObject* names) {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(names); i++) {
        if (!addAttribute(PyTuple_GET_ITEM(names, i))) {
            return false;
        }
    }
    return true;
}

// The tuple of attributes; null when there is no match, or with an exception set.
PyObject* matchClass(PyThreadState* tstate, PyObject* subject, PyObject* type, Py_ssize_t count,
                     PyObject* names) {
    if (!PyType_Check(type)) {
        _PyErr_SetString(tstate, PyExc_TypeError, "called match pattern must be a type");
        return nullptr;
    }
    if (PyObject_IsInstance(subject, type) <= 0) {
        return nullptr;
    }
    ClassMatch match(tstate, subject, type);
    if (!match.isReady() || !match.matchPositional(count) || !match.matchKeywords(names)) {
        return nullptr;
    }
    return match.result();
}

} // namespace

int64_t MatchMapping(PyObject* subject) {
    return PyType_HasFeature(Py_TYPE(subject), Py_TPFLAGS_MAPPING) != 0;
}

int64_t MatchSequence(PyObject* subject) {
    return PyType_HasFeature(Py_TYPE(subject), Py_TPFLAGS_SEQUENCE) != 0;
}

PyObject* GetLen(PyObject* object) {
    Py_ssize_t length = PyObject_Length(object);
    return length < 0 ? nullptr : PyLong_FromSsize_t(length);
}

// Through the two-argument form of get(), so that no key is made by a __missing__.
PyObject* MatchKeys(PyThreadState* tstate, PyObject* mapping, PyObject* keys) {
    Py_ssize_t count = PyTuple_GET_SIZE(keys);
    if (count == 0) {
        return PyTuple_New(0);
    }
    PyObject* found = nullptr;
    int isMethod = _PyObject_GetMethod(mapping, &_Py_ID(get), &found);
    Ref get(found);
    Ref seen(get ? PySet_New(nullptr) : nullptr);
    Ref missing(seen ? _PyObject_CallNoArgs(reinterpret_cast<PyObject*>(&PyBaseObject_Type))
                     : nullptr);
    Ref values(missing ? PyTuple_New(count) : nullptr);
    if (!values) {
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject* key = PyTuple_GET_ITEM(keys, i);
        int isNew = noteSeen(seen.get(), key);
        if (isNew <= 0) {
            if (isNew == 0) {
                _PyErr_Format(tstate, PyExc_ValueError, "mapping pattern checks duplicate key (%R)",
                              key);
            }
            return nullptr;
        }
        PyObject* arguments[] = {mapping, key, missing.get()};
        PyObject* value = isMethod ? PyObject_Vectorcall(get.get(), arguments, 3, nullptr)
                                   : PyObject_Vectorcall(get.get(), arguments + 1, 2, nullptr);
        if (value == nullptr) {
            return nullptr;
        }
        if (value == missing.get()) {
            Py_DECREF(value);
            return Py_NewRef(Py_None);
        }
        PyTuple_SET_ITEM(values.get(), i, value);
    }
    return values.release();
}

PyObject* MatchClass(PyThreadState* tstate, int64_t count, PyObject* subject, PyObject* type,
                     PyObject* names) {
    PyObject* attributes = matchClass(tstate, subject, type, count, names);
    if (attributes != nullptr || _PyErr_Occurred(tstate)) {
        return attributes;
    }
    return Py_NewRef(Py_None);
}

} // namespace pyston::rt
