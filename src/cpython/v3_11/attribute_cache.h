// What a site remembers of attribute lookups: by class, what the class has of the name. A class's
// version is never reused, and changes with everything in the class and its bases that a lookup
// depends on. What an instance has of the name is looked up where the last one had it, else by
// hash.
#pragma once

#include "cpython/v3_11/attribute_lookup.h"
#include "hir/hir.h"

#include <iterator>

namespace pyston::host {

enum class Attribute : uint8_t {
    kUnused,
    kOfInstance, // the class has nothing of that name
    kSlot,       // a __slots__ member, `index` bytes from the object's start
    kPlain,      // no descriptor; as the next two, hidden by an instance attribute
    kFunction,   // binds to the instance (Py_TPFLAGS_METHOD_DESCRIPTOR)
    kNonData,    // another descriptor without __set__
    kData,       // a descriptor with __get__ and __set__
    kOfClass,    // the object is a class that has the attribute, and its metaclass has none
};

// Where an instance had the attribute.
enum class Place : uint8_t {
    kUnknown,
    kShared,   // at `index` of the values
    kNotThere, // it is not among the first `index` shared keys, which were all
    kDict,     // entry `index` of its own dict
};

struct AttributeEntry {
    uint32_t version;     // of the object's class; kOfClass: of the object
    uint32_t metaVersion; // kOfClass: of the object's class; else 0
    PyObject* found;      // in the class; borrowed: alive as long as the version is current
    Attribute kind;
    Place place;
    uint16_t index;
};

// The content of a hir::SiteCache. Entries are replaced in turn.
struct AttributeCache {
    AttributeEntry entries[4];
    uint32_t lessons; // bounded: a site where learning does not help is left to the generic lookup

    static constexpr uint32_t kMostLessons = 64;

    // The entry for the versions, if there is one and they are versions.
    const AttributeEntry* at(uint32_t version, uint32_t metaVersion) const {
        for (const AttributeEntry& entry : entries)
            if (entry.version == version && entry.metaVersion == metaVersion)
                return version != 0 ? &entry : nullptr;
        return nullptr;
    }
    const AttributeEntry* find(PyObject* object, PyTypeObject* type) const {
        if (const AttributeEntry* entry = at(type->tp_version_tag, 0)) [[likely]]
            return entry;
        if (!PyType_FastSubclass(type, Py_TPFLAGS_TYPE_SUBCLASS) || type->tp_version_tag == 0)
            return nullptr;
        return at(reinterpret_cast<PyTypeObject*>(object)->tp_version_tag, type->tp_version_tag);
    }
    bool mayLearn() const { return lessons < kMostLessons; }
    void add(const AttributeEntry& entry);
};
static_assert(sizeof(AttributeCache) <= hir::kCacheBytes);

// Each of these is called after a generic lookup that did not raise, and counts as a lesson.
void learnLoad(AttributeCache* cache, PyObject* object, PyObject* name);
void learnStore(AttributeCache* cache, PyObject* object, PyObject* name);

// What an instance itself has of a name.
struct OwnAttribute {
    enum { kValue, kNone, kUnknown } state;
    PyObject* value; // borrowed
};
OwnAttribute ownAttribute(const AttributeEntry& entry, PyObject* object, PyTypeObject* type,
                          PyObject* name);

} // namespace pyston::host
