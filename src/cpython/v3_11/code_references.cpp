#include "cpython/v3_11/code_references.h"

#include "cpython/v3_11/code_data.h"

#include <vector>

namespace pyston::host {
namespace {

traverseproc originalTraverse = nullptr;
inquiry originalClear = nullptr;

int visitAll(const std::vector<PyObject*>& references, visitproc visit, void* arg) {
    for (PyObject* object : references)
        Py_VISIT(object);
    return 0;
}

// Besides compiled code, does a single one own this code? (When that is gone, compiled code that
// refers to it cannot call it any more, or keeps that owner alive.)
bool hasOneOwner(const PyCodeObject* code) {
    if (Py_REFCNT(code) == 1)
        return true;
    const HostCode* data = findHostCode(code);
    return data != nullptr && Py_REFCNT(code) == 1 + data->referrers;
}

bool hasRun(const PyCodeObject* code) {
    return code->co_warmup != QUICKENING_INITIAL_WARMUP_VALUE;
}

// What the compiled versions of this code hold.
int visitOwnReferences(const HostCode* data, visitproc visit, void* arg) {
    if (data->current)
        if (int failed = visitAll(data->current->references, visit, arg))
            return failed;
    for (const auto& blob : data->retired)
        if (int failed = visitAll(blob->references, visit, arg))
            return failed;
    if (data->keptForCompilation != nullptr)
        if (int failed = visitAll(*data->keptForCompilation, visit, arg))
            return failed;
    return 0;
}

// That, and what those of the functions in it hold of which there is none at present. Who asks is
// its one owner.
int visitReferences(PyCodeObject* code, visitproc visit, void* arg) {
    // (What has run a few times only has no data, but the functions in it may have.)
    const HostCode* data = findHostCode(code);
    if (data == nullptr && !hasRun(code))
        return 0;
    if (data != nullptr)
        if (int failed = visitOwnReferences(data, visit, arg))
            return failed;
    if ((data != nullptr && !data->hasInnerCode) || Py_REFCNT(code->co_consts) != 1)
        return 0;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_consts); ++i) {
        PyObject* constant = PyTuple_GET_ITEM(code->co_consts, i);
        auto* inner = reinterpret_cast<PyCodeObject*>(constant);
        if (!PyCode_Check(constant) || !hasOneOwner(inner))
            continue;
        if (int failed = visitReferences(inner, visit, arg))
            return failed;
    }
    return 0;
}

PyCodeObject* ownCode(PyObject* function) {
    auto* code =
        reinterpret_cast<PyCodeObject*>(reinterpret_cast<PyFunctionObject*>(function)->func_code);
    return code != nullptr && hasOneOwner(code) ? code : nullptr;
}

int traverse(PyObject* function, visitproc visit, void* arg) {
    if (int failed = originalTraverse(function, visit, arg))
        return failed;
    PyCodeObject* code = referencesHeld > 0 ? ownCode(function) : nullptr;
    return code != nullptr ? visitReferences(code, visit, arg) : 0;
}

// Of garbage. Functions whose code refers to each other have nothing else that breaks the cycle.
int clear(PyObject* function) {
    const int failed = originalClear(function);
    PyCodeObject* code = ownCode(function);
    HostCode* data = code != nullptr ? findHostCode(code) : nullptr;
    if (data != nullptr)
        dropReferences(data);
    return failed;
}

} // namespace

void takeFunctionTraversal() {
    originalTraverse = PyFunction_Type.tp_traverse;
    originalClear = PyFunction_Type.tp_clear;
    PyFunction_Type.tp_traverse = traverse;
    PyFunction_Type.tp_clear = clear;
}

void giveBackFunctionTraversal() {
    PyFunction_Type.tp_traverse = originalTraverse;
    PyFunction_Type.tp_clear = originalClear;
}

} // namespace pyston::host
