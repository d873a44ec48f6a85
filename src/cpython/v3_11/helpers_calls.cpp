// Calls and iteration, and serving what may come between.
#include "cpython/v3_11/helpers_functions.h"

#include "cpython/v3_11/attribute_lookup.h"
#include "cpython/v3_11/c_calls.h"
#include "cpython/v3_11/call_arguments.h"
#include "cpython/v3_11/direct_call.h"
#include "cpython/v3_11/frames.h"
#include "cpython/v3_11/generators.h"
#include "cpython/v3_11/pending.h"
#include "cpython/v3_11/unwind.h"

namespace pyston::rt {
namespace {

constexpr int64_t kMostInitArguments = 16;

constexpr const char* kWhileCalling = " while calling a Python object";

size_t positionalCount(int64_t count, PyObject* kwnames) {
    return static_cast<size_t>(count - (kwnames == nullptr ? 0 : PyTuple_GET_SIZE(kwnames)));
}

void releaseArguments(PyObject** args, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        Py_DECREF(args[i]);
    }
}

// Calls with arguments that are released after the call, unless the function took them: a Python
// function owns its arguments, so that they die when it drops them. Anything else is released
// before its arguments, if it is `owned`.
PyObject* callStealing(PyThreadState* tstate, PyObject* callable, PyObject** args, int64_t count,
                       size_t flags, PyObject* kwnames, Ref* owned = nullptr) {
    size_t positional = positionalCount(count, kwnames) | flags;
    PyObject* result;
    bool isFunction = Py_IS_TYPE(callable, &PyFunction_Type);
    if (isFunction && host::tryCallStealing(tstate, callable, args, count, kwnames, &result)) {
        return result;
    }
    if (count > 0 && isFunction) {
        result = host::callOffering(tstate, callable, args, count, positional, kwnames);
    } else {
        result = host::callBuiltinDirectly(tstate, callable, args, PyVectorcall_NARGS(positional),
                                           kwnames);
        if (result == host::notCalled()) {
            result = _PyObject_VectorcallTstate(tstate, callable, args, positional, kwnames);
        }
    }
    if (owned != nullptr && !isFunction) {
        owned->reset();
    }
    releaseArguments(args, count);
    return result;
}

// A call of a C function by its own signature, which the interpreter counts as a level of
// recursion. (For METH_FASTCALL it does not, where it knows what it calls.)
PyObject* callCounted(PyThreadState* tstate, PyCFunction function, PyObject* self, PyObject* arg) {
    if (_Py_EnterRecursiveCallTstate(tstate, kWhileCalling)) {
        return nullptr;
    }
    PyObject* result = function(self, arg);
    _Py_LeaveRecursiveCallTstate(tstate);
    return result;
}

PyObject* newInstance(PyTypeObject* type) {
    static PyObject* const noArguments = PyTuple_New(0);
    return PyBaseObject_Type.tp_new(type, noArguments, nullptr);
}

void complainAboutInit(PyThreadState* tstate, PyObject* result) {
    _PyErr_Format(tstate, PyExc_TypeError, "__init__() should return None, not '%.200s'",
                  Py_TYPE(result)->tp_name);
}

// What follows in type_call(), whatever the class has. 0, or -1 with an exception set.
int initialize(PyObject* object, PyObject* const* args, int64_t count, PyObject* kwnames) {
    const Py_ssize_t numKeywords = kwnames != nullptr ? PyTuple_GET_SIZE(kwnames) : 0;
    const Py_ssize_t numPositional = count - numKeywords;
    Ref positional(PyTuple_New(numPositional));
    Ref keywords(numKeywords != 0 ? _PyStack_AsDict(args + numPositional, kwnames) : nullptr);
    if (!positional || (numKeywords != 0 && !keywords)) {
        return -1;
    }
    for (Py_ssize_t i = 0; i < numPositional; i++) {
        PyTuple_SET_ITEM(positional.get(), i, Py_NewRef(args[i]));
    }
    return Py_TYPE(object)->tp_init(object, positional.get(), keywords.get());
}

// type_call() and slot_tp_init(), without tuple and dict of arguments.
PyObject* instantiate(PyThreadState* tstate, PyTypeObject* type, PyObject* init, PyObject** args,
                      int64_t count, PyObject* kwnames) {
    Ref function = Ref::borrow(init);
    const unsigned int version = type->tp_version_tag;
    Ref object(newInstance(type));
    if (!object) {
        return nullptr;
    }
    // The collector may have run, and finalizers.
    if (type->tp_version_tag != version) {
        const int status = initialize(object.get(), args, count, kwnames);
        return status == 0 ? object.release() : nullptr;
    }
    // The caller's references live until the call is over: what the function gets are others.
    PyObject* own[kMostInitArguments + 1];
    own[0] = Py_NewRef(object.get());
    for (int64_t i = 0; i < count; i++) {
        own[i + 1] = Py_NewRef(args[i]);
    }
    Ref result(callStealing(tstate, init, own, count + 1, 0, kwnames));
    if (!result) {
        return nullptr;
    }
    if (result.get() != Py_None) {
        complainAboutInit(tstate, result.get());
        return nullptr;
    }
    return object.release();
}

// A call of a class whose instances are made in the ordinary way; false for any other.
bool tryInstantiate(PyThreadState* tstate, PyObject* callable, PyObject** args, int64_t count,
                    PyObject* kwnames, Ref* owned, PyObject** result) {
    auto* type = reinterpret_cast<PyTypeObject*>(callable);
    PyObject* init = count <= kMostInitArguments ? host::plainInit(type) : nullptr;
    if (init == nullptr || tstate->cframe->use_tracing) {
        return false;
    }
    *result = nullptr;
    if (_Py_EnterRecursiveCallTstate(tstate, kWhileCalling) == 0) {
        *result = instantiate(tstate, type, init, args, count, kwnames);
        _Py_LeaveRecursiveCallTstate(tstate);
    }
    owned->reset();
    releaseArguments(args, count);
    return true;
}

PyMethodDef* methodOf(PyObject* descriptor) {
    return reinterpret_cast<PyMethodDescrObject*>(descriptor)->d_method;
}

// A function with METH_FASTCALL, with or without METH_KEYWORDS.
PyObject* callFast(const PyMethodDef* method, PyObject* self, PyObject* const* args,
                   Py_ssize_t count) {
    auto function = reinterpret_cast<void (*)()>(method->ml_meth);
    if ((method->ml_flags & METH_KEYWORDS) != 0) {
        return reinterpret_cast<_PyCFunctionFastWithKeywords>(function)(self, args, count, nullptr);
    }
    return reinterpret_cast<_PyCFunctionFast>(function)(self, args, count);
}

// May the descriptor's function be called with `self` as it is? Whatever else it is, the
// interpreter makes the general call, which may refuse it, and counts a level of recursion.
bool isOwn(PyObject* descriptor, PyObject* self) {
    return Py_IS_TYPE(self, PyDescr_TYPE(descriptor));
}

// What `*args` holds as a tuple; null with an exception set.
Ref positionalTuple(PyThreadState* tstate, PyObject* callable, Ref iterable) {
    PyObject* args = iterable.get();
    if (PyTuple_CheckExact(args)) {
        return iterable;
    }
    if (Py_TYPE(args)->tp_iter == nullptr && !PySequence_Check(args)) {
        _PyErr_Clear(tstate);
        Ref name(_PyObject_FunctionStr(callable));
        if (name) {
            _PyErr_Format(tstate, PyExc_TypeError,
                          "%U argument after * must be an iterable, not %.200s", name.get(),
                          Py_TYPE(args)->tp_name);
        }
        return Ref();
    }
    return Ref(PySequence_Tuple(args));
}

// Whether object.__class__ is its type: no property, __getattribute__ or proxy says otherwise.
bool hasPlainClass(PyObject* object) {
    static PyObject* const plain =
        _PyType_Lookup(&PyBaseObject_Type, &_Py_ID(__class__)); // lives as long as the type
    PyTypeObject* type = Py_TYPE(object);
    return type->tp_getattro == PyObject_GenericGetAttr &&
           _PyType_Lookup(type, &_Py_ID(__class__)) == plain;
}

} // namespace

void explainKeywordError(PyThreadState* tstate, PyObject* callable, PyObject* mapping) {
    if (_PyErr_ExceptionMatches(tstate, PyExc_AttributeError)) { // it has no keys()
        _PyErr_Clear(tstate);
        Ref name(_PyObject_FunctionStr(callable));
        if (name) {
            _PyErr_Format(tstate, PyExc_TypeError,
                          "%U argument after ** must be a mapping, not %.200s", name.get(),
                          Py_TYPE(mapping)->tp_name);
        }
        return;
    }
    if (!_PyErr_ExceptionMatches(tstate, PyExc_KeyError)) {
        return;
    }
    // A duplicate key: the merge leaves a KeyError that is not normalized, with the key in a tuple.
    PyObject *type, *value, *traceback;
    _PyErr_Fetch(tstate, &type, &value, &traceback);
    if (value == nullptr || !PyTuple_Check(value) || PyTuple_GET_SIZE(value) != 1) {
        _PyErr_Restore(tstate, type, value, traceback);
        return;
    }
    Ref ownedType(type), ownedValue(value), ownedTraceback(traceback);
    Ref name(_PyObject_FunctionStr(callable));
    if (name) {
        _PyErr_Format(tstate, PyExc_TypeError, "%U got multiple values for keyword argument '%S'",
                      name.get(), PyTuple_GET_ITEM(value, 0));
    }
}

PyObject* RangeIterator(PyObject* range) {
    return PyObject_GetIter(range);
}

PyObject* GetIter(PyObject* iterable) {
    return PyObject_GetIter(iterable);
}

PyObject* IterNext(PyThreadState* tstate, PyObject* iterator) {
    PyObject* item;
    if (PyGen_CheckExact(iterator)) {
        auto* generator = reinterpret_cast<PyGenObject*>(iterator);
        switch (host::sendNative(tstate, generator, Py_None, &item)) {
        case host::Sent::kYielded:
            return item;
        case host::Sent::kReturned:
            Py_DECREF(item);
            return nullptr;
        case host::Sent::kRaised: // never StopIteration
            return errorSentinel();
        case host::Sent::kNot:
            break;
        }
    }
    item = Py_TYPE(iterator)->tp_iternext(iterator);
    if (item != nullptr || !_PyErr_Occurred(tstate)) {
        return item;
    }
    if (!_PyErr_ExceptionMatches(tstate, PyExc_StopIteration)) {
        return errorSentinel();
    }
    host::traceException(tstate); // since __next__, perhaps
    _PyErr_Clear(tstate);
    return nullptr;
}

PyObject* RangeNew(int64_t start, int64_t stop, int64_t step) {
    Ref ints[] = {Ref(PyLong_FromLongLong(start)), Ref(PyLong_FromLongLong(stop)),
                  Ref(PyLong_FromLongLong(step))};
    if (!ints[0] || !ints[1] || !ints[2]) {
        return nullptr;
    }
    PyObject* arguments[] = {ints[0].get(), ints[1].get(), ints[2].get()};
    return PyObject_Vectorcall(reinterpret_cast<PyObject*>(&PyRange_Type), arguments, 3, nullptr);
}

PyObject* Call(PyThreadState* tstate, PyObject* kwnames, PyObject* callable, PyObject** args,
               int64_t count) {
    Ref owned(callable);
    if (Py_IS_TYPE(callable, &PyMethod_Type)) {
        auto* method = reinterpret_cast<PyMethodObject*>(callable);
        args[-1] = Py_NewRef(method->im_self);
        owned.reset(Py_NewRef(method->im_func)); // the bound method dies before the call
        return callStealing(tstate, owned.get(), args - 1, count + 1, 0, kwnames, &owned);
    }
    PyObject* result;
    if (Py_IS_TYPE(callable, &PyType_Type) &&
        tryInstantiate(tstate, callable, args, count, kwnames, &owned, &result)) {
        return result;
    }
    return callStealing(tstate, callable, args, count, PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames,
                        &owned);
}

PyObject* CallMethod(PyThreadState* tstate, PyObject* kwnames, PyObject* function,
                     PyObject* selfOrCallable, PyObject** args, int64_t count) {
    if (function == nullptr) {
        return Call(tstate, kwnames, selfOrCallable, args, count);
    }
    args[-1] = selfOrCallable;
    return callStealing(tstate, function, args - 1, count + 1, 0, kwnames);
}

// The mapping and the iterable die as soon as there are a dict and a tuple of them; the callable,
// the tuple and the dict, in this order, after the call: what was declared last goes first.
PyObject* CallEx(PyThreadState* tstate, PyObject* stolenCallable, PyObject* stolenArgs,
                 PyObject* stolenMapping) {
    Ref keywords(stolenMapping);
    Ref positional(stolenArgs);
    Ref callable(stolenCallable);
    if (stolenMapping != nullptr && !PyDict_CheckExact(stolenMapping)) {
        Ref merged(PyDict_New());
        if (!merged) {
            return nullptr;
        }
        if (_PyDict_MergeEx(merged.get(), stolenMapping, 2) < 0) {
            explainKeywordError(tstate, callable.get(), stolenMapping);
            keywords.reset();
            positional.reset();
            return nullptr;
        }
        keywords = std::move(merged);
    }
    positional = positionalTuple(tstate, callable.get(), std::move(positional));
    if (!positional) {
        return nullptr;
    }
    return PyObject_Call(callable.get(), positional.get(), keywords.get());
}

PyObject* CallDirect(PyThreadState* tstate, int64_t codeData, PyObject* function, PyObject** args,
                     int64_t count) {
    return host::callDirect(tstate, reinterpret_cast<runtime::CodeData*>(codeData), function, args,
                            count);
}

PyObject* NewInstance(PyObject* type) {
    return newInstance(reinterpret_cast<PyTypeObject*>(type));
}

int64_t InitInstance(PyObject* kwnames, PyObject** args, int64_t count) {
    return initialize(args[0], args + 1, count - 1, kwnames);
}

int64_t RefuseInitResult(PyThreadState* tstate, PyObject* result) {
    complainAboutInit(tstate, result);
    return -1;
}

void ClearFrame(PyThreadState* tstate, int64_t frame) {
    host::clearAndPopFrame(tstate, reinterpret_cast<Frame*>(frame));
}

PyObject* CallCFunctionO(PyThreadState* tstate, PyObject* function, PyObject* arg) {
    PyObject* result = callCounted(tstate, PyCFunction_GET_FUNCTION(function),
                                   PyCFunction_GET_SELF(function), arg);
    Py_DECREF(arg);
    return result;
}

PyObject* CallCFunctionFast(PyThreadState*, PyObject* function, PyObject** args, int64_t count) {
    PyObject* result = callFast(reinterpret_cast<PyCFunctionObject*>(function)->m_ml,
                                PyCFunction_GET_SELF(function), args, count);
    for (int64_t i = 0; i < count; i++) {
        Py_DECREF(args[i]);
    }
    return result;
}

PyObject* CallMethodDescrO(PyThreadState* tstate, PyObject* descriptor, PyObject* self,
                           PyObject* arg) {
    if (!isOwn(descriptor, self)) [[unlikely]] {
        PyObject* args[] = {self, arg};
        return _PyObject_VectorcallTstate(tstate, descriptor, args, 2, nullptr);
    }
    return callCounted(tstate, methodOf(descriptor)->ml_meth, self, arg);
}

PyObject* CallMethodDescrNoArgs(PyThreadState* tstate, PyObject* descriptor, PyObject* self) {
    if (!isOwn(descriptor, self)) [[unlikely]] {
        return _PyObject_VectorcallTstate(tstate, descriptor, &self, 1, nullptr);
    }
    return callCounted(tstate, methodOf(descriptor)->ml_meth, self, nullptr);
}

PyObject* CallMethodDescrFast(PyThreadState* tstate, PyObject* descriptor, PyObject** args,
                              int64_t count) {
    if (!isOwn(descriptor, args[0])) [[unlikely]] {
        return _PyObject_VectorcallTstate(tstate, descriptor, args, static_cast<size_t>(count),
                                          nullptr);
    }
    return callFast(methodOf(descriptor), args[0], args + 1, count - 1);
}

PyObject* CallTypeOne(PyObject* type, PyObject* arg) {
    if (type == reinterpret_cast<PyObject*>(&PyUnicode_Type)) {
        return PyObject_Str(arg);
    }
    if (type == reinterpret_cast<PyObject*>(&PyTuple_Type)) {
        return PySequence_Tuple(arg);
    }
    return PyObject_CallOneArg(type, arg);
}

int64_t IsInstance(PyObject* object, PyObject* type) {
    if (Py_IS_TYPE(object, reinterpret_cast<PyTypeObject*>(type))) {
        return 1;
    }
    if (PyType_CheckExact(type)) { // so that it has no __instancecheck__ of its own
        if (PyType_IsSubtype(Py_TYPE(object), reinterpret_cast<PyTypeObject*>(type))) {
            return 1;
        }
        if (hasPlainClass(object)) {
            return 0;
        }
    } else if (PyTuple_CheckExact(type)) {
        if (Py_EnterRecursiveCall(" in __instancecheck__") != 0) {
            return -1;
        }
        int64_t result = 0;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type) && result == 0; i++) {
            result = IsInstance(object, PyTuple_GET_ITEM(type, i));
        }
        Py_LeaveRecursiveCall();
        return result;
    }
    return PyObject_IsInstance(object, type);
}

PyObject* Len(PyObject* object) {
    Py_ssize_t length = PyObject_Length(object);
    return length < 0 ? nullptr : PyLong_FromSsize_t(length);
}

} // namespace pyston::rt
