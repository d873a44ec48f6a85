#include "cpython/v3_11/attribute_lookup.h"

#include "cpython/api.h"

namespace pyston::host {
namespace {

// A class made in Python with a __getattr__ and no __getattribute__ of its own, or a metaclass of
// that kind: looks the attribute up as `base` does, and asks __getattr__ if that raises.
bool asksWhenMissing(PyTypeObject* type, PyTypeObject* base) {
    static PyObject* const name = PyUnicode_InternFromString("__getattribute__");
    return PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) && type->tp_getattr == nullptr &&
           name != nullptr && _PyType_Lookup(type, name) == _PyType_Lookup(base, name);
}

} // namespace

Lookup lookupOf(PyTypeObject* type) {
    PyTypeObject* base = isMetaclass(type) ? &PyType_Type : &PyBaseObject_Type;
    if (type->tp_getattro == base->tp_getattro)
        return Lookup::kGeneric;
    if (type == &PyModule_Type || asksWhenMissing(type, base))
        return Lookup::kGenericIfFound;
    return Lookup::kOther;
}

bool yieldsToClass(PyObject* ofMetaclass) {
    return ofMetaclass == nullptr ||
           (Py_TYPE(ofMetaclass)->tp_descr_set == nullptr && staysAsItIs(ofMetaclass));
}

} // namespace pyston::host
