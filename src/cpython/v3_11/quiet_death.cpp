#include "cpython/v3_11/quiet_death.h"

#include "cpython/v3_11/layout.h"

#include "pycore_dict.h"
#include "pycore_object.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>

namespace pyston::host {
namespace {

struct DictIterator { // dictobject.c
    PyObject_HEAD PyObject* dict;
    Py_ssize_t used;
    Py_ssize_t position;
    PyObject* result; // a tuple that the next item may go into, or NULL
};

constexpr Py_ssize_t kMostItems = 32; // that are looked at

// Static classes of extension modules whose instances hold no objects, by name: such a name cannot
// be given to a class by Python code.
constexpr std::array kKnownNames = {"decimal.Decimal", "datetime.timedelta", "datetime.date"};

bool isKnownExtensionClass(PyTypeObject* type) {
    static std::array<PyTypeObject*, kKnownNames.size()> known{};
    for (size_t i = 0; i < known.size(); ++i) {
        if (known[i] == type)
            return true;
        if (known[i] == nullptr && std::strcmp(type->tp_name, kKnownNames[i]) == 0) {
            known[i] = type;
            return true;
        }
    }
    return false;
}

// The usual ones of those below.
inline bool isNumberOrString(PyTypeObject* type) {
    return type == &PyLong_Type || type == &PyFloat_Type || type == &PyUnicode_Type;
}

// Instances hold no objects, and have no weak references.
bool isPlain(PyTypeObject* type) {
    if (isNumberOrString(type) || type == &PyBool_Type || type == &PyBytes_Type ||
        type == &PyComplex_Type || type == &PyRangeIter_Type || type == Py_TYPE(Py_None))
        return true;
    constexpr unsigned long kOther = Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_HAVE_GC;
    return (type->tp_flags & kOther) == 0 && isKnownExtensionClass(type);
}

// Whether letting go of all these references frees nothing, or something plain. NULL is let go of.
bool areLetGoQuietly(PyObject* const* items, Py_ssize_t count) {
    if (count > kMostItems)
        return false;
    for (Py_ssize_t i = 0; i < count; ++i)
        if (items[i] != nullptr && !isNumberOrString(Py_TYPE(items[i])) &&
            !isPlain(Py_TYPE(items[i])) &&
            Py_REFCNT(items[i]) <= std::count(items, items + count, items[i]))
            return false;
    return true;
}

bool isSequenceIterator(PyTypeObject* type) {
    return type == &PyListIter_Type || type == &PyTupleIter_Type || type == &PyListRevIter_Type;
}
bool isDictIterator(PyTypeObject* type) {
    return type == &PyDictIterKey_Type || type == &PyDictIterValue_Type ||
           type == &PyDictIterItem_Type;
}
bool isDictView(PyTypeObject* type) {
    return type == &PyDictKeys_Type || type == &PyDictValues_Type || type == &PyDictItems_Type;
}

// What classes made in Python free their instances with.
destructor instanceDealloc = nullptr;

// An instance of a class made in Python, on top of object, with its attributes inline.
bool instanceDiesQuietly(PyObject* object, PyTypeObject* type) {
    if (instanceDealloc == nullptr || type->tp_dealloc != instanceDealloc ||
        type->tp_finalize != nullptr || type->tp_del != nullptr || Py_REFCNT(type) <= 1 ||
        (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) == 0)
        return false;
    for (PyTypeObject* base = type; base != &PyBaseObject_Type; base = base->tp_base)
        if (base == nullptr || base->tp_dealloc != type->tp_dealloc || Py_SIZE(base) != 0)
            return false; // a C class below, or __slots__
    if (type->tp_weaklistoffset > 0 && *PyObject_GET_WEAKREFS_LISTPTR(object) != nullptr)
        return false;
    PyDictValues* values = *_PyObject_ValuesPointer(object);
    if (values == nullptr)
        return *_PyObject_ManagedDictPointer(object) == nullptr;
    PyDictKeysObject* keys = reinterpret_cast<PyHeapTypeObject*>(type)->ht_cached_keys;
    return keys != nullptr && areLetGoQuietly(values->values, keys->dk_nentries);
}

} // namespace

bool prepareQuietDeaths() {
    PyObject* made =
        PyObject_CallFunction(reinterpret_cast<PyObject*>(&PyType_Type), "s(){}", "probe");
    if (made == nullptr)
        return false;
    instanceDealloc = reinterpret_cast<PyTypeObject*>(made)->tp_dealloc;
    Py_DECREF(made);
    return true;
}

bool diesQuietly(PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    if (isPlain(type))
        return true;
    if (type == &PyTuple_Type)
        return areLetGoQuietly(reinterpret_cast<PyTupleObject*>(object)->ob_item, Py_SIZE(object));
    if (type == &PyList_Type)
        return areLetGoQuietly(reinterpret_cast<PyListObject*>(object)->ob_item, Py_SIZE(object));
    if (type == &PySlice_Type) {
        auto* slice = reinterpret_cast<PySliceObject*>(object);
        const std::array parts{slice->start, slice->stop, slice->step};
        return areLetGoQuietly(parts.data(), std::ssize(parts));
    }
    if (type == &PyMethod_Type) {
        auto* method = reinterpret_cast<PyMethodObject*>(object);
        const std::array parts{method->im_func, method->im_self};
        return method->im_weakreflist == nullptr &&
               areLetGoQuietly(parts.data(), std::ssize(parts));
    }
    if (isSequenceIterator(type))
        return areLetGoQuietly(&reinterpret_cast<SequenceIterator*>(object)->sequence, 1);
    if (isDictView(type))
        return Py_REFCNT(reinterpret_cast<_PyDictViewObject*>(object)->dv_dict) > 1;
    if (isDictIterator(type)) {
        auto* iterator = reinterpret_cast<DictIterator*>(object);
        return areLetGoQuietly(&iterator->dict, 1) &&
               (iterator->result == nullptr || Py_REFCNT(iterator->result) > 1 ||
                areLetGoQuietly(reinterpret_cast<PyTupleObject*>(iterator->result)->ob_item,
                                Py_SIZE(iterator->result)));
    }
    return instanceDiesQuietly(object, type);
}

} // namespace pyston::host
