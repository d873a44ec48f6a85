// co_code is cached before code is patched (osr.cpp, entry_patch.cpp). Two views read the
// instructions themselves: comparison, and `_co_code_adaptive` (dis with adaptive=True). Both stop
// the watching first.
#include "cpython/v3_11/code_views.h"

#include "cpython/v3_11/osr.h"

#include <cstring>

namespace pyston::host {
namespace {

richcmpfunc originalCompare = nullptr;
getter originalAdaptive = nullptr;

HostCode* dataOf(PyObject* object) {
    return PyCode_Check(object) ? findHostCode(reinterpret_cast<PyCodeObject*>(object)) : nullptr;
}

void showOriginal(PyObject* object) {
    if (HostCode* data = dataOf(object))
        unwatchLoops(data);
}

PyObject* compare(PyObject* left, PyObject* right, int operation) {
    showOriginal(left);
    showOriginal(right);
    const OriginalEntry ofLeft(dataOf(left)), ofRight(left == right ? nullptr : dataOf(right));
    return originalCompare(left, right, operation);
}

PyObject* adaptive(PyObject* code, void* closure) {
    showOriginal(code);
    const OriginalEntry original(dataOf(code));
    return originalAdaptive(code, closure);
}

} // namespace

void hidePatches() {
    if (originalCompare != nullptr)
        return;
    originalCompare = PyCode_Type.tp_richcompare;
    PyCode_Type.tp_richcompare = compare;
    // The descriptor that the class has refers to this row.
    for (PyGetSetDef* row = PyCode_Type.tp_getset; row != nullptr && row->name != nullptr; ++row) {
        if (std::strcmp(row->name, "_co_code_adaptive") == 0) {
            originalAdaptive = row->get;
            row->get = adaptive;
        }
    }
}

} // namespace pyston::host
