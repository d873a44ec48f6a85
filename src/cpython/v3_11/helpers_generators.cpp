// Delegation, awaiting, asynchronous iteration.
#include "cpython/v3_11/helpers_functions.h"

#include "cpython/v3_11/generators.h"

#include "pycore_genobject.h"

namespace pyston::rt {
namespace {

// genobject.c's, which has no header; its size is checked before one is made.
struct WrappedValue {
    PyObject_HEAD PyObject* value;
};

using host::AsyncSend;

bool isCoroutine(PyObject* object) {
    if (PyCoro_CheckExact(object)) {
        return true;
    }
    return PyGen_CheckExact(object) &&
           (reinterpret_cast<PyGenObject*>(object)->gi_code->co_flags & CO_ITERABLE_COROUTINE) != 0;
}

// The iterator that `await object` runs.
PyObject* awaitableIterator(PyObject* object) {
    if (isCoroutine(object)) {
        return Py_NewRef(object);
    }
    PyTypeObject* type = Py_TYPE(object);
    if (type->tp_as_async == nullptr || type->tp_as_async->am_await == nullptr) {
        PyErr_Format(PyExc_TypeError, "object %.100s can't be used in 'await' expression",
                     type->tp_name);
        return nullptr;
    }
    Ref iterator(type->tp_as_async->am_await(object));
    if (!iterator) {
        return nullptr;
    }
    if (isCoroutine(iterator.get())) {
        PyErr_SetString(PyExc_TypeError, "__await__() returned a coroutine");
        return nullptr;
    }
    if (!PyIter_Check(iterator.get())) {
        PyErr_Format(PyExc_TypeError, "__await__() returned non-iterator of type '%.100s'",
                     Py_TYPE(iterator.get())->tp_name);
        return nullptr;
    }
    return iterator.release();
}

// True when the coroutine is suspended in an `await` (its next instruction resumes a delegation).
bool isAwaiting(PyObject* coroutine) {
    auto* generator = reinterpret_cast<PyGenObject*>(coroutine);
    if (generator->gi_frame_state != FRAME_SUSPENDED) { // see running_generators.h
        return false;
    }
    auto* frame = reinterpret_cast<_PyInterpreterFrame*>(generator->gi_iframe);
    _Py_CODEUNIT next = frame->prev_instr[1];
    int opcode = _Py_OPCODE(next);
    return (opcode == RESUME || opcode == RESUME_QUICK) && _Py_OPARG(next) >= 2;
}

// `async with` says which method returned what cannot be awaited.
void explainAwaitable(PyThreadState* tstate, PyTypeObject* type, int64_t where) {
    if (type->tp_as_async != nullptr && type->tp_as_async->am_await != nullptr) {
        return;
    }
    if (where == 1 || where == 2) {
        _PyErr_Format(tstate, PyExc_TypeError,
                      "'async with' received an object from %s that does not implement "
                      "__await__: %.100s",
                      where == 1 ? "__aenter__" : "__aexit__", type->tp_name);
    }
}

// async_gen_asend_iternext(), but what the generator yields is returned right away, not by way of
// StopIteration.
host::Sent sendToAsyncGenerator(PyThreadState* tstate, AsyncSend* awaitable, PyObject** result) {
    using host::Sent;
    PyAsyncGenObject* generator = awaitable->generator;
    const AsyncSend::State before = awaitable->state;
    if (before == AsyncSend::kClosed ||
        (before == AsyncSend::kInit && generator->ag_running_async)) {
        return Sent::kNot;
    }
    PyObject* value = before == AsyncSend::kInit ? awaitable->value : nullptr;
    const char wasRunning = generator->ag_running_async;
    awaitable->state = AsyncSend::kIterating;
    generator->ag_running_async = 1;
    Sent sent = host::sendNative(tstate, reinterpret_cast<PyGenObject*>(generator),
                                 value != nullptr ? value : Py_None, result);
    if (sent == Sent::kNot) {
        generator->ag_running_async = wasRunning;
        awaitable->state = before;
        return sent;
    }
    if (sent == Sent::kYielded && !Py_IS_TYPE(*result, &_PyAsyncGenWrappedValue_Type)) {
        return sent; // it awaits something
    }
    if (sent == Sent::kYielded) {
        Ref wrapped(*result);
        *result = Py_NewRef(reinterpret_cast<WrappedValue*>(wrapped.get())->value);
        sent = Sent::kReturned;
    } else {
        if (sent == Sent::kReturned) {
            Py_CLEAR(*result);
            _PyErr_SetNone(tstate, PyExc_StopAsyncIteration);
            sent = Sent::kRaised;
        }
        if (_PyErr_ExceptionMatches(tstate, PyExc_StopAsyncIteration) ||
            _PyErr_ExceptionMatches(tstate, PyExc_GeneratorExit)) {
            generator->ag_closed = 1;
        }
    }
    generator->ag_running_async = 0;
    awaitable->state = AsyncSend::kClosed;
    return sent;
}

host::Sent sendNative(PyThreadState* tstate, PyObject* receiver, PyObject* value,
                      PyObject** result) {
    if (PyGen_CheckExact(receiver) || PyCoro_CheckExact(receiver)) {
        return host::sendNative(tstate, reinterpret_cast<PyGenObject*>(receiver), value, result);
    }
    if (Py_IS_TYPE(receiver, &_PyAsyncGenASend_Type) && value == Py_None && AsyncSend::isKnown()) {
        return sendToAsyncGenerator(tstate, reinterpret_cast<AsyncSend*>(receiver), result);
    }
    return host::Sent::kNot;
}

// The results of SendValue.
PyObject* tellReturned(PyObject* value) {
    keepSecond(value);
    return nullptr;
}

} // namespace
} // namespace pyston::rt

pyston::host::Sent pyston::host::sendAny(PyThreadState* tstate, PyObject* receiver, PyObject* value,
                                         PyObject** result) {
    const Sent sent = rt::sendNative(tstate, receiver, value, result);
    if (sent != Sent::kNot) {
        return sent;
    }
    switch (PyIter_Send(receiver, value, result)) {
    case PYGEN_NEXT:
        return Sent::kYielded;
    case PYGEN_RETURN:
        return Sent::kReturned;
    default:
        return Sent::kRaised;
    }
}

namespace pyston::rt {

int64_t PrepareResume(PyThreadState* tstate, PyObject* generator, PyObject* value) {
    return reinterpret_cast<int64_t>(
        host::prepareResume(tstate, reinterpret_cast<PyGenObject*>(generator), value));
}

PyObject* FinishSend(PyThreadState* tstate, PyObject* generator, PyObject* result) {
    auto* object = reinterpret_cast<PyGenObject*>(generator);
    if (host::finishGenerator(tstate, object, result) == host::Sent::kRaised) {
        return errorSentinel();
    }
    return tellReturned(result);
}

PyObject* FinishNext(PyThreadState* tstate, PyObject* generator, PyObject* result) {
    auto* object = reinterpret_cast<PyGenObject*>(generator);
    if (host::finishGenerator(tstate, object, result) == host::Sent::kRaised) {
        return errorSentinel();
    }
    Py_DECREF(result);
    return nullptr;
}

PyObject* SendValue(PyThreadState* tstate, PyObject* receiver, PyObject* value) {
    PyObject* result;
    switch (host::sendAny(tstate, receiver, value, &result)) {
    case host::Sent::kYielded:
        return result;
    case host::Sent::kReturned:
        return tellReturned(result);
    default:
        return errorSentinel();
    }
}

PyObject* SendToNext(PyThreadState* tstate, PyObject* receiver, PyObject* value) {
    PyObject* result = SendValue(tstate, receiver, value);
    // An instance, or an entry in the traceback, would die later, and might be known elsewhere.
    const bool ended = result == errorSentinel() &&
                       tstate->curexc_type == PyExc_StopAsyncIteration &&
                       tstate->curexc_value == nullptr && tstate->curexc_traceback == nullptr &&
                       !tstate->cframe->use_tracing;
    if (!ended) [[likely]] {
        return result;
    }
    Py_CLEAR(tstate->curexc_type);
    return tellReturned(nullptr);
}

PyObject* GetAwaitable(PyThreadState* tstate, _PyInterpreterFrame*, int64_t where,
                       PyObject* object) {
    PyObject* iterator = awaitableIterator(object);
    if (iterator == nullptr) {
        explainAwaitable(tstate, Py_TYPE(object), where);
        return nullptr;
    }
    if (PyCoro_CheckExact(iterator) && isAwaiting(iterator)) {
        Py_DECREF(iterator);
        _PyErr_SetString(tstate, PyExc_RuntimeError, "coroutine is being awaited already");
        return nullptr;
    }
    return iterator;
}

PyObject* GetAIter(PyThreadState* tstate, PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    if (type->tp_as_async == nullptr || type->tp_as_async->am_aiter == nullptr) {
        _PyErr_Format(tstate, PyExc_TypeError,
                      "'async for' requires an object with __aiter__ method, got %.100s",
                      type->tp_name);
        return nullptr;
    }
    Ref iterator(type->tp_as_async->am_aiter(object));
    if (!iterator) {
        return nullptr;
    }
    PyTypeObject* iteratorType = Py_TYPE(iterator.get());
    if (iteratorType->tp_as_async == nullptr || iteratorType->tp_as_async->am_anext == nullptr) {
        _PyErr_Format(tstate, PyExc_TypeError,
                      "'async for' received an object from __aiter__ that does not implement "
                      "__anext__: %.100s",
                      iteratorType->tp_name);
        return nullptr;
    }
    return iterator.release();
}

PyObject* GetANext(PyThreadState* tstate, PyObject* iterator) {
    PyTypeObject* type = Py_TYPE(iterator);
    if (PyAsyncGen_CheckExact(iterator)) {
        return type->tp_as_async->am_anext(iterator); // an awaitable iterator already
    }
    if (type->tp_as_async == nullptr || type->tp_as_async->am_anext == nullptr) {
        _PyErr_Format(tstate, PyExc_TypeError,
                      "'async for' requires an iterator with __anext__ method, got %.100s",
                      type->tp_name);
        return nullptr;
    }
    Ref next(type->tp_as_async->am_anext(iterator));
    if (!next) {
        return nullptr;
    }
    PyObject* awaitable = awaitableIterator(next.get());
    if (awaitable == nullptr) {
        _PyErr_FormatFromCause(PyExc_TypeError,
                               "'async for' received an invalid object from __anext__: %.100s",
                               Py_TYPE(next.get())->tp_name);
    }
    return awaitable;
}

PyObject* GetYieldFromIter(PyThreadState* tstate, _PyInterpreterFrame* frame, PyObject* iterable) {
    if (PyCoro_CheckExact(iterable)) {
        if (!(frame->f_code->co_flags & (CO_COROUTINE | CO_ITERABLE_COROUTINE))) {
            _PyErr_SetString(tstate, PyExc_TypeError,
                             "cannot 'yield from' a coroutine object in a non-coroutine generator");
            return nullptr;
        }
        return Py_NewRef(iterable);
    }
    if (PyGen_CheckExact(iterable)) {
        return Py_NewRef(iterable);
    }
    return PyObject_GetIter(iterable);
}

PyObject* AsyncGenWrap(PyObject* value) {
    PyTypeObject* type = &_PyAsyncGenWrappedValue_Type;
    if (type->tp_basicsize != sizeof(WrappedValue)) {
        PyErr_SetString(PyExc_SystemError, "unknown layout of wrapped values");
        return nullptr;
    }
    _Py_async_gen_state& state = _PyInterpreterState_GET()->async_gen;
    PyObject* wrapped;
    if (state.value_numfree > 0) {
        wrapped = reinterpret_cast<PyObject*>(state.value_freelist[--state.value_numfree]);
        _Py_NewReference(wrapped);
    } else {
        wrapped = _PyObject_GC_New(type);
        if (wrapped == nullptr) {
            return nullptr;
        }
    }
    reinterpret_cast<WrappedValue*>(wrapped)->value = Py_NewRef(value);
    _PyObject_GC_TRACK(wrapped);
    return wrapped;
}

} // namespace pyston::rt
