// Attribute access at sites whose objects are of several classes, or were not seen by the
// interpreter before compilation: with a small cache per site (attribute_cache.h).
#include "cpython/api.h"
#include "cpython/v3_11/attribute_cache.h"
#include "cpython/v3_11/helpers_functions.h"
#include "runtime/policy.h"

#include <utility>

namespace pyston::rt {
namespace {

using host::Attribute;
using host::AttributeCache;
using host::AttributeEntry;
using host::OwnAttribute;

// After that many uses it is time to do something better than to call a helper.
constexpr uint32_t kUsesBeforeShapes = 8000;

AttributeCache* cacheAt(int64_t address) {
    auto* site = reinterpret_cast<hir::SiteCache*>(address);
    if (site->owner != nullptr && ++site->uses >= kUsesBeforeShapes) [[unlikely]]
        runtime::useShapes(std::exchange(site->owner, nullptr), site->offset);
    return reinterpret_cast<AttributeCache*>(site->content.data());
}

// For the next compilation.
void noteShape(int64_t address, PyObject* object, PyObject* name,
               host::AttributeAccess (*accessOf)(uint32_t, Object*)) {
    const auto* site = reinterpret_cast<const hir::SiteCache*>(address);
    if (site->owner == nullptr)
        return;
    const auto shape = host::shapeOf(object, name);
    if (accessOf(shape.version, name).kind != host::AttributeAccess::kUnknown)
        site->owner->sites[site->offset].addShape(shape);
}

PyObject** slotAt(PyObject* object, const AttributeEntry& entry) {
    return reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + entry.index);
}

// What a lookup came to, if the entry could tell.
struct Loaded {
    bool known;
    PyObject* value; // new reference; null with an exception set
};
constexpr Loaded kNotKnown{false, nullptr};

Loaded callGetter(PyObject* descriptor, descrgetfunc get, PyObject* object, PyObject* type) {
    Ref keep = Ref::borrow(descriptor);
    return {true, get(descriptor, object, type)};
}

// The class attribute as seen through an instance that has none of that name. The descriptor's
// class may have changed since.
Loaded bind(const AttributeEntry& entry, PyObject* object, PyTypeObject* type) {
    if (entry.kind == Attribute::kOfInstance)
        return kNotKnown;
    const PyTypeObject* descriptor = Py_TYPE(entry.found);
    const descrgetfunc get = descriptor->tp_descr_get;
    switch (entry.kind) {
    case Attribute::kPlain:
        return get == nullptr ? Loaded{true, Py_NewRef(entry.found)} : kNotKnown;
    case Attribute::kFunction:
        if (Py_IS_TYPE(entry.found, &PyFunction_Type))
            return {true, PyMethod_New(entry.found, object)};
        return callGetter(entry.found, get, object, reinterpret_cast<PyObject*>(type));
    case Attribute::kNonData:
        if (get == nullptr || descriptor->tp_descr_set != nullptr)
            return kNotKnown;
        return callGetter(entry.found, get, object, reinterpret_cast<PyObject*>(type));
    default:
        return kNotKnown;
    }
}

Loaded load(const AttributeEntry& entry, PyObject* object, PyTypeObject* type, PyObject* name) {
    switch (entry.kind) {
    case Attribute::kUnused:
        return kNotKnown;
    case Attribute::kSlot: {
        PyObject* value = *slotAt(object, entry);
        return {value != nullptr, Py_XNewRef(value)};
    }
    case Attribute::kData: {
        const descrgetfunc get = Py_TYPE(entry.found)->tp_descr_get;
        if (get == nullptr || Py_TYPE(entry.found)->tp_descr_set == nullptr)
            return kNotKnown;
        return callGetter(entry.found, get, object, reinterpret_cast<PyObject*>(type));
    }
    case Attribute::kOfClass: {
        const descrgetfunc get = Py_TYPE(entry.found)->tp_descr_get;
        if (get == nullptr || Py_IS_TYPE(entry.found, &PyFunction_Type))
            return {true, Py_NewRef(entry.found)};
        return callGetter(entry.found, get, nullptr, object);
    }
    case Attribute::kOfInstance:
        break;
    case Attribute::kPlain:
    case Attribute::kFunction:
    case Attribute::kNonData:
        // Its class may have made it hide the instance's attribute since.
        if (Py_TYPE(entry.found)->tp_descr_set != nullptr)
            return kNotKnown;
        break;
    }
    const OwnAttribute own = host::ownAttribute(entry, object, type, name);
    if (own.state == OwnAttribute::kValue)
        return {true, Py_NewRef(own.value)};
    return own.state == OwnAttribute::kNone ? bind(entry, object, type) : kNotKnown;
}

// A function that is to be called with `second` first; null if that is not how it is.
struct Method {
    PyObject* function; // borrowed
    PyObject* self;     // borrowed
};
Method methodOf(const AttributeEntry& entry, PyObject* object, PyTypeObject* type, PyObject* name) {
    const bool isClassMethod = entry.found != nullptr &&
                               Py_IS_TYPE(entry.found, &PyClassMethod_Type) &&
                               host::wrapped(entry.found) != nullptr &&
                               Py_IS_TYPE(host::wrapped(entry.found), &PyFunction_Type);
    if (entry.kind == Attribute::kOfClass)
        return isClassMethod ? Method{host::wrapped(entry.found), object} : Method{};
    if (entry.kind != Attribute::kFunction && !(entry.kind == Attribute::kNonData && isClassMethod))
        return {};
    if (host::ownAttribute(entry, object, type, name).state != OwnAttribute::kNone)
        return {};
    if (isClassMethod)
        return {host::wrapped(entry.found), reinterpret_cast<PyObject*>(type)};
    return {entry.found, object};
}

bool storeTo(const AttributeEntry& entry, PyObject* value, PyObject* object, PyTypeObject* type,
             PyObject* name, int64_t* status) {
    const descrsetfunc set = entry.found != nullptr ? Py_TYPE(entry.found)->tp_descr_set : nullptr;
    if (entry.kind == Attribute::kSlot) {
        PyObject* old = std::exchange(*slotAt(object, entry), Py_NewRef(value));
        Py_XDECREF(old);
        *status = 0;
        return true;
    }
    if (entry.kind == Attribute::kData) {
        if (set == nullptr)
            return false;
        Ref keep = Ref::borrow(entry.found);
        *status = set(entry.found, object, value);
        return true;
    }
    if (entry.kind != Attribute::kOfInstance || set != nullptr || !host::hasManagedDict(type))
        return false;
    if (*_PyObject_ValuesPointer(object) != nullptr && entry.place != host::Place::kShared)
        return false;
    *status = StoreInstanceValue(entry.index, value, object, name);
    return true;
}

} // namespace

// Keys are strings, and so is the name: nothing can fail or run code.
int64_t HidesAttribute(int64_t sharedKeys, PyObject* object, PyObject* name) {
    const PyDictKeysObject* shared = host::sharedKeys(Py_TYPE(object));
    if (*_PyObject_ValuesPointer(object) != nullptr)
        return shared->dk_nentries != sharedKeys;
    auto* dict = reinterpret_cast<PyDictObject*>(*_PyObject_ManagedDictPointer(object));
    if (dict == nullptr)
        return false;
    if (dict->ma_values != nullptr)
        return dict->ma_keys != shared || shared->dk_nentries != sharedKeys;
    return !DK_IS_UNICODE(dict->ma_keys) ||
           _PyDict_Contains_KnownHash(reinterpret_cast<PyObject*>(dict), name,
                                      host::hashOf(name)) != 0;
}

PyObject* LoadAttrCached(int64_t site, PyObject* object, PyObject* name) {
    AttributeCache* cache = cacheAt(site);
    PyTypeObject* type = Py_TYPE(object);
    if (const AttributeEntry* entry = cache->find(object, type)) {
        const Loaded loaded = load(*entry, object, type, name);
        if (loaded.known)
            return loaded.value;
    }
    PyObject* result = PyObject_GetAttr(object, name);
    if (result != nullptr && cache->mayLearn()) {
        host::learnLoad(cache, object, name);
        noteShape(site, object, name, host::attributeLoad);
    }
    return result;
}

PyObject* LoadMethodCached(int64_t site, PyObject* object, PyObject* name) {
    AttributeCache* cache = cacheAt(site);
    PyTypeObject* type = Py_TYPE(object);
    if (const AttributeEntry* entry = cache->find(object, type)) {
        if (const Method method = methodOf(*entry, object, type, name);
            method.function != nullptr) {
            keepSecond(Py_NewRef(method.self));
            return Py_NewRef(method.function);
        }
        const Loaded loaded = load(*entry, object, type, name);
        if (loaded.known && loaded.value == nullptr)
            return errorSentinel();
        if (loaded.known) {
            keepSecond(loaded.value);
            return nullptr;
        }
    }
    PyObject* result = LoadMethodFunction(object, name);
    if (result != errorSentinel() && cache->mayLearn()) {
        noteShape(site, object, name, host::attributeLoad);
        host::learnLoad(cache, object, name);
    }
    return result;
}

int64_t StoreAttrCached(int64_t site, PyObject* value, PyObject* object, PyObject* name) {
    AttributeCache* cache = cacheAt(site);
    PyTypeObject* type = Py_TYPE(object);
    int64_t status;
    if (const AttributeEntry* entry = cache->find(object, type);
        entry != nullptr && storeTo(*entry, value, object, type, name, &status))
        return status;
    if (PyObject_SetAttr(object, name, value) < 0)
        return -1;
    if (type == Py_TYPE(object) && cache->mayLearn()) {
        host::learnStore(cache, object, name);
        noteShape(site, object, name, host::attributeStore);
    }
    return 0;
}

} // namespace pyston::rt
