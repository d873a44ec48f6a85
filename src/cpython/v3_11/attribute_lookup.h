// Where instances keep their attributes.
#pragma once

#include "cpython/v3_11/interpreter.h"
#include "runtime/code_data.h"

#include "pycore_dict.h"
#include "pycore_object.h"
#include "structmember.h"

#include <cstdint>

namespace pyston::host {

constexpr Py_ssize_t kMostSearchedKeys = 64;

// The hash of a string, which nothing can fail to compute.
inline Py_hash_t hashOf(PyObject* string) {
    const Py_hash_t known = reinterpret_cast<PyASCIIObject*>(string)->hash;
    return known != -1 ? known : PyObject_Hash(string);
}

inline bool isSameString(PyObject* a, PyObject* b) {
    return a == b || (hashOf(a) == hashOf(b) && PyUnicode_Compare(a, b) == 0);
}

// Position of `name` among unicode keys, or -1.
inline Py_ssize_t findKey(PyDictKeysObject* keys, PyObject* name) {
    if (!DK_IS_UNICODE(keys) || keys->dk_nentries > kMostSearchedKeys)
        return -1;
    for (Py_ssize_t i = 0; i < keys->dk_nentries; ++i)
        if (PyObject* key = DK_UNICODE_ENTRIES(keys)[i].me_key;
            key != nullptr && isSameString(key, name))
            return i;
    return -1;
}

// The Python function that is the class's __init__, if making an instance takes nothing but
// object.__new__() and a call of it. Borrowed.
PyObject* plainInit(PyTypeObject* type);

inline bool hasManagedDict(PyTypeObject* type) {
    return (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0;
}

inline PyDictKeysObject* sharedKeys(PyTypeObject* type) {
    return reinterpret_cast<PyHeapTypeObject*>(type)->ht_cached_keys;
}

// The slot of a __slots__ member that holds any object, or 0.
inline Py_ssize_t slotOffset(PyTypeObject* type, PyObject* descriptor) {
    if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type))
        return 0;
    auto* member = reinterpret_cast<PyMemberDescrObject*>(descriptor);
    if (member->d_member->type != T_OBJECT_EX || member->d_member->flags != 0 ||
        !PyType_IsSubtype(type, PyDescr_TYPE(member)) || member->d_member->offset > UINT16_MAX)
        return 0;
    return member->d_member->offset;
}

// What a site remembers of the owner of an attribute.
runtime::SiteProfile::Shape shapeOf(PyObject* owner, PyObject* name);

// The class's __getitem__ or __setitem__ if it is a Python function (borrowed), else null.
PyObject* subscriptFunctionOf(PyTypeObject* type, bool stores);

} // namespace pyston::host
