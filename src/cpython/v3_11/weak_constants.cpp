#include "cpython/v3_11/weak_constants.h"

#include "cpython/api.h"

#include "pycore_gc.h"

#include <array>
#include <cstddef>
#include <cstdint>
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

// The tp_free of metaclasses whose classes have been named.
void freeUnlessNamed(void* memory) {
    auto* type = static_cast<PyTypeObject*>(memory);
    const auto name = names.find(static_cast<PyObject*>(memory));
    if (name == names.end())
        return PyObject_GC_Del(memory);
    name->second.isDead = true;
    Py_SET_REFCNT(type, kDeadReferences);
    Py_SET_TYPE(type, &PyType_Type);
    type->tp_version_tag = 0;
    type->tp_flags = 0;
}

// type_dealloc() in typeobject.c, which ends by calling the metaclass's tp_free. (That stays ours:
// other classes may die meanwhile, in other threads, too.)
void deallocType(PyObject* self) {
    if (isNamed(self) && Py_TYPE(self)->tp_free == PyObject_GC_Del)
        Py_TYPE(self)->tp_free = freeUnlessNamed;
    originalTypeDealloc(self);
}

destructor originalModuleDealloc = nullptr;

// The tp_free of modules while one that is named dies. (Not for good: the interpreter compares it
// when a module is given another class.)
void freeModuleUnlessNamed(void* memory) {
    const auto name = names.find(static_cast<PyObject*>(memory));
    if (name == names.end())
        return PyObject_GC_Del(memory);
    name->second.isDead = true;
    Py_SET_REFCNT(static_cast<PyObject*>(memory), kDeadReferences);
}

void deallocModule(PyObject* self) {
    if (!isNamed(self) || !PyModule_CheckExact(self))
        return originalModuleDealloc(self);
    freefunc usual = std::exchange(PyModule_Type.tp_free, freeModuleUnlessNamed);
    originalModuleDealloc(self);
    PyModule_Type.tp_free = usual;
}

// Whether it is freed by way of PyType_Type's tp_dealloc: metaclasses made in C have copies of
// that.
bool isPlainClass(PyTypeObject* type) {
    PyTypeObject* metaclass = Py_TYPE(type);
    const bool isFreedByUs =
        metaclass->tp_free == PyObject_GC_Del || metaclass->tp_free == freeUnlessNamed;
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) || !isFreedByUs)
        return false;
    while (PyType_HasFeature(metaclass, Py_TPFLAGS_HEAPTYPE))
        metaclass = metaclass->tp_base;
    return metaclass == &PyType_Type;
}

void takeModuleDealloc() {
    if (originalModuleDealloc == nullptr)
        originalModuleDealloc = std::exchange(PyModule_Type.tp_dealloc, deallocModule);
}

void takeTypeDealloc() {
    if (originalTypeDealloc != nullptr)
        return;
    originalTypeDealloc = PyType_Type.tp_dealloc;
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
    return PyFunction_Check(object) || PyModule_CheckExact(object) ||
           (PyType_Check(object) && isPlainClass(reinterpret_cast<PyTypeObject*>(object)));
}

void nameWeakly(Object* object) {
    if (PyType_Check(object))
        takeTypeDealloc();
    if (PyModule_Check(object))
        takeModuleDealloc();
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

// func_dealloc() in funcobject.c, in its order, but for the memory. The last code that names it may
// go meanwhile, so it has a name more.
void retireFunction(PyFunctionObject* function) {
    auto* self = reinterpret_cast<PyObject*>(function);
    nameWeakly(self);
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
    for (PyObject* object : held)
        Py_XDECREF(object);
    forgetName(self);
}

} // namespace pyston::host
