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

// The slot of a member that holds any object, or 0. Those that are there for `uses`: a __slots__
// member to be loaded and stored; to be loaded while it is not null, others too.
enum class SlotUses : uint8_t { kLoadAndStore, kLoadIfSet };
inline Py_ssize_t slotOffset(PyTypeObject* type, PyObject* descriptor,
                             SlotUses uses = SlotUses::kLoadAndStore) {
    if (!Py_IS_TYPE(descriptor, &PyMemberDescr_Type))
        return 0;
    auto* slot = reinterpret_cast<PyMemberDescrObject*>(descriptor);
    const PyMemberDef& member = *slot->d_member;
    const bool fits = uses == SlotUses::kLoadAndStore
                          ? member.type == T_OBJECT_EX && member.flags == 0
                          : (member.type == T_OBJECT_EX || member.type == T_OBJECT) &&
                                (member.flags & ~READONLY) == 0;
    if (!fits || !PyType_IsSubtype(type, PyDescr_TYPE(slot)) || member.offset > UINT16_MAX)
        return 0;
    return member.offset;
}

inline bool isMetaclass(PyTypeObject* type) {
    return PyType_FastSubclass(type, Py_TPFLAGS_TYPE_SUBCLASS);
}

// How a class looks up attributes of its instances.
enum class Lookup : uint8_t {
    kGeneric, // as `object` does; metaclasses: as `type` does
    // The same if that finds something. (If it raises AttributeError, there is a __getattr__.)
    kGenericIfFound,
    kOther,
};
Lookup lookupOf(PyTypeObject* type);

// Does an object, as an attribute of a class, stay the kind of descriptor that it is, or none? The
// classes of others may get a __get__ or __set__, or be exchanged.
inline bool staysAsItIs(PyObject* object) {
    return PyType_HasFeature(Py_TYPE(object), Py_TPFLAGS_IMMUTABLETYPE) && !PyModule_Check(object);
}

// Whether an attribute of a metaclass (null: none), looked up through a class, is of no account if
// the class has one of that name itself, for as long as the metaclass keeps its version.
bool yieldsToClass(PyObject* ofMetaclass);

// What `classmethod` and `staticmethod` objects wrap: the first field of their structs.
constexpr Py_ssize_t kWrapped = sizeof(PyObject);
inline PyObject* wrapped(PyObject* descriptor) { // borrowed, may be null
    return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(descriptor) + kWrapped);
}

// What a site remembers of the owner of an attribute.
runtime::SiteProfile::Shape shapeOf(PyObject* owner, PyObject* name);

// The class's __getitem__ or __setitem__ if it is a Python function (borrowed), else null.
PyObject* subscriptFunctionOf(PyTypeObject* type, bool stores);

} // namespace pyston::host
