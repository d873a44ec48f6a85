// Attribute access at sites whose objects are of several classes, or were not seen by the
// interpreter before compilation: a small cache per site, by type version. A version is never
// reused, and changes with everything in the class (and its bases) that a lookup depends on.
#include "cpython/api.h"
#include "cpython/v3_11/attribute_lookup.h"
#include "cpython/v3_11/helpers_functions.h"
#include "runtime/policy.h"

#include <utility>

namespace pyston::rt {
namespace {

using host::findKey;
using host::hasManagedDict;
using host::sharedKeys;
using host::slotOffset;

enum class Kind : uint8_t {
    kInstanceValue, // index of an inline value
    kManagedDict,   // entry of the instance's own (materialized) dict
    kSlot,          // byte offset of a __slots__ member
    kMethod,        // function to call with self first; no instance attribute hides it
    kClassValue,    // plain class attribute; no instance attribute hides it
    kOfClass,       // plain attribute of the object, a class of metaclass type; by its own version
};

struct Entry {
    uint32_t version;
    Kind kind;
    uint16_t index; // see Kind; for the last two: entries of the shared keys when it was looked up
    PyObject* object; // borrowed: alive as long as the version is current
};

// The content of a hir::SiteCache.
struct AttributeCache {
    Entry entries[4];
    uint32_t fills; // bounded: a site with many classes is left to the generic lookup
};
static_assert(sizeof(AttributeCache) <= hir::kCacheBytes);
constexpr uint32_t kMaxFills = 64;

// After that many uses it is time to do something better than to call a helper.
constexpr uint32_t kUsesBeforeShapes = 8000;

AttributeCache* cacheAt(int64_t address) {
    auto* site = reinterpret_cast<hir::SiteCache*>(address);
    if (site->owner != nullptr && ++site->uses >= kUsesBeforeShapes) [[unlikely]]
        runtime::useShapes(std::exchange(site->owner, nullptr), site->offset);
    return reinterpret_cast<AttributeCache*>(site->content.data());
}

// For the next compilation.
void noteShape(int64_t address, PyObject* object, PyObject* name) {
    const auto* site = reinterpret_cast<const hir::SiteCache*>(address);
    if (site->owner == nullptr)
        return;
    const auto shape = host::shapeOf(object, name);
    if (host::attributeAccess(shape.version, name).kind != host::AttributeAccess::kUnknown)
        site->owner->sites[site->offset].addShape(shape);
}

void add(AttributeCache* cache, const Entry& entry) {
    cache->entries[cache->fills++ % std::size(cache->entries)] = entry;
}

// The value that the instance's dict has at the entry, if that is the name's; borrowed.
PyObject* dictValueAt(PyObject* object, PyObject* name, uint16_t index) {
    auto* dict = reinterpret_cast<PyDictObject*>(*_PyObject_ManagedDictPointer(object));
    if (dict == nullptr || dict->ma_values != nullptr)
        return nullptr;
    PyDictKeysObject* keys = dict->ma_keys;
    if (!DK_IS_UNICODE(keys) || index >= keys->dk_nentries)
        return nullptr;
    PyDictUnicodeEntry& entry = DK_UNICODE_ENTRIES(keys)[index];
    return entry.me_key == name ? entry.me_value : nullptr;
}

// Does no instance attribute hide the class attribute, as when the entry was made?
bool isVisible(PyObject* object, PyTypeObject* type, const Entry& entry) {
    if (!hasManagedDict(type))
        return true; // only classes without a dict get such an entry
    return *_PyObject_ValuesPointer(object) != nullptr &&
           sharedKeys(type)->dk_nentries == entry.index;
}

// Can lookups of this class be cached, and does it have a version?
bool isCacheable(PyTypeObject* type, AttributeCache* cache) {
    return cache->fills < kMaxFills && type->tp_version_tag != 0 &&
           (type->tp_flags & Py_TPFLAGS_VALID_VERSION_TAG) != 0;
}

// Fills in where the class attribute `found` (borrowed) is seen through an instance.
void cacheClassAttribute(AttributeCache* cache, PyObject* object, PyObject* name, PyObject* found,
                         Kind kind) {
    PyTypeObject* type = Py_TYPE(object);
    uint16_t entries = 0;
    if (hasManagedDict(type)) {
        if (*_PyObject_ValuesPointer(object) == nullptr || findKey(sharedKeys(type), name) >= 0)
            return;
        entries = static_cast<uint16_t>(sharedKeys(type)->dk_nentries);
    } else if (type->tp_dictoffset != 0) {
        return;
    }
    add(cache, {type->tp_version_tag, kind, entries, found});
}

void cacheInstanceAttribute(AttributeCache* cache, PyObject* object, PyObject* name) {
    PyTypeObject* type = Py_TYPE(object);
    if (!hasManagedDict(type))
        return;
    if (*_PyObject_ValuesPointer(object) != nullptr) {
        Py_ssize_t index = findKey(sharedKeys(type), name);
        if (index >= 0)
            add(cache, {type->tp_version_tag, Kind::kInstanceValue, static_cast<uint16_t>(index),
                        nullptr});
        return;
    }
    auto* dict = reinterpret_cast<PyDictObject*>(*_PyObject_ManagedDictPointer(object));
    if (dict == nullptr || dict->ma_values != nullptr)
        return;
    Py_ssize_t index = findKey(dict->ma_keys, name);
    if (index >= 0)
        add(cache,
            {type->tp_version_tag, Kind::kManagedDict, static_cast<uint16_t>(index), nullptr});
}

// The metaclass is `type` itself, which never changes.
void learnClassLoad(AttributeCache* cache, PyTypeObject* type, PyObject* name) {
    if (_PyType_Lookup(&PyType_Type, name) != nullptr)
        return;
    PyObject* found = _PyType_Lookup(type, name);
    if (found != nullptr && Py_TYPE(found)->tp_descr_get == nullptr && isCacheable(type, cache))
        add(cache, {type->tp_version_tag, Kind::kOfClass, 0, found});
}

void learnLoad(AttributeCache* cache, PyObject* object, PyObject* name) {
    PyTypeObject* type = Py_TYPE(object);
    if (type == &PyType_Type)
        return learnClassLoad(cache, reinterpret_cast<PyTypeObject*>(object), name);
    if (type->tp_getattro != PyObject_GenericGetAttr)
        return;
    PyObject* found = _PyType_Lookup(type, name);
    if (!isCacheable(type, cache))
        return;
    if (found == nullptr)
        return cacheInstanceAttribute(cache, object, name);
    if (Py_ssize_t offset = slotOffset(type, found)) {
        add(cache, {type->tp_version_tag, Kind::kSlot, static_cast<uint16_t>(offset), nullptr});
    } else if (Py_TYPE(found)->tp_descr_get == nullptr && Py_TYPE(found)->tp_descr_set == nullptr) {
        cacheClassAttribute(cache, object, name, found, Kind::kClassValue);
    }
}

// The attribute if an entry tells, else null (which says nothing). Borrowed.
PyObject* cachedValue(AttributeCache* cache, PyObject* object, PyObject* name) {
    PyTypeObject* type = Py_TYPE(object);
    if (type == &PyType_Type) {
        const uint32_t own = reinterpret_cast<PyTypeObject*>(object)->tp_version_tag;
        for (const Entry& entry : cache->entries)
            if (entry.kind == Kind::kOfClass && entry.version == own && own != 0)
                return entry.object;
        return nullptr;
    }
    const uint32_t version = type->tp_version_tag;
    for (const Entry& entry : cache->entries) {
        if (entry.version != version || version == 0)
            continue;
        PyObject* value = nullptr;
        switch (entry.kind) {
        case Kind::kInstanceValue:
            if (PyDictValues* values = *_PyObject_ValuesPointer(object))
                value = values->values[entry.index];
            break;
        case Kind::kManagedDict:
            value = dictValueAt(object, name, entry.index);
            break;
        case Kind::kSlot:
            value = *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + entry.index);
            break;
        case Kind::kClassValue:
            if (isVisible(object, type, entry))
                value = entry.object;
            break;
        case Kind::kMethod:
        case Kind::kOfClass:
            break;
        }
        if (value != nullptr)
            return value;
    }
    return nullptr;
}

} // namespace

// Keys are strings, and so is the name: nothing can fail or run code.
int64_t HasInDict(PyObject* object, PyObject* name) {
    if (*_PyObject_ValuesPointer(object) != nullptr)
        return true;
    auto* dict = reinterpret_cast<PyDictObject*>(*_PyObject_ManagedDictPointer(object));
    return dict == nullptr || !DK_IS_UNICODE(dict->ma_keys) || dict->ma_values != nullptr ||
           _PyDict_Contains_KnownHash(reinterpret_cast<PyObject*>(dict), name,
                                      PyObject_Hash(name)) != 0;
}

PyObject* LoadAttrCached(int64_t site, PyObject* object, PyObject* name) {
    AttributeCache* cache = cacheAt(site);
    if (PyObject* value = cachedValue(cache, object, name))
        return Py_NewRef(value);
    PyObject* result = PyObject_GetAttr(object, name);
    if (result != nullptr && cache->fills < kMaxFills) {
        learnLoad(cache, object, name);
        noteShape(site, object, name);
    }
    return result;
}

PyObject* LoadMethodCached(int64_t site, PyObject* object, PyObject* name) {
    AttributeCache* cache = cacheAt(site);
    PyTypeObject* type = Py_TYPE(object);
    for (const Entry& entry : cache->entries)
        if (entry.version == type->tp_version_tag && entry.version != 0 &&
            entry.kind == Kind::kMethod && isVisible(object, type, entry)) {
            keepSecond(Py_NewRef(object));
            return Py_NewRef(entry.object);
        }
    if (PyObject* value = cachedValue(cache, object, name)) {
        keepSecond(Py_NewRef(value));
        return nullptr;
    }
    PyObject* result = LoadMethodFunction(object, name);
    if (result == errorSentinel() || cache->fills >= kMaxFills ||
        type->tp_getattro != PyObject_GenericGetAttr)
        return result;
    noteShape(site, object, name);
    if (result == nullptr)
        learnLoad(cache, object, name);
    else if (_PyType_Lookup(type, name) == result && isCacheable(type, cache))
        cacheClassAttribute(cache, object, name, result, Kind::kMethod);
    return result;
}

int64_t StoreAttrCached(int64_t site, PyObject* value, PyObject* object, PyObject* name) {
    AttributeCache* cache = cacheAt(site);
    PyTypeObject* type = Py_TYPE(object);
    const uint32_t version = type->tp_version_tag;
    for (const Entry& entry : cache->entries) {
        if (entry.version != version || version == 0)
            continue;
        if (entry.kind == Kind::kInstanceValue) {
            if (*_PyObject_ValuesPointer(object) != nullptr)
                return StoreInstanceValue(entry.index, value, object, name);
        } else if (entry.kind == Kind::kManagedDict) {
            if (PyObject* dict = *_PyObject_ManagedDictPointer(object))
                return PyDict_SetItem(dict, name, value);
        }
    }
    if (PyObject_SetAttr(object, name, value) < 0)
        return -1;
    if (type == Py_TYPE(object) && type->tp_setattro == PyObject_GenericSetAttr &&
        _PyType_Lookup(type, name) == nullptr && isCacheable(type, cache)) {
        cacheInstanceAttribute(cache, object, name);
        noteShape(site, object, name);
    }
    return 0;
}

} // namespace pyston::rt
