#include "cpython/v3_11/special_methods.h"

#include "cpython/api.h"
#include "cpython/v3_11/live_types.h"

#include <array>

namespace pyston::host {

const BinaryOperator kBinaryOperators[kNumBinaryOperators] = {
    {"__add__", "+", &PyNumberMethods::nb_add, &PyNumberMethods::nb_inplace_add},
    {"__and__", "&", &PyNumberMethods::nb_and, &PyNumberMethods::nb_inplace_and},
    {"__floordiv__", "//", &PyNumberMethods::nb_floor_divide,
     &PyNumberMethods::nb_inplace_floor_divide},
    {"__lshift__", "<<", &PyNumberMethods::nb_lshift, &PyNumberMethods::nb_inplace_lshift},
    {"__matmul__", "@", &PyNumberMethods::nb_matrix_multiply,
     &PyNumberMethods::nb_inplace_matrix_multiply},
    {"__mul__", "*", &PyNumberMethods::nb_multiply, &PyNumberMethods::nb_inplace_multiply},
    {"__mod__", "%", &PyNumberMethods::nb_remainder, &PyNumberMethods::nb_inplace_remainder},
    {"__or__", "|", &PyNumberMethods::nb_or, &PyNumberMethods::nb_inplace_or},
    {nullptr, "**", nullptr, nullptr}, // has three operands
    {"__rshift__", ">>", &PyNumberMethods::nb_rshift, &PyNumberMethods::nb_inplace_rshift},
    {"__sub__", "-", &PyNumberMethods::nb_subtract, &PyNumberMethods::nb_inplace_subtract},
    {"__truediv__", "/", &PyNumberMethods::nb_true_divide,
     &PyNumberMethods::nb_inplace_true_divide},
    {"__xor__", "^", &PyNumberMethods::nb_xor, &PyNumberMethods::nb_inplace_xor},
};

namespace {

// Exactly a Python function: then the slot is the one that looks it up and calls it.
PyObject* functionNamed(PyTypeObject* type, const char* name) {
    PyObject* interned = PyUnicode_InternFromString(name);
    if (interned == nullptr) {
        PyErr_Clear();
        return nullptr;
    }
    PyObject* found = _PyType_Lookup(type, interned);
    Py_DECREF(interned);
    return found != nullptr && Py_IS_TYPE(found, &PyFunction_Type) ? found : nullptr;
}

} // namespace

PyObject* operatorFunctionOf(PyTypeObject* type, int oparg) {
    const BinaryOperator& op = kBinaryOperators[oparg % kNumBinaryOperators];
    const PyNumberMethods* number = type->tp_as_number;
    const PySequenceMethods* sequence = type->tp_as_sequence;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || op.method == nullptr ||
        number == nullptr || number->*op.slot == nullptr)
        return nullptr;
    const bool isInPlace = oparg >= kNumBinaryOperators;
    if (isInPlace && number->*op.inPlaceSlot != nullptr)
        return nullptr;
    // A sequence may be concatenated or repeated by the same operator.
    if (sequence != nullptr && (sequence->sq_concat != nullptr || sequence->sq_repeat != nullptr))
        return nullptr;
    return functionNamed(type, op.method);
}

PyObject* comparisonFunctionOf(PyTypeObject* type, int oparg) {
    static constexpr const char* kNames[] = {"__lt__", "__le__", "__eq__",
                                             "__ne__", "__gt__", "__ge__"};
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || type->tp_richcompare == nullptr)
        return nullptr;
    return functionNamed(type, kNames[oparg]);
}

Object* operatorFunction(uint32_t typeVersion, int oparg) {
    PyTypeObject* type = liveType(typeVersion);
    return type != nullptr ? operatorFunctionOf(type, oparg) : nullptr;
}

Object* comparisonFunction(uint32_t typeVersion, int oparg) {
    PyTypeObject* type = liveType(typeVersion);
    return type != nullptr ? comparisonFunctionOf(type, oparg) : nullptr;
}

Object* notImplemented() {
    return Py_NotImplemented;
}

} // namespace pyston::host
