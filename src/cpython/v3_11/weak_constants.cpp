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

// The classes of a class and a module while they die, when they have been named. The interpreter
// ends a deallocation by calling the tp_free of the object's class. It is the dying object that
// gets another class, since other objects of its class are given classes, and die, meanwhile, in
// other threads, too; nobody can see it any more: nothing refers to it, and its weak references are
// cleared by then, or while nothing has run yet. (In all else, they are the classes that they are
// copies of.)
PyTypeObject dyingClass;
PyTypeObject dyingModule;

destructor originalTypeDealloc = nullptr;
destructor originalModuleDealloc = nullptr;

// The tp_free of dyingClass and dyingModule. (The last code that named it may have gone meanwhile.)
void freeUnlessNamed(void* memory) {
    auto* self = static_cast<PyObject*>(memory);
    const bool isClass = Py_IS_TYPE(self, &dyingClass);
    Py_SET_TYPE(self, isClass ? &PyType_Type : &PyModule_Type);
    const auto name = names.find(self);
    if (name == names.end())
        return PyObject_GC_Del(self);
    name->second.isDead = true;
    Py_SET_REFCNT(self, kDeadReferences);
    if (isClass) {
        auto* type = reinterpret_cast<PyTypeObject*>(self);
        type->tp_version_tag = 0;
        type->tp_flags = 0;
    }
}

// Its memory is given back by the usual function, so that we may do it later.
bool isFreedPlainly(PyObject* object) {
    return Py_TYPE(object)->tp_free == PyObject_GC_Del;
}

void deallocType(PyObject* self) {
    if (isNamed(self) && isFreedPlainly(self))
        Py_SET_TYPE(self, &dyingClass);
    originalTypeDealloc(self);
}

// (Of a subclass too: a module may have been given another class since it was named.)
void deallocModule(PyObject* self) {
    if (isNamed(self) && isFreedPlainly(self))
        Py_SET_TYPE(self, &dyingModule);
    originalModuleDealloc(self);
}

// A copy of a class of the interpreter's, which now deallocates by `ours`.
destructor takeDealloc(PyTypeObject& type, destructor ours, PyTypeObject& dying) {
    dying = type;
    dying.tp_base = &type;
    dying.tp_free = freeUnlessNamed;
    return std::exchange(type.tp_dealloc, ours);
}

// Whether it is freed by way of PyType_Type's tp_dealloc: metaclasses made in C have copies of
// that.
bool isPlainClass(PyTypeObject* type) {
    PyTypeObject* metaclass = Py_TYPE(type);
    if (!PyType_HasFeature(type, Py_TPFLAGS_HEAPTYPE) ||
        !isFreedPlainly(reinterpret_cast<PyObject*>(type)))
        return false;
    while (PyType_HasFeature(metaclass, Py_TPFLAGS_HEAPTYPE))
        metaclass = metaclass->tp_base;
    return metaclass == &PyType_Type;
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
    if (PyType_Check(object) && originalTypeDealloc == nullptr)
        originalTypeDealloc = takeDealloc(PyType_Type, deallocType, dyingClass);
    if (PyModule_Check(object) && originalModuleDealloc == nullptr)
        originalModuleDealloc = takeDealloc(PyModule_Type, deallocModule, dyingModule);
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
