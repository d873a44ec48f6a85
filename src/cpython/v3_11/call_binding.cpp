#include "cpython/v3_11/call_binding.h"

#include "cpython/api.h"
#include "cpython/v3_11/frame_eval.h"

#include <algorithm>
#include <cstddef>

namespace pyston::host {
namespace {

PyCodeObject* codeOf(const PyFunctionObject* function) {
    return reinterpret_cast<PyCodeObject*>(function->func_code);
}

int64_t countDefaults(const PyFunctionObject* function) {
    return function->func_defaults == nullptr ? 0 : PyTuple_GET_SIZE(function->func_defaults);
}

// The interpreter numbers functions upwards from 1 when it first asks for their version, by a
// counter that it does not export; we do it downwards.
uint32_t versionOf(PyFunctionObject* function) {
    static uint32_t nextVersion = UINT32_MAX;
    if (function->func_version == 0)
        function->func_version = nextVersion--;
    return function->func_version;
}

// The one object that there is of its value: the interpreter has it until it ends.
bool isImmortal(PyObject* object) {
    static PyObject* const noItems = PyTuple_New(0);
    if (PyLong_CheckExact(object)) {
        PyObject* same = Py_SIZE(object) >= -1 && Py_SIZE(object) <= 1
                             ? PyLong_FromLong(PyLong_AsLong(object))
                             : nullptr;
        Py_XDECREF(same);
        return same == object;
    }
    return object == Py_None || object == Py_Ellipsis || object == noItems || PyBool_Check(object);
}

} // namespace

bool matchArguments(const PyFunctionObject* function, int64_t count, PyObject* kwnames,
                    Matched* out) {
    const PyCodeObject* code = codeOf(function);
    const int64_t wanted = code->co_argcount;
    const int64_t all = wanted + code->co_kwonlyargcount;
    const int64_t keywords = kwnames == nullptr ? 0 : PyTuple_GET_SIZE(kwnames);
    const int64_t positional = count - keywords;
    if (all > kMaxMatched || count > all || positional > wanted)
        return false;
    for (int64_t i = 0; i < all; ++i)
        out->argument[i] = static_cast<int8_t>(i < positional ? i : -1);
    for (int64_t k = 0; k < keywords; ++k) {
        int64_t i = std::max<int64_t>(positional, code->co_posonlyargcount);
        while (i < all &&
               PyTuple_GET_ITEM(code->co_localsplusnames, i) != PyTuple_GET_ITEM(kwnames, k))
            ++i;
        if (i == all || out->argument[i] >= 0)
            return false;
        out->argument[i] = static_cast<int8_t>(positional + k);
    }
    const int64_t firstDefault = wanted - countDefaults(function);
    for (int64_t i = positional; i < all; ++i)
        if (out->argument[i] < 0 && (i < firstDefault || i >= wanted))
            return false;
    return true;
}

CallBinding bindCall(Object* object, int64_t count, Object* kwnames) {
    auto* function = reinterpret_cast<PyFunctionObject*>(object);
    const PyCodeObject* code = codeOf(function);
    const bool isDirect =
        mayCallDirectly(code) && (code->co_kwonlyargcount == 0 || !isGeneratorCode(code)) &&
        (function->func_defaults == nullptr || PyTuple_CheckExact(function->func_defaults));
    Matched matched;
    if (!isDirect || !matchArguments(function, count, kwnames, &matched))
        return {};
    CallBinding binding;
    binding.fits = true;
    binding.version = versionOf(function);
    binding.defaultsOffset = offsetof(PyFunctionObject, func_defaults);
    const int64_t firstDefault = code->co_argcount - countDefaults(function);
    for (int i = 0; i < code->co_argcount + code->co_kwonlyargcount; ++i) {
        BoundParameter parameter;
        parameter.argument = matched.argument[i];
        if (parameter.argument < 0) {
            parameter.defaultIndex = static_cast<int>(i - firstDefault);
            parameter.value = PyTuple_GET_ITEM(function->func_defaults, parameter.defaultIndex);
            parameter.isImmortal = isImmortal(parameter.value);
        }
        binding.parameters.push_back(parameter);
    }
    return binding;
}

} // namespace pyston::host
