// except*: matching part of an exception group, and what is raised after all clauses ran (PEP 654).
// The interpreter does not export these; the rules are those of exceptions.c.
#include "cpython/v3_11/helpers_functions.h"

namespace pyston::rt {
namespace {

bool isGroup(PyObject* exception) {
    return _PyBaseExceptionGroup_Check(exception);
}

PyBaseExceptionGroupObject* asGroup(PyObject* exception) {
    return reinterpret_cast<PyBaseExceptionGroupObject*>(exception);
}

PyObject* newGroup(PyObject* exceptions) {
    return PyObject_CallFunction(PyExc_BaseExceptionGroup, "sO", "", exceptions);
}

// Counts a level of C recursion while it lives. Test it before going on.
class RecursionLevel {
  public:
    explicit RecursionLevel(const char* where) : entered_(_Py_EnterRecursiveCall(where) == 0) {}
    RecursionLevel(const RecursionLevel&) = delete;
    RecursionLevel& operator=(const RecursionLevel&) = delete;
    ~RecursionLevel() {
        if (entered_) {
            _Py_LeaveRecursiveCall();
        }
    }
    explicit operator bool() const { return entered_; }

  private:
    bool entered_;
};

// The clause's class or classes must be exceptions, and not groups. False with an exception set.
bool checkStarType(PyThreadState* tstate, PyObject* type) {
    if (!checkCatchable(tstate, type)) {
        return false;
    }
    PyObject* const* classes = &type;
    Py_ssize_t count = 1;
    if (PyTuple_Check(type)) {
        classes = _PyTuple_ITEMS(type);
        count = PyTuple_GET_SIZE(type);
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        int isGroupClass = PyObject_IsSubclass(classes[i], PyExc_BaseExceptionGroup);
        if (isGroupClass < 0) {
            return false;
        }
        if (isGroupClass) {
            _PyErr_SetString(tstate, PyExc_TypeError,
                             "catching ExceptionGroup with except* is not allowed. "
                             "Use except instead.");
            return false;
        }
    }
    return true;
}

// Splits into (rest, match), None where there is none. False with an exception set.
bool matchGroup(PyObject* exception, PyObject* type, Ref* rest, Ref* match) {
    *rest = Ref::borrow(Py_None);
    *match = Ref::borrow(Py_None);
    if (exception == Py_None) {
        return true;
    }
    if (PyErr_GivenExceptionMatches(exception, type)) {
        if (isGroup(exception)) {
            *match = Ref::borrow(exception);
            return true;
        }
        Ref single(PyTuple_Pack(1, exception));
        match->reset(single ? newGroup(single.get()) : nullptr);
        return static_cast<bool>(*match);
    }
    if (!isGroup(exception)) {
        return true;
    }
    Ref pair(PyObject_CallMethod(exception, "split", "(O)", type));
    if (!pair) {
        return false;
    }
    *match = Ref::borrow(PyTuple_GET_ITEM(pair.get(), 0));
    *rest = Ref::borrow(PyTuple_GET_ITEM(pair.get(), 1));
    return true;
}

bool haveSameMetadata(PyObject* left, PyObject* right) {
    auto* a = reinterpret_cast<PyBaseExceptionObject*>(left);
    auto* b = reinterpret_cast<PyBaseExceptionObject*>(right);
    return a->notes == b->notes && a->traceback == b->traceback && a->cause == b->cause &&
           a->context == b->context;
}

// Adds the addresses of all leaves of `exception` to a set. False with an exception set.
bool collectLeaves(PyObject* exception, PyObject* leaves) {
    if (exception == Py_None) {
        return true;
    }
    if (!isGroup(exception)) {
        Ref id(PyLong_FromVoidPtr(exception));
        return id && PySet_Add(leaves, id.get()) == 0;
    }
    PyObject* parts = asGroup(exception)->excs;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parts); i++) {
        RecursionLevel level(" in collect_exception_group_leaf_ids");
        if (!level || !collectLeaves(PyTuple_GET_ITEM(parts, i), leaves)) {
            return false;
        }
    }
    return true;
}

bool copyNotes(PyObject* from, PyObject* to) {
    if (!PyObject_HasAttr(from, &_Py_ID(__notes__))) {
        return true;
    }
    Ref notes(PyObject_GetAttr(from, &_Py_ID(__notes__)));
    if (!notes) {
        return false;
    }
    if (!PySequence_Check(notes.get())) {
        return true;
    }
    Ref copy(PySequence_List(notes.get()));
    return copy && PyObject_SetAttr(to, &_Py_ID(__notes__), copy.get()) == 0;
}

// A group of `parts` (a list) with the class and metadata of `original`; sets `result` to null when
// there are no parts. False with an exception set.
bool deriveGroup(PyObject* original, PyObject* parts, Ref* result) {
    if (PyList_GET_SIZE(parts) == 0) {
        return true;
    }
    Ref group(PyObject_CallMethod(original, "derive", "(O)", parts));
    if (!group) {
        return false;
    }
    if (!isGroup(group.get())) {
        PyErr_SetString(PyExc_TypeError, "derive must return an instance of BaseExceptionGroup");
        return false;
    }
    Ref traceback(PyException_GetTraceback(original));
    if (traceback && PyException_SetTraceback(group.get(), traceback.get()) < 0) {
        return false;
    }
    PyException_SetContext(group.get(), PyException_GetContext(original));
    PyException_SetCause(group.get(), PyException_GetCause(original));
    if (!copyNotes(original, group.get())) {
        return false;
    }
    *result = std::move(group);
    return true;
}

// The part of `exception` whose leaves are in the set, with the nesting of the original; null when
// there is none. False with an exception set.
bool projectOnto(PyObject* exception, PyObject* leaves, Ref* result) {
    if (!isGroup(exception)) {
        Ref id(PyLong_FromVoidPtr(exception));
        int contained = id ? PySet_Contains(leaves, id.get()) : -1;
        if (contained > 0) {
            *result = Ref::borrow(exception);
        }
        return contained >= 0;
    }
    Ref kept(PyList_New(0));
    if (!kept) {
        return false;
    }
    PyObject* parts = asGroup(exception)->excs;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(parts); i++) {
        RecursionLevel level(" in exceptiongroup_split_recursive");
        Ref part;
        if (!level || !projectOnto(PyTuple_GET_ITEM(parts, i), leaves, &part)) {
            return false;
        }
        if (part && PyList_Append(kept.get(), part.get()) < 0) {
            return false;
        }
    }
    return deriveGroup(exception, kept.get(), result);
}

// What of the list `reraised` came from `original`, in its shape.
bool reraisedPart(PyObject* original, PyObject* reraised, Ref* result) {
    Ref leaves(PySet_New(nullptr));
    if (!leaves) {
        return false;
    }
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(reraised); i++) {
        if (!collectLeaves(PyList_GET_ITEM(reraised, i), leaves.get())) {
            return false;
        }
    }
    return projectOnto(original, leaves.get(), result);
}

} // namespace

// The tuple is what CHECK_EG_MATCH leaves on the stack: without a match the exception itself stays.
PyObject* CheckEgMatch(PyThreadState* tstate, PyObject* exception, PyObject* type) {
    Ref rest, match;
    if (!checkStarType(tstate, type) || !matchGroup(exception, type, &rest, &match)) {
        return nullptr;
    }
    if (match.get() == Py_None) {
        return PyTuple_Pack(2, exception, Py_None);
    }
    PyObject* pair = PyTuple_Pack(2, rest.get(), match.get());
    if (pair != nullptr) {
        PyErr_SetExcInfo(nullptr, match.release(), nullptr);
    }
    return pair;
}

PyObject* PrepReraiseStar(PyObject* original, PyObject* exceptions) {
    Py_ssize_t count = PyList_GET_SIZE(exceptions);
    if (count == 0) {
        return Py_NewRef(Py_None);
    }
    if (!isGroup(original)) { // it was wrapped, so only one clause can have run
        return Py_NewRef(PyList_GET_ITEM(exceptions, 0));
    }
    Ref raised(PyList_New(0));
    Ref reraised(PyList_New(0));
    if (!raised || !reraised) {
        return nullptr;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject* exception = PyList_GET_ITEM(exceptions, i);
        if (exception == Py_None) {
            continue;
        }
        PyObject* list = haveSameMetadata(exception, original) ? reraised.get() : raised.get();
        if (PyList_Append(list, exception) < 0) {
            return nullptr;
        }
    }
    Ref again;
    if (!reraisedPart(original, reraised.get(), &again)) {
        return nullptr;
    }
    if (PyList_GET_SIZE(raised.get()) == 0) {
        return again ? again.release() : Py_NewRef(Py_None);
    }
    if (again && PyList_Append(raised.get(), again.get()) < 0) {
        return nullptr;
    }
    return newGroup(raised.get());
}

} // namespace pyston::rt
