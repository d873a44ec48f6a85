// Operators, comparisons, truth, subscripts.
#include "cpython/v3_11/code_data.h"
#include "cpython/v3_11/helpers_functions.h"

#include <algorithm>
#include <cmath>

namespace pyston::rt {
namespace {

PyObject* powerWithoutModulus(PyObject* left, PyObject* right) {
    return PyNumber_Power(left, right, Py_None);
}

PyObject* inPlacePowerWithoutModulus(PyObject* left, PyObject* right) {
    return PyNumber_InPlacePower(left, right, Py_None);
}

// By operator number, as in opcode.h.
constexpr binaryfunc kGeneric[] = {
    PyNumber_Add,
    PyNumber_And,
    PyNumber_FloorDivide,
    PyNumber_Lshift,
    PyNumber_MatrixMultiply,
    PyNumber_Multiply,
    PyNumber_Remainder,
    PyNumber_Or,
    powerWithoutModulus,
    PyNumber_Rshift,
    PyNumber_Subtract,
    PyNumber_TrueDivide,
    PyNumber_Xor,
    PyNumber_InPlaceAdd,
    PyNumber_InPlaceAnd,
    PyNumber_InPlaceFloorDivide,
    PyNumber_InPlaceLshift,
    PyNumber_InPlaceMatrixMultiply,
    PyNumber_InPlaceMultiply,
    PyNumber_InPlaceRemainder,
    PyNumber_InPlaceOr,
    inPlacePowerWithoutModulus,
    PyNumber_InPlaceRshift,
    PyNumber_InPlaceSubtract,
    PyNumber_InPlaceTrueDivide,
    PyNumber_InPlaceXor,
};
static_assert(NB_ADD == 0 && NB_POWER == 8 && NB_XOR == 12 && NB_INPLACE_ADD == 13 &&
              NB_INPLACE_POWER == 21 && NB_INPLACE_XOR == 25 && std::size(kGeneric) == 26);

// Immutable builtin numbers have no in-place operators of their own.
int64_t withoutInPlace(int64_t op) {
    return op >= NB_INPLACE_ADD ? op - NB_INPLACE_ADD : op;
}

// What the abstract layer comes to for two exact ints, or for an exact float with an exact float or
// int: it calls this slot, and only NotImplemented would make it go on.
PyObject* callNumberSlot(const PyNumberMethods* slots, int64_t op, PyObject* left,
                         PyObject* right) {
    switch (withoutInPlace(op)) {
    case NB_ADD:
        return slots->nb_add(left, right);
    case NB_SUBTRACT:
        return slots->nb_subtract(left, right);
    case NB_MULTIPLY:
        return slots->nb_multiply(left, right);
    case NB_FLOOR_DIVIDE:
        return slots->nb_floor_divide(left, right);
    case NB_REMAINDER:
        return slots->nb_remainder(left, right);
    case NB_TRUE_DIVIDE:
        return slots->nb_true_divide(left, right);
    case NB_POWER:
        return slots->nb_power(left, right, Py_None);
    default: // the bit operators (a float has none) and @: rare, or errors
        return kGeneric[op](left, right);
    }
}

// Division that rounds down; the divisor is not zero.
int64_t floorDivide(int64_t dividend, int64_t divisor) {
    int64_t quotient = dividend / divisor;
    return quotient - (dividend % divisor != 0 && (dividend < 0) != (divisor < 0));
}

// The operators on ints of at most one digit, where the result fits.
PyObject* compactIntOp(int64_t op, int64_t left, int64_t right, bool* handled) {
    *handled = true;
    switch (withoutInPlace(op)) {
    case NB_ADD:
        return PyLong_FromLong(left + right);
    case NB_SUBTRACT:
        return PyLong_FromLong(left - right);
    case NB_MULTIPLY:
        return PyLong_FromLong(left * right);
    case NB_AND:
        return PyLong_FromLong(left & right);
    case NB_OR:
        return PyLong_FromLong(left | right);
    case NB_XOR:
        return PyLong_FromLong(left ^ right);
    case NB_FLOOR_DIVIDE:
        if (right != 0) {
            return PyLong_FromLong(floorDivide(left, right));
        }
        break;
    case NB_REMAINDER:
        if (right != 0) {
            return PyLong_FromLong(left - floorDivide(left, right) * right);
        }
        break;
    case NB_TRUE_DIVIDE: // both are exact as doubles
        if (right != 0) {
            return PyFloat_FromDouble(static_cast<double>(left) / static_cast<double>(right));
        }
        break;
    case NB_RSHIFT:
        if (right >= 0) {
            return PyLong_FromLong(left >> (right > 63 ? 63 : right));
        }
        break;
    case NB_LSHIFT:
        if (right >= 0 && right <= 32) {
            return PyLong_FromLong(left * (int64_t{1} << right));
        }
        break;
    default:
        break;
    }
    *handled = false;
    return nullptr;
}

PyObject* bitOp(int64_t op, PyObject* left, PyObject* right) {
    const PyNumberMethods* slots = PyLong_Type.tp_as_number;
    switch (withoutInPlace(op)) {
    case NB_AND:
        return slots->nb_and(left, right);
    case NB_OR:
        return slots->nb_or(left, right);
    case NB_XOR:
        return slots->nb_xor(left, right);
    case NB_LSHIFT:
        return slots->nb_lshift(left, right);
    case NB_RSHIFT:
        return slots->nb_rshift(left, right);
    default:
        return callNumberSlot(slots, op, left, right);
    }
}

PyObject* intOp(int64_t op, PyObject* left, PyObject* right) {
    if (isCompact(left) && isCompact(right)) {
        bool handled;
        PyObject* result = compactIntOp(op, compactValue(left), compactValue(right), &handled);
        if (handled) {
            return result;
        }
    }
    return bitOp(op, left, right);
}

PyObject* floatOp(int64_t op, PyObject* left, PyObject* right) {
    double a = PyFloat_AS_DOUBLE(left);
    double b = PyFloat_AS_DOUBLE(right);
    switch (withoutInPlace(op)) {
    case NB_ADD:
        return PyFloat_FromDouble(a + b);
    case NB_SUBTRACT:
        return PyFloat_FromDouble(a - b);
    case NB_MULTIPLY:
        return PyFloat_FromDouble(a * b);
    case NB_TRUE_DIVIDE:
        if (b != 0) {
            return PyFloat_FromDouble(a / b);
        }
        break;
    default:
        break;
    }
    return callNumberSlot(PyFloat_Type.tp_as_number, op, left, right);
}

bool applies(int64_t op, auto left, auto right) {
    switch (op) {
    case Py_LT:
        return left < right;
    case Py_LE:
        return left <= right;
    case Py_EQ:
        return left == right;
    case Py_NE:
        return left != right;
    case Py_GT:
        return left > right;
    default:
        return left >= right;
    }
}

bool isSmallNumber(PyObject* object) {
    return Py_IS_TYPE(object, &PyFloat_Type) ||
           (Py_IS_TYPE(object, &PyLong_Type) && isCompact(object));
}

// Exact, for small numbers.
double numberValue(PyObject* object) {
    return Py_IS_TYPE(object, &PyFloat_Type) ? PyFloat_AS_DOUBLE(object)
                                             : static_cast<double>(compactValue(object));
}

// The pairs that the interpreter has specialized comparisons for: 0 or 1; -1, without an exception,
// for others.
int specializedComparison(int64_t op, PyObject* left, PyObject* right) {
    PyTypeObject* type = Py_TYPE(left);
    if (type != Py_TYPE(right)) {
        return -1;
    }
    if (type == &PyLong_Type && isCompact(left) && isCompact(right)) {
        return applies(op, compactValue(left), compactValue(right));
    }
    if (type == &PyFloat_Type) {
        return applies(op, PyFloat_AS_DOUBLE(left), PyFloat_AS_DOUBLE(right));
    }
    if (type == &PyUnicode_Type && (op == Py_EQ || op == Py_NE)) {
        int equal = left == right ? 1 : _PyUnicode_Equal(left, right);
        return equal < 0 ? -1 : equal ^ (op == Py_NE);
    }
    return -1;
}

// The general comparison counts a level of recursion. One whose result only decides a jump does not
// once the interpreter has specialized it, which where recursion is deep it has.
bool decidesJump(PyThreadState* tstate) {
    const Frame* frame = tstate->cframe->current_frame;
    PyCodeObject* code = frame->f_code;
    const int offset = _PyInterpreterFrame_LASTI(frame) * static_cast<int>(sizeof(_Py_CODEUNIT));
    if (_PyOpcode_Deopt[_Py_OPCODE(host::originalUnit(host::findHostCode(code), code, offset))] !=
        COMPARE_OP)
        return false;
    switch (_PyOpcode_Deopt[_Py_OPCODE(frame->prev_instr[1 + INLINE_CACHE_ENTRIES_COMPARE_OP])]) {
    case POP_JUMP_FORWARD_IF_FALSE:
    case POP_JUMP_FORWARD_IF_TRUE:
    case POP_JUMP_BACKWARD_IF_FALSE:
    case POP_JUMP_BACKWARD_IF_TRUE:
        return true;
    default:
        return false;
    }
}

PyObject* richCompare(int64_t op, PyObject* left, PyObject* right) {
    if (isAtRecursionLimit()) {
        int known = decidesJump(_PyThreadState_GET()) ? specializedComparison(op, left, right) : -1;
        if (known >= 0) {
            return Py_NewRef(known != 0 ? Py_True : Py_False);
        }
        return PyObject_RichCompare(left, right, static_cast<int>(op));
    }
    if (isSmallNumber(left) && isSmallNumber(right)) {
        return Py_NewRef(applies(op, numberValue(left), numberValue(right)) ? Py_True : Py_False);
    }
    PyTypeObject* type = Py_TYPE(left);
    if (type == Py_TYPE(right)) { // these slots answer for their own class
        if (type == &PyLong_Type) {
            return PyLong_Type.tp_richcompare(left, right, static_cast<int>(op));
        }
        if (type == &PyUnicode_Type) {
            return PyUnicode_RichCompare(left, right, static_cast<int>(op));
        }
    }
    return PyObject_RichCompare(left, right, static_cast<int>(op));
}

// The index of an item when `key` is exactly an int of at most one digit that is in range, counted
// from the start; else -1.
Py_ssize_t smallIndex(PyObject* key, Py_ssize_t size) {
    if (!PyLong_CheckExact(key) || !isCompact(key)) {
        return -1;
    }
    Py_ssize_t index = compactValue(key);
    if (index < 0) {
        index += size;
    }
    return index >= 0 && index < size ? index : -1;
}

} // namespace

PyObject* UnaryPositive(PyObject* value) {
    return PyNumber_Positive(value);
}

PyObject* UnaryNegative(PyObject* value) {
    return PyNumber_Negative(value);
}

PyObject* UnaryInvert(PyObject* value) {
    return PyNumber_Invert(value);
}

int64_t IsTrue(PyObject* value) {
    if (value == Py_True) {
        return 1;
    }
    if (value == Py_False || value == Py_None) {
        return 0;
    }
    return PyObject_IsTrue(value);
}

PyObject* BinaryOp(int64_t op, PyObject* left, PyObject* right) {
    PyTypeObject* leftType = Py_TYPE(left);
    PyTypeObject* rightType = Py_TYPE(right);
    if (leftType == &PyLong_Type) {
        if (rightType == &PyLong_Type) {
            return intOp(op, left, right);
        }
        if (rightType == &PyFloat_Type) {
            return callNumberSlot(PyFloat_Type.tp_as_number, op, left, right);
        }
    } else if (leftType == &PyFloat_Type) {
        if (rightType == &PyFloat_Type) {
            return floatOp(op, left, right);
        }
        if (rightType == &PyLong_Type) {
            return callNumberSlot(PyFloat_Type.tp_as_number, op, left, right);
        }
    } else if (leftType == &PyUnicode_Type && rightType == &PyUnicode_Type &&
               withoutInPlace(op) == NB_ADD) {
        return PyUnicode_Concat(left, right);
    }
    return kGeneric[op](left, right);
}

PyObject* IntBinaryBig(int64_t op, PyObject* left, PyObject* right) {
    return bitOp(op, left, right);
}

PyObject* UnicodeConcat(PyObject* left, PyObject* right) {
    return PyUnicode_Concat(left, right);
}

PyObject* UnicodeAppend(PyObject* left, PyObject* right) {
    PyUnicode_Append(&left, right);
    return left;
}

double FloatPower(double base, double exponent) {
    return std::pow(base, exponent);
}

// The remainder has the sign of the divisor, also when it is zero (float_rem in floatobject.c).
double FloatMod(double dividend, double divisor) {
    double remainder = std::fmod(dividend, divisor);
    if (remainder == 0) {
        return std::copysign(0.0, divisor);
    }
    return (divisor < 0) != (remainder < 0) ? remainder + divisor : remainder;
}

// Computed from the remainder, then rounded to the nearest integer, since the division of the
// difference need not come out exact (_float_div_mod in floatobject.c).
double FloatFloorDiv(double dividend, double divisor) {
    double remainder = std::fmod(dividend, divisor);
    double quotient = (dividend - remainder) / divisor;
    if (remainder != 0 && (divisor < 0) != (remainder < 0)) {
        quotient -= 1.0;
    }
    if (quotient == 0) {
        return std::copysign(0.0, dividend / divisor);
    }
    double floor = std::floor(quotient);
    return quotient - floor > 0.5 ? floor + 1.0 : floor;
}

PyObject* CompareOp(int64_t op, PyObject* left, PyObject* right) {
    return richCompare(op, left, right);
}

int64_t CompareTruth(int64_t op, PyObject* left, PyObject* right) {
    int known = specializedComparison(op, left, right);
    if (known >= 0) {
        return known;
    }
    // Not PyObject_RichCompareBool: that one takes identical objects for equal.
    PyObject* result = richCompare(op, left, right);
    if (result == nullptr) {
        return -1;
    }
    int64_t truth = IsTrue(result);
    Py_DECREF(result);
    return truth;
}

int64_t Contains(PyObject* item, PyObject* container) {
    return PySequence_Contains(container, item);
}

PyObject* DictSubscr(PyObject* dict, PyObject* key) {
    PyObject* value = PyDict_GetItemWithError(dict, key);
    if (value == nullptr && !PyErr_Occurred()) {
        _PyErr_SetKeyError(key);
    }
    return Py_XNewRef(value);
}

PyObject* BinarySubscr(PyObject* container, PyObject* key) {
    PyTypeObject* type = Py_TYPE(container);
    if (type == &PyList_Type) {
        Py_ssize_t index = smallIndex(key, PyList_GET_SIZE(container));
        if (index >= 0) {
            return Py_NewRef(PyList_GET_ITEM(container, index));
        }
    } else if (type == &PyTuple_Type) {
        Py_ssize_t index = smallIndex(key, PyTuple_GET_SIZE(container));
        if (index >= 0) {
            return Py_NewRef(PyTuple_GET_ITEM(container, index));
        }
    } else if (type == &PyDict_Type) {
        return DictSubscr(container, key);
    }
    return PyObject_GetItem(container, key);
}

int64_t StoreSubscr(PyObject* value, PyObject* container, PyObject* key) {
    PyTypeObject* type = Py_TYPE(container);
    if (type == &PyList_Type) {
        Py_ssize_t index = smallIndex(key, PyList_GET_SIZE(container));
        if (index >= 0) {
            PyObject* old = PyList_GET_ITEM(container, index);
            PyList_SET_ITEM(container, index, Py_NewRef(value));
            Py_DECREF(old);
            return 0;
        }
    } else if (type == &PyDict_Type) {
        return PyDict_SetItem(container, key, value);
    }
    return PyObject_SetItem(container, key, value);
}

int64_t DeleteSubscr(PyObject* container, PyObject* key) {
    return PyObject_DelItem(container, key);
}

PyObject* BuildSlice(PyObject* start, PyObject* stop, PyObject* step) {
    return PySlice_New(start, stop, step);
}

namespace {

// The numbers of a slice, if they are plain ones.
struct SliceBounds {
    Py_ssize_t start, stop, step, length;
};

bool plainIndex(PyObject* object, Py_ssize_t ifNone, Py_ssize_t* out) {
    if (object == nullptr || object == Py_None) {
        *out = ifNone;
        return true;
    }
    if (!PyLong_CheckExact(object) || !isCompact(object)) {
        return false;
    }
    *out = compactValue(object);
    return true;
}

// An index of a slice as one into the sequence, or just outside: before it only where that is where
// a slice in this direction ends.
Py_ssize_t withinSize(Py_ssize_t index, Py_ssize_t size, bool backward) {
    if (index < 0)
        index = std::max<Py_ssize_t>(index + size, backward ? -1 : 0);
    return std::min(index, backward ? size - 1 : size);
}

bool plainBounds(PyObject* start, PyObject* stop, PyObject* step, Py_ssize_t size,
                 SliceBounds* out) {
    if (!plainIndex(step, 1, &out->step) || out->step == 0) {
        return false;
    }
    const bool backward = out->step < 0;
    if (!plainIndex(start, backward ? PY_SSIZE_T_MAX : 0, &out->start) ||
        !plainIndex(stop, backward ? PY_SSIZE_T_MIN : PY_SSIZE_T_MAX, &out->stop)) {
        return false;
    }
    out->start = withinSize(out->start, size, backward);
    out->stop = withinSize(out->stop, size, backward);
    const Py_ssize_t distance = backward ? out->start - out->stop : out->stop - out->start;
    const Py_ssize_t by = backward ? -out->step : out->step;
    out->length = std::max<Py_ssize_t>(by == 1 ? distance : (distance + by - 1) / by, 0);
    return true;
}

void copyItems(PyObject** to, PyObject* const* from, const SliceBounds& bounds) {
    for (Py_ssize_t i = 0, at = bounds.start; i < bounds.length; ++i, at += bounds.step) {
        to[i] = Py_NewRef(from[at]);
    }
}

// Null without an exception: the list was changed meanwhile.
PyObject* listSlice(PyListObject* list, const SliceBounds& bounds) {
    const Py_ssize_t size = PyList_GET_SIZE(list);
    // Making it may run a collection, and that any code.
    Ref made(PyList_New(0));
    if (!made || PyList_GET_SIZE(list) != size) {
        return nullptr;
    }
    auto* result = reinterpret_cast<PyListObject*>(made.get());
    if (bounds.length > 0) {
        const size_t bytes = static_cast<size_t>(bounds.length) * sizeof(PyObject*);
        result->ob_item = static_cast<PyObject**>(PyMem_Malloc(bytes));
        if (result->ob_item == nullptr) {
            return PyErr_NoMemory();
        }
        copyItems(result->ob_item, list->ob_item, bounds);
        result->allocated = bounds.length;
        Py_SET_SIZE(result, bounds.length);
    }
    return made.release();
}

// Null without an exception: not one of these.
PyObject* plainSlice(PyObject* container, PyObject* start, PyObject* stop, PyObject* step) {
    SliceBounds bounds;
    if (PyList_CheckExact(container)) {
        if (!plainBounds(start, stop, step, PyList_GET_SIZE(container), &bounds)) {
            return nullptr;
        }
        return listSlice(reinterpret_cast<PyListObject*>(container), bounds);
    }
    if (PyUnicode_CheckExact(container)) {
        if (!plainBounds(start, stop, step, PyUnicode_GET_LENGTH(container), &bounds) ||
            bounds.step != 1) {
            return nullptr;
        }
        return PyUnicode_Substring(container, bounds.start, bounds.start + bounds.length);
    }
    if (PyTuple_CheckExact(container)) {
        if (!plainBounds(start, stop, step, PyTuple_GET_SIZE(container), &bounds)) {
            return nullptr;
        }
        if (bounds.step == 1 && bounds.length == PyTuple_GET_SIZE(container)) {
            return Py_NewRef(container);
        }
        PyObject* result = PyTuple_New(bounds.length);
        if (result != nullptr && bounds.length > 0) {
            copyItems(reinterpret_cast<PyTupleObject*>(result)->ob_item,
                      reinterpret_cast<PyTupleObject*>(container)->ob_item, bounds);
        }
        return result;
    }
    return nullptr;
}

} // namespace

PyObject* SubscrSlice(PyObject* container, PyObject* step, PyObject* start, PyObject* stop) {
    if (PyObject* result = plainSlice(container, start, stop, step)) {
        return result;
    }
    if (PyErr_Occurred() != nullptr) {
        return nullptr;
    }
    Ref slice(PySlice_New(start, stop, step));
    return slice ? PyObject_GetItem(container, slice.get()) : nullptr;
}

int64_t StoreSlice(PyObject* stolenValue, PyObject* container, PyObject* step, PyObject* start,
                   PyObject* stop) {
    Ref owned(stolenValue);
    PyObject* value = owned.get();
    SliceBounds bounds;
    if (PyList_CheckExact(container) && (PyList_CheckExact(value) || PyTuple_CheckExact(value)) &&
        plainBounds(start, stop, step, PyList_GET_SIZE(container), &bounds) && bounds.step == 1) {
        if (PyList_CheckExact(value) && Py_REFCNT(value) == 1 &&
            PyList_GET_SIZE(value) == bounds.length && bounds.length > 0) {
            // Nobody else has this list: the old items die with it, the last one first, as they
            // would have.
            PyObject** items = reinterpret_cast<PyListObject*>(value)->ob_item;
            std::swap_ranges(items, items + bounds.length,
                             reinterpret_cast<PyListObject*>(container)->ob_item + bounds.start);
            return 0;
        }
        return PyList_SetSlice(container, bounds.start, bounds.stop, value);
    }
    Ref slice(PySlice_New(start, stop, step));
    return slice ? PyObject_SetItem(container, slice.get(), value) : -1;
}

PyObject* NewInt(int64_t value) {
    return PyLong_FromLongLong(value);
}

PyObject* NewFloat(double value) {
    return PyFloat_FromDouble(value);
}

PyObject* NewIntOrNull(int64_t value) {
    PyObject* result = PyLong_FromLongLong(value);
    if (result == nullptr) {
        PyErr_Clear();
    }
    return result;
}

PyObject* NewOptionalIntOrNull(int64_t value, int64_t isBound) {
    return (isBound & 0xff) != 0 ? NewIntOrNull(value) : nullptr;
}

PyObject* NewOptionalFloatOrNull(double value, int64_t isBound) {
    return (isBound & 0xff) != 0 ? NewFloatOrNull(value) : nullptr;
}

PyObject* NewFloatOrNull(double value) {
    PyObject* result = PyFloat_FromDouble(value);
    if (result == nullptr) {
        PyErr_Clear();
    }
    return result;
}

} // namespace pyston::rt
