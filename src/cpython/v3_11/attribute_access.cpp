// What the compiler asks about attributes of classes that were seen at a site.
#include "cpython/api.h"
#include "cpython/v3_11/attribute_lookup.h"
#include "cpython/v3_11/live_types.h"

namespace pyston::host {
namespace {

using Kind = AttributeAccess::Kind;

// Where a property has its getter: the first field of a struct that is private to descrobject.c.
constexpr Py_ssize_t kPropertyGetter = sizeof(PyObject);

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

AttributeAccess instanceValue(PyTypeObject* type, PyObject* name) {
    AttributeAccess access;
    if (!hasManagedDict(type) || sharedKeys(type) == nullptr)
        return access;
    access.index = findKey(sharedKeys(type), name);
    access.kind = Kind::kInstanceValue;
    return access;
}

// Whether the object binds nothing as an attribute of a class; if so, for which version of its own
// class, or 0 if that cannot change.
bool bindsNothing(PyObject* object, uint32_t* version) {
    PyTypeObject* type = Py_TYPE(object);
    *version = 0;
    if (type->tp_descr_get != nullptr)
        return false;
    if (PyType_HasFeature(type, Py_TPFLAGS_IMMUTABLETYPE))
        return true;
    _PyType_Lookup(type, &_Py_ID(__get__)); // gives it a version
    *version = type->tp_version_tag;
    return *version != 0;
}

// Whether the object, as an attribute of a class, is found as it is by way of the class itself.
bool bindsInstancesOnly(PyObject* object) {
    PyTypeObject* type = Py_TYPE(object);
    return type == &PyFunction_Type || type == &PyMethodDescr_Type || type == &PyWrapperDescr_Type;
}

AttributeAccess classValue(PyTypeObject* type, PyObject* name, PyObject* found, Kind kind) {
    AttributeAccess access;
    if (hasManagedDict(type)) {
        if (sharedKeys(type) == nullptr || !DK_IS_UNICODE(sharedKeys(type)) ||
            findKey(sharedKeys(type), name) >= 0 ||
            sharedKeys(type)->dk_nentries > kMostSearchedKeys)
            return access;
        access.sharedKeys = sharedKeys(type)->dk_nentries;
    } else if (type->tp_dictoffset != 0) {
        return access;
    }
    access.kind = kind;
    access.object = found;
    return access;
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
    if (dict == nullptr || dict->ma_keys->dk_kind != DICT_KEYS_UNICODE)
        return shape;
    Py_ssize_t index = findKey(dict->ma_keys, name);
    shape.entry = index >= 0 ? static_cast<int32_t>(index) : Site::kNotInDict;
    return shape;
}

AttributeAccess attributeAccess(uint32_t typeVersion, Object* name) {
    AttributeAccess access;
    PyTypeObject* type = liveType(typeVersion);
    if (type == nullptr || type->tp_getattro != PyObject_GenericGetAttr ||
        type->tp_setattro != PyObject_GenericSetAttr)
        return access;
    PyObject* found = _PyType_Lookup(type, name);
    if (found == nullptr)
        return instanceValue(type, name);
    if (Py_ssize_t offset = slotOffset(type, found)) {
        access.kind = Kind::kSlot;
        access.index = offset;
        return access;
    }
    if (PyObject* getter = pythonGetter(found)) {
        access.kind = Kind::kProperty;
        access.index = kPropertyGetter;
        access.object = getter;
        access.owner = found;
        return access;
    }
    if (Py_TYPE(found)->tp_descr_set != nullptr)
        return access;
    if (PyType_HasFeature(Py_TYPE(found), Py_TPFLAGS_METHOD_DESCRIPTOR))
        return classValue(type, name, found, Kind::kMethod);
    uint32_t version;
    if (!bindsNothing(found, &version))
        return access;
    // An instance attribute comes first.
    access = classValue(type, name, found, Kind::kClassValue);
    access.objectVersion = version;
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
    if (!Py_IS_TYPE(object, &PyType_Type))
        return {};
    // What the metaclass has of that name (__init__, say) comes first only if it can be set, too.
    PyObject* metaAttribute = _PyType_Lookup(&PyType_Type, name);
    if (metaAttribute != nullptr && Py_TYPE(metaAttribute)->tp_descr_set != nullptr)
        return {};
    auto* type = reinterpret_cast<PyTypeObject*>(object);
    PyObject* found = _PyType_Lookup(type, name);
    uint32_t version = 0;
    if (found == nullptr || !(bindsInstancesOnly(found) || bindsNothing(found, &version)) ||
        !PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) || type->tp_version_tag == 0)
        return {};
    return {type->tp_version_tag, found, version};
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
