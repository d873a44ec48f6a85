// What the compiler asks about attributes of classes that were seen at a site.
#include "cpython/api.h"
#include "cpython/v3_11/attribute_lookup.h"
#include "cpython/v3_11/live_types.h"

#include <cstddef>

namespace pyston::host {
namespace {

using Kind = AttributeAccess::Kind;

// Where a property has its getter: the first field of a struct that is private to descrobject.c.
constexpr Py_ssize_t kPropertyGetter = sizeof(PyObject);
constexpr Py_ssize_t kTypeOffset = offsetof(PyObject, ob_type);

// The getter of a property, if that is a Python function.
PyObject* pythonGetter(PyObject* property) {
    if (!Py_IS_TYPE(property, &PyProperty_Type))
        return nullptr;
    PyObject* getter = PyObject_GetAttrString(property, "fget");
    if (getter == nullptr) {
        PyErr_Clear();
        return nullptr;
    }
    Py_DECREF(getter); // the property has it
    auto* field = reinterpret_cast<PyObject**>(reinterpret_cast<char*>(property) + kPropertyGetter);
    return Py_IS_TYPE(getter, &PyFunction_Type) && *field == getter ? getter : nullptr;
}

// For which version of its class a descriptor, or what is none, stays what it is; 0: for good.
// False if it has no version.
bool descriptorVersion(PyObject* object, uint32_t* version) {
    PyTypeObject* type = Py_TYPE(object);
    *version = 0;
    if (staysAsItIs(object))
        return true;
    _PyType_Lookup(type, &_Py_ID(__get__)); // gives it a version
    *version = type->tp_version_tag;
    return *version != 0;
}

bool isKnownMethod(PyObject* descriptor, PyTypeObject* type) {
    if (!Py_IS_TYPE(descriptor, type))
        return false;
    PyObject* function = wrapped(descriptor);
    return function != nullptr &&
           (type == &PyStaticMethod_Type || Py_IS_TYPE(function, &PyFunction_Type));
}

// What an attribute of a class that is no data descriptor comes to, through an instance (that does
// not hide it) or the class itself.
void classify(AttributeAccess* access, PyObject* found) {
    using enum AttributeAccess::Kind;
    const bool isStatic = isKnownMethod(found, &PyStaticMethod_Type);
    if (isStatic || isKnownMethod(found, &PyClassMethod_Type)) {
        access->kind = isStatic ? kStaticMethod : kClassMethod;
        access->object = wrapped(found);
        access->owner = found;
        access->index = kWrapped;
        return;
    }
    if (!descriptorVersion(found, &access->descriptorVersion))
        return;
    if (PyType_HasFeature(Py_TYPE(found), Py_TPFLAGS_METHOD_DESCRIPTOR))
        access->kind = kMethod;
    else if (Py_TYPE(found)->tp_descr_get == nullptr)
        access->kind = kClassValue;
    else
        return;
    access->object = access->owner = found;
}

// Adds to `access`: the class has `found`, or null, which an instance's attribute comes before.
AttributeAccess instanceFirst(AttributeAccess access, PyTypeObject* type, PyObject* name,
                              PyObject* found) {
    const bool mayHide = hasManagedDict(type);
    if (mayHide) {
        PyDictKeysObject* keys = sharedKeys(type);
        if (keys == nullptr || !DK_IS_UNICODE(keys) || keys->dk_nentries > kMostSearchedKeys)
            return access;
        access.index = findKey(keys, name);
        if (found == nullptr || access.index >= 0) {
            if (found != nullptr && !descriptorVersion(found, &access.descriptorVersion))
                return access;
            access.kind = Kind::kInstanceValue;
            access.owner = found;
            if (found != nullptr && Py_TYPE(found)->tp_descr_get == nullptr)
                access.object = found;
            return access;
        }
    } else if (type->tp_dictoffset != 0 || found == nullptr) {
        return access;
    }
    classify(&access, found);
    if (mayHide)
        access.sharedKeys = sharedKeys(type)->dk_nentries;
    return access;
}

// `x.__class__` of what does not define another one.
bool isObjectsClass(PyObject* found) {
    static PyObject* const descriptor =
        PyDict_GetItemString(PyBaseObject_Type.tp_dict, "__class__");
    return found == descriptor;
}

} // namespace

runtime::SiteProfile::Shape shapeOf(PyObject* owner, PyObject* name) {
    using Site = runtime::SiteProfile;
    PyTypeObject* type = Py_TYPE(owner);
    Site::Shape shape{type->tp_version_tag, Site::kInline};
    if (name == nullptr || !hasManagedDict(type) || *_PyObject_ValuesPointer(owner) != nullptr)
        return shape;
    auto* dict = reinterpret_cast<PyDictObject*>(*_PyObject_ManagedDictPointer(owner));
    if (dict == nullptr)
        shape.entry = Site::kNoDict;
    else if (dict->ma_values != nullptr && dict->ma_keys == sharedKeys(type))
        shape.entry = Site::kShared;
    if (dict == nullptr || dict->ma_keys->dk_kind != DICT_KEYS_UNICODE)
        return shape;
    Py_ssize_t index = findKey(dict->ma_keys, name);
    shape.entry = index >= 0 ? static_cast<int32_t>(index) : Site::kNotInDict;
    return shape;
}

AttributeAccess attributeLoad(uint32_t typeVersion, Object* name) {
    AttributeAccess access;
    access.typeOffset = kTypeOffset;
    PyTypeObject* type = liveType(typeVersion);
    const Lookup lookup = type != nullptr ? lookupOf(type) : Lookup::kOther;
    if (lookup == Lookup::kOther)
        return access;
    PyObject* found = _PyType_Lookup(type, name);
    if (found == nullptr || Py_TYPE(found)->tp_descr_set == nullptr)
        return isMetaclass(type) ? access : instanceFirst(access, type, name, found);
    if (Py_ssize_t offset = slotOffset(type, found, SlotUses::kLoadIfSet)) {
        access.kind = Kind::kSlot;
        access.index = offset;
    } else if (isObjectsClass(found)) {
        access.kind = Kind::kType; // (a constant would keep the class alive)
    } else if (PyObject* getter = pythonGetter(found); getter && lookup == Lookup::kGeneric) {
        access.kind = Kind::kProperty;
        access.index = kPropertyGetter;
        access.object = getter;
        access.owner = found;
    }
    return access;
}

AttributeAccess attributeStore(uint32_t typeVersion, Object* name) {
    AttributeAccess access;
    PyTypeObject* type = liveType(typeVersion);
    if (type == nullptr || type->tp_setattro != PyObject_GenericSetAttr)
        return access;
    PyObject* found = _PyType_Lookup(type, name);
    if (found == nullptr || Py_TYPE(found)->tp_descr_set == nullptr) {
        if (!hasManagedDict(type) || sharedKeys(type) == nullptr)
            return access;
        if (found != nullptr && !staysAsItIs(found))
            return access;
        access.kind = Kind::kInstanceValue;
        access.index = findKey(sharedKeys(type), name);
    } else if (Py_ssize_t offset = slotOffset(type, found)) {
        access.kind = Kind::kSlot;
        access.index = offset;
    }
    return access;
}

PyObject* subscriptFunctionOf(PyTypeObject* type, bool stores) {
    static PyObject* const kNames[] = {PyUnicode_InternFromString("__getitem__"),
                                       PyUnicode_InternFromString("__setitem__")};
    PyObject* name = kNames[stores ? 1 : 0];
    if (name == nullptr) {
        PyErr_Clear();
        return nullptr;
    }
    if ((type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0 || type->tp_as_mapping == nullptr)
        return nullptr;
    const bool hasSlot = stores ? type->tp_as_mapping->mp_ass_subscript != nullptr
                                : type->tp_as_mapping->mp_subscript != nullptr;
    PyObject* found = hasSlot ? _PyType_Lookup(type, name) : nullptr;
    return found != nullptr && Py_IS_TYPE(found, &PyFunction_Type) ? found : nullptr;
}

Object* subscriptFunction(uint32_t typeVersion, bool stores) {
    PyTypeObject* type = liveType(typeVersion);
    return type != nullptr ? subscriptFunctionOf(type, stores) : nullptr;
}

ClassAttribute classAttribute(Object* object, Object* name) {
    if (!PyType_Check(object))
        return {};
    auto* type = reinterpret_cast<PyTypeObject*>(object);
    PyTypeObject* metaclass = Py_TYPE(type);
    const bool isPlain = metaclass == &PyType_Type;
    if (!isPlain && lookupOf(metaclass) == Lookup::kOther)
        return {};
    if (!yieldsToClass(_PyType_Lookup(metaclass, name)))
        return {};
    PyObject* found = _PyType_Lookup(type, name);
    ClassAttribute attribute;
    if (found == nullptr || !PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) ||
        !(isPlain || PyType_HasFeature(metaclass, Py_TPFLAGS_VALID_VERSION_TAG)))
        return {};
    attribute.version = type->tp_version_tag;
    attribute.metaVersion = isPlain ? 0 : metaclass->tp_version_tag;
    classify(&attribute.access, found);
    // By way of the class itself these are found as they are; others bind to None.
    const PyTypeObject* descriptor = Py_TYPE(found);
    if (attribute.access.kind == AttributeAccess::kMethod)
        attribute.access.kind = descriptor == &PyFunction_Type ||
                                        descriptor == &PyMethodDescr_Type ||
                                        descriptor == &PyWrapperDescr_Type
                                    ? AttributeAccess::kClassValue
                                    : AttributeAccess::kUnknown;
    return attribute;
}

PyObject* plainInit(PyTypeObject* type) {
    if (Py_TYPE(type) != &PyType_Type || type->tp_new != PyBaseObject_Type.tp_new ||
        type->tp_vectorcall != nullptr || (type->tp_flags & Py_TPFLAGS_IS_ABSTRACT) != 0 ||
        (type->tp_flags & Py_TPFLAGS_HEAPTYPE) == 0)
        return nullptr;
    PyObject* init = _PyType_Lookup(type, &_Py_ID(__init__));
    return init != nullptr && Py_IS_TYPE(init, &PyFunction_Type) ? init : nullptr;
}

Constructor constructor(Object* object) {
    if (!Py_IS_TYPE(object, &PyType_Type))
        return {};
    auto* type = reinterpret_cast<PyTypeObject*>(object);
    PyObject* init = plainInit(type);
    if (init == nullptr || !PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) ||
        type->tp_version_tag == 0)
        return {};
    return {type->tp_version_tag, init};
}

} // namespace pyston::host
