#include "cpython/v3_11/live_types.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pyston::host {
namespace {

bool hasVersion(PyTypeObject* type, uint32_t version) {
    return PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG) && type->tp_version_tag == version;
}

// The classes by version, as weak references (the ones that their bases hold anyway). Versions only
// ever grow, and none is given twice: one that was given before the last walk and is not here, or
// whose class has gone or has another by now, does not stand any more.
class TypesByVersion {
  public:
    PyTypeObject* find(uint32_t version) {
        if (version > highest_)
            walk();
        auto found = types_.find(version);
        if (found == types_.end())
            return nullptr;
        PyObject* object = PyWeakref_GET_OBJECT(found->second);
        auto* type = reinterpret_cast<PyTypeObject*>(object);
        return object != Py_None && hasVersion(type, version) ? type : nullptr;
    }

  private:
    // All classes, from `object` down. Runs no Python code.
    void walk() {
        for (auto& [version, reference] : types_)
            Py_DECREF(reference);
        types_.clear();
        std::unordered_set<PyTypeObject*> seen;
        std::vector<PyTypeObject*> pending{&PyBaseObject_Type};
        while (!pending.empty()) {
            PyTypeObject* base = pending.back();
            pending.pop_back();
            if (base->tp_subclasses == nullptr)
                continue;
            PyObject *key, *reference;
            for (Py_ssize_t i = 0; PyDict_Next(base->tp_subclasses, &i, &key, &reference);) {
                PyObject* object = PyWeakref_GET_OBJECT(reference);
                auto* type = reinterpret_cast<PyTypeObject*>(object);
                if (object == Py_None || !seen.insert(type).second)
                    continue;
                pending.push_back(type);
                if (!PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG))
                    continue;
                if (types_.emplace(type->tp_version_tag, reference).second)
                    Py_INCREF(reference);
                highest_ = std::max(highest_, static_cast<uint32_t>(type->tp_version_tag));
            }
        }
    }

    std::unordered_map<uint32_t, PyObject*> types_;
    uint32_t highest_ = 0;
};

} // namespace

PyTypeObject* liveType(uint32_t version) {
    static TypesByVersion types;
    return version != 0 ? types.find(version) : nullptr;
}

bool isLiveTypeVersion(uint32_t version) {
    return liveType(version) != nullptr;
}

} // namespace pyston::host
