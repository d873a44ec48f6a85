#include "cpython/v3_11/attribute_cache.h"

#include "cpython/api.h"

namespace pyston::host {
namespace {

constexpr Py_ssize_t kMostIndexed = UINT16_MAX;

bool hasVersion(PyTypeObject* type) {
    return type->tp_version_tag != 0 && PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG);
}

Attribute kindOf(PyTypeObject* type, PyObject* found, uint16_t* index) {
    if (found == nullptr)
        return Attribute::kOfInstance;
    if (Py_ssize_t offset = slotOffset(type, found)) {
        *index = static_cast<uint16_t>(offset);
        return Attribute::kSlot;
    }
    const PyTypeObject* descriptor = Py_TYPE(found);
    if (descriptor->tp_descr_get == nullptr)
        return Attribute::kPlain;
    if (descriptor->tp_descr_set != nullptr)
        return Attribute::kData;
    return PyType_HasFeature(Py_TYPE(found), Py_TPFLAGS_METHOD_DESCRIPTOR) ? Attribute::kFunction
                                                                           : Attribute::kNonData;
}

// Can reading it run code that raises AttributeError?
bool mayMiss(Attribute kind, PyObject* found) {
    if (kind == Attribute::kFunction)
        return !Py_IS_TYPE(found, &PyFunction_Type);
    if (kind == Attribute::kNonData)
        return !Py_IS_TYPE(found, &PyClassMethod_Type) && !Py_IS_TYPE(found, &PyStaticMethod_Type);
    return kind == Attribute::kData;
}

PyDictObject* managedDict(PyObject* object) {
    return reinterpret_cast<PyDictObject*>(*_PyObject_ManagedDictPointer(object));
}

// Fills in place and index.
void locate(AttributeEntry* entry, PyObject* object, PyTypeObject* type, PyObject* name) {
    if (!hasManagedDict(type))
        return;
    const PyDictObject* dict = managedDict(object);
    const bool isInline = *_PyObject_ValuesPointer(object) != nullptr;
    if (!isInline && dict == nullptr)
        return;
    const bool hasSharedKeys = isInline || dict->ma_values != nullptr;
    PyDictKeysObject* keys = hasSharedKeys ? sharedKeys(type) : dict->ma_keys;
    const Py_ssize_t index = findKey(keys, name);
    if (index >= 0 && index <= kMostIndexed) {
        entry->place = hasSharedKeys ? Place::kShared : Place::kDict;
        entry->index = static_cast<uint16_t>(index);
    } else if (index < 0 && hasSharedKeys && DK_IS_UNICODE(keys) &&
               keys->dk_nentries <= kMostSearchedKeys) {
        entry->place = Place::kNotThere;
        entry->index = static_cast<uint16_t>(keys->dk_nentries);
    }
}

// The object is a class, and what its metaclass has of the name, if anything, comes after it.
void learnClassLoad(AttributeCache* cache, PyTypeObject* type, PyObject* name, bool ifFound) {
    PyObject* found = _PyType_Lookup(type, name);
    if (found == nullptr || !hasVersion(type) || !hasVersion(Py_TYPE(type)))
        return;
    uint16_t index = 0;
    if (ifFound && mayMiss(kindOf(type, found, &index), found))
        return;
    cache->add(
        {type->tp_version_tag, Py_TYPE(type)->tp_version_tag, found, Attribute::kOfClass, {}, {}});
}

// The value at a place among the instance's values; they go by the class's shared keys.
OwnAttribute amongValues(const AttributeEntry& entry, PyTypeObject* type,
                         const PyDictValues* values) {
    if (entry.place == Place::kShared) {
        PyObject* value = values->values[entry.index];
        return {value != nullptr ? OwnAttribute::kValue : OwnAttribute::kNone, value};
    }
    if (entry.place == Place::kNotThere && sharedKeys(type)->dk_nentries == entry.index)
        return {OwnAttribute::kNone, nullptr};
    return {OwnAttribute::kUnknown, nullptr};
}

OwnAttribute inDict(const AttributeEntry& entry, PyDictObject* dict, PyObject* name) {
    PyDictKeysObject* keys = dict->ma_keys;
    if (!DK_IS_UNICODE(keys) || dict->ma_values != nullptr) // other keys may run code
        return {OwnAttribute::kUnknown, nullptr};
    if (entry.place == Place::kDict && entry.index < keys->dk_nentries) {
        const PyDictUnicodeEntry& at = DK_UNICODE_ENTRIES(keys)[entry.index];
        if (at.me_key == name && at.me_value != nullptr)
            return {OwnAttribute::kValue, at.me_value};
    }
    PyObject* value =
        _PyDict_GetItem_KnownHash(reinterpret_cast<PyObject*>(dict), name, hashOf(name));
    return {value != nullptr ? OwnAttribute::kValue : OwnAttribute::kNone, value};
}

} // namespace

void AttributeCache::add(const AttributeEntry& entry) {
    for (AttributeEntry& old : entries)
        if (old.version == 0 ||
            (old.version == entry.version && old.metaVersion == entry.metaVersion)) {
            old = entry;
            return;
        }
    entries[lessons % std::size(entries)] = entry;
}

void learnLoad(AttributeCache* cache, PyObject* object, PyObject* name) {
    ++cache->lessons;
    PyTypeObject* type = Py_TYPE(object);
    const Lookup lookup = lookupOf(type);
    if (lookup == Lookup::kOther)
        return;
    AttributeEntry entry{0, 0, _PyType_Lookup(type, name), {}, {}, 0};
    if (!hasVersion(type)) // the lookup may have given it one
        return;
    const bool ifFound = lookup == Lookup::kGenericIfFound;
    if (isMetaclass(type) && yieldsToClass(entry.found))
        return learnClassLoad(cache, reinterpret_cast<PyTypeObject*>(object), name, ifFound);
    entry.version = type->tp_version_tag;
    entry.kind = kindOf(type, entry.found, &entry.index);
    if ((isMetaclass(type) && entry.kind != Attribute::kData) ||
        (ifFound && mayMiss(entry.kind, entry.found)))
        return;
    if (entry.kind != Attribute::kSlot && entry.kind != Attribute::kData)
        locate(&entry, object, type, name);
    cache->add(entry);
}

void learnStore(AttributeCache* cache, PyObject* object, PyObject* name) {
    ++cache->lessons;
    PyTypeObject* type = Py_TYPE(object);
    AttributeEntry entry{0, 0, _PyType_Lookup(type, name), {}, {}, 0};
    if (type->tp_setattro != PyObject_GenericSetAttr || !hasVersion(type))
        return;
    entry.version = type->tp_version_tag;
    if (entry.found != nullptr && slotOffset(type, entry.found) != 0)
        entry.kind = kindOf(type, entry.found, &entry.index);
    else if (entry.found != nullptr && Py_TYPE(entry.found)->tp_descr_set != nullptr)
        entry.kind = Attribute::kData;
    else
        entry.kind = Attribute::kOfInstance;
    if (entry.kind == Attribute::kOfInstance)
        locate(&entry, object, type, name);
    cache->add(entry);
}

OwnAttribute ownAttribute(const AttributeEntry& entry, PyObject* object, PyTypeObject* type,
                          PyObject* name) {
    if (hasManagedDict(type)) {
        if (const PyDictValues* values = *_PyObject_ValuesPointer(object))
            return amongValues(entry, type, values);
        PyDictObject* dict = managedDict(object);
        if (dict == nullptr)
            return {OwnAttribute::kNone, nullptr};
        if (dict->ma_values != nullptr && dict->ma_keys == sharedKeys(type))
            return amongValues(entry, type, dict->ma_values);
        return inDict(entry, dict, name);
    }
    if (type->tp_dictoffset == 0)
        return {OwnAttribute::kNone, nullptr};
    if (type->tp_dictoffset < 0)
        return {OwnAttribute::kUnknown, nullptr};
    auto* dict =
        *reinterpret_cast<PyDictObject**>(reinterpret_cast<char*>(object) + type->tp_dictoffset);
    if (dict == nullptr)
        return {OwnAttribute::kNone, nullptr};
    return inDict(entry, dict, name);
}

} // namespace pyston::host
