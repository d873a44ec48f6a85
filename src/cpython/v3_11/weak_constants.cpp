#include "cpython/v3_11/weak_constants.h"

#include "cpython/api.h"

#include "pycore_gc.h"

#include <unordered_map>
#include <utility>

namespace pyston::host {
namespace {

// More than anybody takes or gives back.
constexpr Py_ssize_t kDeadReferences = PY_SSIZE_T_MAX / 2;

struct Name {
    size_t uses = 0; // compiled versions
    bool isDead = false;
};
std::unordered_map<const PyObject*, Name> names;

// Most functions that die are not named, which has to be found out quickly: names by address.
std::array<uint16_t, 4096> namesNear;

uint16_t& near(const PyObject* object) {
    return namesNear[reinterpret_cast<uintptr_t>(object) / 16 % namesNear.size()];
}

destructor originalTypeDealloc = nullptr;
freefunc originalTypeFree = nullptr;

// Instead of freeing a class.
void freeUnlessNamed(void* memory) {
    auto* type = static_cast<PyTypeObject*>(memory);
    const auto name = names.find(static_cast<PyObject*>(memory));
    if (name == names.end())
        return originalTypeFree(memory);
    name->second.isDead = true;
    Py_SET_REFCNT(type, kDeadReferences);
    Py_SET_TYPE(type, &PyType_Type);
    type->tp_version_tag = 0;
    type->tp_flags = 0;
}

// type_dealloc() in typeobject.c, which ends by calling the metaclass's tp_free.
void deallocType(PyObject* self) {
    PyTypeObject* metaclass = Py_TYPE(self);
    if (!isNamed(self) || metaclass->tp_free != originalTypeFree)
        return originalTypeDealloc(self);
    metaclass->tp_free = freeUnlessNamed;
    originalTypeDealloc(self);
    metaclass->tp_free = originalTypeFree;
}

// Whether it is freed by way of PyType_Type's tp_dealloc: metaclasses made in C have copies of
// that.
bool isPlainClass(PyTypeObject* type) {
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ||
        Py_TYPE(type)->tp_free != PyType_Type.tp_free)
        return false;
    PyTypeObject* metaclass = Py_TYPE(type);
    while (PyType_HasFeature(metaclass, Py_TPFLAGS_HEAPTYPE))
        metaclass = metaclass->tp_base;
    return metaclass == &PyType_Type;
}

void takeTypeDealloc() {
    if (originalTypeDealloc != nullptr)
        return;
    originalTypeDealloc = PyType_Type.tp_dealloc;
    originalTypeFree = PyType_Type.tp_free;
    PyType_Type.tp_dealloc = deallocType;
}

} // namespace

bool isNamed(const PyObject* object) {
    return near(object) != 0 && names.contains(object);
}

bool anyNamed() {
    return !names.empty();
}

bool isHeldWeakly(Object* object) {
    return PyFunction_Check(object) ||
           (PyType_Check(object) && isPlainClass(reinterpret_cast<PyTypeObject*>(object)));
}

void nameWeakly(Object* object) {
    if (PyType_Check(object))
        takeTypeDealloc();
    if (++names[object].uses == 1)
        ++near(object);
}

void forgetName(Object* object) {
    const auto name = names.find(object);
    if (--name->second.uses > 0)
        return;
    const bool isDead = name->second.isDead;
    names.erase(name);
    --near(object);
    if (isDead)
        PyObject_GC_Del(object);
}

// func_dealloc() in funcobject.c, in its order, but for the memory.
void retireFunction(PyFunctionObject* function) {
    auto* self = reinterpret_cast<PyObject*>(function);
    _PyObject_GC_UNTRACK(self);
    if (function->func_weakreflist != nullptr)
        PyObject_ClearWeakRefs(self);
    Py_SET_REFCNT(self, kDeadReferences);
    PyObject* held[] = {std::exchange(function->func_globals, nullptr),
                        std::exchange(function->func_builtins, nullptr),
                        std::exchange(function->func_module, nullptr),
                        std::exchange(function->func_defaults, nullptr),
                        std::exchange(function->func_kwdefaults, nullptr),
                        std::exchange(function->func_doc, nullptr),
                        std::exchange(function->func_dict, nullptr),
                        std::exchange(function->func_closure, nullptr),
                        std::exchange(function->func_annotations, nullptr),
                        std::exchange(function->func_code, nullptr),
                        std::exchange(function->func_name, nullptr),
                        std::exchange(function->func_qualname, nullptr)};
    function->func_version = 0;
    names.at(self).isDead = true;
    for (PyObject* object : held) // the last name may go with the code
        Py_XDECREF(object);
}

} // namespace pyston::host
