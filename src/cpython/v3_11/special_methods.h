// Operators of classes that have them in Python.
#pragma once

#include "cpython/v3_11/interpreter.h"

namespace pyston::host {

// By BINARY_OP's number of the operator (that of the form that is not in place).
struct BinaryOperator {
    const char* method; // null: see operatorFunctionOf()
    const char* sign;
    binaryfunc PyNumberMethods::*slot;
    binaryfunc PyNumberMethods::*inPlaceSlot;
};
constexpr int kNumBinaryOperators = 13;
extern const BinaryOperator kBinaryOperators[kNumBinaryOperators];

// The Python function that BINARY_OP with this argument (COMPARE_OP, for the second) asks first,
// for an instance of the class on the left and one of the same class, or of a builtin one, on the
// right: NotImplemented then leads to BinaryOpDeclined() or CompareDeclined(). Borrowed; null
// where there is none, or what follows is more than those do.
PyObject* operatorFunctionOf(PyTypeObject* type, int oparg);
PyObject* comparisonFunctionOf(PyTypeObject* type, int oparg);

} // namespace pyston::host
