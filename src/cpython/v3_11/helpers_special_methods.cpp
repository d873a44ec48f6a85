// What the interpreter does when the method that an operator asked first has given NotImplemented.
#include "cpython/v3_11/helpers_functions.h"

#include "cpython/v3_11/special_methods.h"
#include "runtime/helpers.h"

namespace pyston::rt {

using runtime::kSameClass;

// binary_op1() in abstract.c and its callers.
PyObject* BinaryOpDeclined(int64_t mode, PyObject* left, PyObject* right) {
    const int64_t oparg = mode & ~kSameClass;
    const auto& op = host::kBinaryOperators[oparg % host::kNumBinaryOperators];
    const PyNumberMethods* number = Py_TYPE(right)->tp_as_number;
    if ((mode & kSameClass) == 0 && number != nullptr && number->*op.slot != nullptr) {
        Ref result((number->*op.slot)(left, right));
        if (result.get() != Py_NotImplemented) {
            return result.release();
        }
    }
    PyErr_Format(PyExc_TypeError, "unsupported operand type(s) for %.100s%s: '%.100s' and '%.100s'",
                 op.sign, oparg >= host::kNumBinaryOperators ? "=" : "", Py_TYPE(left)->tp_name,
                 Py_TYPE(right)->tp_name);
    return nullptr;
}

// do_richcompare() in object.c.
PyObject* CompareDeclined(int64_t op, PyObject* left, PyObject* right) {
    static constexpr const char* kSigns[] = {"<", "<=", "==", "!=", ">", ">="};
    if (Py_EnterRecursiveCall(" in comparison") != 0) {
        return nullptr;
    }
    Ref result;
    if (Py_TYPE(right)->tp_richcompare != nullptr) {
        result.reset(
            Py_TYPE(right)->tp_richcompare(right, left, _Py_SwappedOp[static_cast<size_t>(op)]));
    }
    Py_LeaveRecursiveCall();
    if (Py_TYPE(right)->tp_richcompare != nullptr && result.get() != Py_NotImplemented) {
        return result.release();
    }
    if (op == Py_EQ || op == Py_NE) {
        return PyBool_FromLong((left == right) == (op == Py_EQ));
    }
    PyErr_Format(PyExc_TypeError, "'%s' not supported between instances of '%.100s' and '%.100s'",
                 kSigns[op], Py_TYPE(left)->tp_name, Py_TYPE(right)->tp_name);
    return nullptr;
}

} // namespace pyston::rt
