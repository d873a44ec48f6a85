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

// Its memory is given back by the usual function, so that we may do it later.
bool isFreedPlainly(PyObject* object) {
    return Py_TYPE(object)->tp_free == PyObject_GC_Del;
}

// The last that the interpreter does for a dying object. (The last code that named it may have gone
// meanwhile.)
void freeUnlessNamed(void* memory) {
    auto* self = static_cast<PyObject*>(memory);
    PyTypeObject* usual = Py_TYPE(self)->tp_base;
    Py_SET_TYPE(self, usual);
    const auto name = names.find(self);
    if (name == names.end())
        return PyObject_GC_Del(self);
    name->second.isDead = true;
    Py_SET_REFCNT(self, kDeadReferences);
    if (usual == &PyType_Type) {
        auto* type = reinterpret_cast<PyTypeObject*>(self);
        type->tp_version_tag = 0;
        type->tp_flags = 0;
    }
}

// How instances of one of the interpreter's classes (or of its subclasses: a module may have been
// given one since it was named) die that are named.
//
// A deallocation ends by calling the tp_free of the object's class. It is the dying object that
// gets another class for that, since other objects of its class are given classes, which compares
// tp_free, and die, meanwhile, in other threads, too. Nobody can see it any more: nothing refers to
// it. In all else its class is a copy of the usual one.
template<PyTypeObject& kType> struct Dying {
    static inline PyTypeObject type;
    static inline destructor original = nullptr;

    static void dealloc(PyObject* self) {
        if (isNamed(self) && isFreedPlainly(self))
            Py_SET_TYPE(self, &type);
        original(self);
    }

    static void takeDealloc() {
        if (original != nullptr)
            return;
        type = kType;
        type.tp_base = &kType;
        type.tp_free = freeUnlessNamed;
        original = std::exchange(kType.tp_dealloc, dealloc);
    }
};

// Not of subclasses.
bool isDescriptor(PyObject* object) {
    return (Py_IS_TYPE(object, &PyProperty_Type) || Py_IS_TYPE(object, &PyStaticMethod_Type) ||
            Py_IS_TYPE(object, &PyClassMethod_Type)) &&
           isFreedPlainly(object);
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
    return PyFunction_Check(object) || PyModule_CheckExact(object) || isDescriptor(object) ||
           (PyType_Check(object) && isPlainClass(reinterpret_cast<PyTypeObject*>(object)));
}

void nameWeakly(Object* object) {
    if (PyType_Check(object))
        Dying<PyType_Type>::takeDealloc();
    if (PyModule_Check(object))
        Dying<PyModule_Type>::takeDealloc();
    if (isDescriptor(object)) {
        Dying<PyProperty_Type>::takeDealloc();
        Dying<PyStaticMethod_Type>::takeDealloc();
        Dying<PyClassMethod_Type>::takeDealloc();
    }
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
